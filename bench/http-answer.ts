// Reads one HTTP/1.1 answer out of bytes, as far as a benchmark needs it: status and body, by length or in chunks.

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** @returns undefined while something of it is missing */
export function readAnswer(bytes: Buffer): HttpAnswer | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const rest = bytes.subarray(end + HEAD_END.length);
  if (/\r\ntransfer-encoding: chunked/i.test(head)) {
    const body = rest.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) ? unchunk(rest) : undefined;
    return body === undefined ? undefined : { status, body };
  }
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : { status, body: rest.toString('utf8', 0, length) };
}

function unchunk(bytes: Buffer): string | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (length === 0) return Buffer.concat(pieces).toString('utf8');
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  return undefined;
}
