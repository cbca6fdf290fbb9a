// Frames of a WebSocket: what is sent can be read by whoever knows RFC 6455, what is received may come in any pieces.
import fc from 'fast-check';
import t from 'tap';
import { encodeFrame, frameReader, OPCODE } from '../../src/cluster/websocket.ts';

/** As a server writes it: not masked. */
function served(opcode: number, payload: Buffer, final = true): Buffer {
  const { length } = payload;
  const head = [(final ? 0x80 : 0) | opcode];
  if (length < 126) head.push(length);
  else if (length < 65_536) head.push(126, length >> 8, length & 0xff);
  else head.push(127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
  return Buffer.concat([Buffer.from(head), payload]);
}

t.test('what is sent is masked, whole, and of the length that it says', async (t) => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const payload = Buffer.alloc(length, 'abc');
    const frame = encodeFrame(OPCODE.binary, payload);
    t.equal(frame[0], 0x82);
    const short = (frame[1] ?? 0) & 0x7f;
    t.equal((frame[1] ?? 0) & 0x80, 0x80, 'masked');
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    const said = short === 126 ? frame.readUInt16BE(2) : short === 127 ? Number(frame.readBigUInt64BE(2)) : short;
    t.equal(said, length);
    const mask = frame.subarray(start, start + 4);
    const bytes = frame.subarray(start + 4).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
    t.ok(payload.equals(Buffer.from(bytes)), `${length} bytes`);
  }
});

t.test('for every way of cutting what arrives, the same frames are read', async () => {
  const frame = fc.record({
    opcode: fc.constantFrom(...Object.values(OPCODE)),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(125, 126, 65_535, 65_536).map((n) => Buffer.alloc(n)),
    ),
    final: fc.boolean(),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 4 }), cuts, (frames, sizes) => {
      const bytes = Buffer.concat(frames.map((one) => served(one.opcode, Buffer.from(one.payload), one.final)));
      const read = frameReader();
      const got: object[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        for (const { opcode, payload, final } of read(bytes.subarray(at, at + size))) {
          got.push({ opcode, payload: payload.toString('hex'), final });
        }
        at += size;
      }
      const wanted = frames.map(({ opcode, payload, final }) => ({
        ...{ opcode, final },
        payload: Buffer.from(payload).toString('hex'),
      }));
      return JSON.stringify(got.map(sorted)) === JSON.stringify(wanted.map(sorted));
    }),
    { numRuns: 60 },
  );
});

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

t.test('what no server may send is refused', async (t) => {
  const masked = encodeFrame(OPCODE.binary, Buffer.from('x'));
  t.throws(() => frameReader()(masked), { message: 'a masked frame from a server' });
  const endless = Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]);
  t.throws(() => frameReader()(endless), { message: 'a frame that is too long' });
});
