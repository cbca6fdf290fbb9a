// One kept-alive TLS connection of the load, with one request under way at a time. It does as little as it can: what is
// sent was made before, and of an answer that is as long as the one that was verified, only the status is looked at.
import { connect, type TLSSocket } from 'node:tls';
import { type Expected, problemOf } from './answers.ts';
import { type HttpAnswer, readAnswer } from './http-answer.ts';
import type { Post } from './posts.ts';

export interface Target {
  readonly port: number;
  readonly servername?: string;
  /** PEM; without a CA the server's certificate is not checked. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A request, and the length of the right answer once it is known. */
export interface Prepared {
  readonly bytes: Buffer;
  readonly expected: Expected;
  length: number;
}

export function prepare({ text, expected }: Post): Prepared {
  return { bytes: Buffer.from(text), expected, length: 0 };
}

export interface Line {
  /** Calls back with what was wrong with the answer, undefined if nothing was. */
  send(request: Prepared, done: (problem: string | undefined) => void): void;
  /** The same, and every member of the answer that matters is compared with what is expected. */
  verify(request: Prepared): Promise<void>;
  /** A server may close one that is idle. */
  isOpen(): boolean;
  close(): void;
}

export async function openLine(target: Target): Promise<Line> {
  const socket = await open(target);
  let request: Prepared | undefined;
  let pieces: Buffer | undefined;
  let done: ((problem: string | undefined, answer?: HttpAnswer) => void) | undefined;

  function finish(problem: string | undefined, answer?: HttpAnswer): void {
    const call = done;
    request = undefined;
    pieces = undefined;
    done = undefined;
    call?.(problem, answer);
  }

  socket.on('data', (chunk: Buffer) => {
    if (request === undefined) return;
    if (pieces === undefined && chunk.length === request.length) return finish(statusProblem(request.expected, chunk));
    pieces = pieces === undefined ? chunk : Buffer.concat([pieces, chunk]);
    const answer = readAnswer(pieces);
    if (answer === undefined) return;
    finish(oddProblem(request, answer, pieces.length), answer);
  });
  socket.on('error', (error) => finish(`the connection failed: ${error.message}`));
  socket.on('close', () => finish('the connection was closed'));

  function start(next: Prepared, callback: (problem: string | undefined, answer?: HttpAnswer) => void): void {
    request = next;
    done = callback;
    // It would never call back.
    if (socket.destroyed) return void setImmediate(finish, 'the connection is gone');
    socket.write(next.bytes);
  }

  return {
    send: start,
    verify: (next) =>
      new Promise((resolve, reject) => {
        next.length = 0;
        start(next, (problem, answer) => {
          const wrong = answer === undefined ? problem : problemOf(next.expected, answer.status, answer.body);
          if (wrong === undefined) resolve();
          else reject(new Error(wrong));
        });
      }),
    isOpen: () => socket.readable,
    close: () => void socket.destroy(),
  };
}

function open({ port, servername, ca, cert, key }: Target): Promise<TLSSocket> {
  const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
  const own = cert === undefined || key === undefined ? {} : { cert, key };
  const name = servername === undefined ? {} : { servername };
  const socket = connect({ host: '127.0.0.1', port, ...name, ...trust, ...own });
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

const STATUS = { review: '200', blind: '200', pod: '201' } as const;

function statusProblem({ kind }: Expected, bytes: Buffer): string | undefined {
  const status = bytes.toString('latin1', 9, 12);
  return status === STATUS[kind] ? undefined : `status ${status}`;
}

/** An answer of another length, or in several pieces. What the API server answers for a Pod is not always of one length. */
function oddProblem(request: Prepared, { status }: HttpAnswer, length: number): string | undefined {
  const { kind } = request.expected;
  if (String(status) !== STATUS[kind]) return `status ${status}`;
  if (request.length === 0) request.length = length;
  return length === request.length || kind === 'pod' ? undefined : `${length} bytes instead of ${request.length}`;
}
