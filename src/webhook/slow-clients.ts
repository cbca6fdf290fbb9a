// Time-outs against clients that hold a connection and send nothing, or too slowly. The surprising rule: a connection that
// has sent nothing at all after its handshake is not slow but idle. The API server dials one for every request and may then
// send it over another that has become free; cut just when the next request goes out over it, that request is lost.
import type { Socket } from 'node:net';
import type { RejectReason } from '../core/reason.ts';

/** Longer than the 90 s after which the API server closes an idle connection: it never sends a POST again that was cut off. */
const IDLE_MS = 180_000;

/** Options of the HTTPS server, in milliseconds. The API server sends a request at once, and waits for 10 s by default. */
export const TIME_OUTS = {
  handshakeTimeout: 10_000,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: IDLE_MS,
  /** How often the two of them in the middle are looked after. */
  connectionsCheckingInterval: 1_000,
} as const;

/** The client went away in the middle of a request: nobody waits for an answer, and nothing is wrong with it. */
const GONE = 'HPE_INVALID_EOF_STATE';

/** What Node says of a request that does not arrive in time. */
export const TOO_SLOW = Object.assign(new Error('the request did not arrive in time'), {
  code: 'ERR_HTTP_REQUEST_TIMEOUT',
});

type Fault = Extract<RejectReason, 'too-slow' | 'malformed'>;

/** By the start of the error's code. Everything else, such as a failed handshake, is no request. */
const FAULTS: readonly (readonly [code: string, fault: Fault, answer?: string])[] = [
  [TOO_SLOW.code, 'too-slow', '408 Request Timeout'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'too-slow'],
  ['HPE_', 'malformed', '400 Bad Request'],
];

/** For `clientError`: what is not HTTP, or takes too long. Ends the connection, unless it is merely idle. */
export function endClient(
  { code = '' }: Error & { readonly code?: string },
  socket: Socket,
  count: (fault: Fault) => void,
): void {
  const [known = '', fault, answer] = FAULTS.find(([start]) => code !== GONE && code.startsWith(start)) ?? [];
  if (known === TOO_SLOW.code && socket.bytesRead === 0) {
    socket.setTimeout(IDLE_MS);
    return;
  }
  if (fault !== undefined) count(fault);
  if (answer !== undefined && socket.writable) {
    socket.write(`HTTP/1.1 ${answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
  // Not in good order: whoever does not read would hold it open.
  socket.destroy();
}
