// The frames of a WebSocket (RFC 6455), as far as a client of the API server needs them: what it sends is masked and whole, what it
// receives may come in pieces of any size. Pure; what travels in the frames is for others to know.
import { randomBytes } from 'node:crypto';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Frame {
  readonly opcode: number;
  /** The last of its message. */
  readonly final: boolean;
  readonly payload: Buffer;
}

const FINAL = 0x80;
const MASKED = 0x80;
/** No frame of what is read here is that long; one that says so is no frame. */
const MAX_BYTES = 64 * 1024 * 1024;

export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const short = length < 126 ? length : length < 65_536 ? 126 : 127;
  const extended = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (short === 126) extended.writeUInt16BE(length);
  if (short === 127) extended.writeBigUInt64BE(BigInt(length));
  const mask = randomBytes(4);
  const masked = Buffer.from(payload);
  for (let i = 0; i < length; i++) masked[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([Buffer.from([FINAL | opcode, MASKED | short]), extended, mask, masked]);
}

/** @returns a function that takes what arrives and gives the frames that are whole by then @throws Error if it is none */
export function frameReader(): (chunk: Buffer) => readonly Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (let head = readHead(rest); head !== undefined && rest.length >= head.end; head = readHead(rest)) {
      frames.push({ ...head, payload: rest.subarray(head.start, head.end) });
      rest = rest.subarray(head.end);
    }
    return frames;
  };
}

function readHead(bytes: Buffer) {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if ((second & MASKED) !== 0) throw new Error('a masked frame from a server');
  const short = second & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (length > MAX_BYTES) throw new Error('a frame that is too long');
  return { opcode: first & 0x0f, final: (first & FINAL) !== 0, start, end: start + length };
}
