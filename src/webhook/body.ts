// Reads the body of a request, piece by piece, as long as the gate has room for it. What is refused is still drained, since
// the API server goes on using the connection, but nothing of it is kept.
import type { Readable } from 'node:stream';
import type { RejectReason } from '../core/reason.ts';
import type { Ticket } from './gate.ts';

/** An object may have 3 MiB, and an update sends it twice. */
export const BODY_MAX_BYTES = 8 * 1024 * 1024;

export type Body = { readonly pieces: readonly Buffer[] } | { readonly refused: RejectReason };

/** @param done called once, unless the client goes away before: then there is nobody to answer */
export function readBody(stream: Readable, ticket: Pick<Ticket, 'take'>, done: (body: Body) => void): void {
  let pieces: Buffer[] = [];
  let length = 0;
  let refused: RejectReason | undefined;

  function refuse(reason: RejectReason): void {
    refused = reason;
    pieces = [];
    done({ refused: reason });
  }

  stream.on('error', () => {
    pieces = [];
  });
  stream.on('data', (piece: Buffer) => {
    if (refused !== undefined) return;
    length += piece.length;
    if (length > BODY_MAX_BYTES) return refuse('too-large');
    if (!ticket.take(piece.length)) return refuse('overloaded-bytes');
    pieces.push(piece);
  });
  stream.on('end', () => {
    if (refused === undefined) done({ pieces });
    pieces = [];
  });
}
