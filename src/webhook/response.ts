// What goes back to a client, as a value and as the bytes of HTTP/1.1. Node writes the same where it has the connection.
import { STATUS_CODES } from 'node:http';
import type { Writable } from 'node:stream';

export interface Response {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain';
  readonly text: string;
  /** The API server sends a 503 with `Retry-After` again, within the time-out of the request. In seconds. */
  readonly retryAfter?: string;
  /** Whoever sent that should not go on over this connection. */
  readonly closes?: boolean;
}

export const END_OF_HEAD = '\r\n\r\n';

/** @param closes the client is told that the connection ends with it */
export function writeResponse(socket: Writable, response: Response, closes: boolean): void {
  const { text } = response;
  const length = Buffer.byteLength(text);
  // What is all ASCII needs no encoding.
  socket.write(formatHead(response, length, closes) + text, length === text.length ? 'latin1' : 'utf8');
}

function formatHead({ status, type, retryAfter }: Response, length: number, closes: boolean): string {
  const again = retryAfter === undefined ? '' : `\r\nretry-after: ${retryAfter}`;
  const about = `content-type: ${type}\r\ncontent-length: ${length}${again}`;
  const connection = `connection: ${closes ? 'close' : 'keep-alive'}\r\ndate: ${httpDate(Date.now())}`;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${about}\r\n${connection}${END_OF_HEAD}`;
}

let last = { second: 0, text: '' };

/** Made once a second. */
function httpDate(ms: number): string {
  const second = Math.floor(ms / 1_000);
  if (second !== last.second) last = { second, text: new Date(ms).toUTCString() };
  return last.text;
}
