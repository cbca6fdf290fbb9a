// Reads requests by hand. What Node and fastify do for each request, its head, the streams and the answer, costs more than all
// that Pullpass does; and under overload more than a refusal may. So once its first request is answered, a connection is read
// here: a request as an API server sends it is gathered by its length, answered or refused, and never seen by Node. The surprising
// rule: anything else, such as a head in pieces or a request that does not wait for the answer to the one before, gives the
// connection back to Node's parser, untouched and for good.
import type { Socket } from 'node:net';
import type { OverloadReason } from '../core/reason.ts';
import type { Answering } from './answering.ts';
import type { Connections } from './connections.ts';
import type { Gate, Ticket } from './gate.ts';
import { readHead } from './request-head.ts';
import { type Response, writeResponse } from './response.ts';

export interface ByHandOptions {
  readonly answering: Answering;
  readonly gate: Gate;
  readonly connections: Pick<Connections, 'asked' | 'answered'>;
  /** From SIGTERM on: every answer asks the client to close its connection. */
  readonly draining: () => boolean;
  /** A request that has not arrived after `withinMs` milliseconds. Ends its connection. */
  readonly tooSlow: (socket: Socket) => void;
  readonly withinMs: number;
}

type Read = (piece: Buffer) => void;

/**
 * @returns a function that takes a connection over, between two requests, and once at most. Of the next request nothing may
 * have been read yet; that holds as long as the client waits for its answer, and so before it is sent.
 */
export function createByHand(options: ByHandOptions): (socket: Socket) => void {
  const taken = new WeakSet<Socket>();
  return (socket) => {
    // Node's parser gets its bytes from this listener, as soon as there is another one.
    const [parse, other] = socket.listeners('data') as Read[];
    if (taken.has(socket) || parse === undefined || other !== undefined) return;
    taken.add(socket);
    takeOver(socket, parse, options);
  };
}

/** A request of which the head has been read. */
interface Request {
  readonly url: string;
  /** Absent: it is refused, and the rest of it read and forgotten. */
  ticket: Ticket | undefined;
  reason: OverloadReason | undefined;
  pieces: Buffer[];
  /** Bytes of the body that have not come yet. */
  left: number;
  late?: NodeJS.Timeout;
}

function takeOver(socket: Socket, parse: Read, options: ByHandOptions): void {
  const { answering, gate, connections, draining } = options;
  let request: Request | undefined;
  /** What came before the answer was there. */
  let early: Buffer | undefined;

  function read(piece: Buffer): void {
    if (request === undefined) begin(piece);
    else if (request.left > 0) take(request, piece);
    else {
      early = early === undefined ? piece : Buffer.concat([early, piece]);
      socket.pause();
    }
  }

  function begin(piece: Buffer): void {
    // A client that does not read its answers is slowed down by Node.
    const head = draining() || socket.writableNeedDrain ? undefined : readHead(piece);
    if (head === undefined || piece.length > head.length + head.bodyLength) {
      giveBack(piece);
      return;
    }
    const entered = gate.enter(head.bodyLength);
    const [ticket, reason] = typeof entered === 'string' ? [undefined, entered] : [entered, undefined];
    request = { url: head.url, ticket, reason, pieces: [], left: head.bodyLength };
    connections.asked(socket);
    take(request, piece.subarray(head.length));
  }

  function take(request: Request, piece: Buffer): void {
    const own = piece.length > request.left ? piece.subarray(0, request.left) : piece;
    if (own.length < piece.length) early = piece.subarray(own.length);
    request.left -= own.length;
    keep(request, own);
    if (request.left === 0) answer(request);
    else request.late ??= setTimeout(() => options.tooSlow(socket), options.withinMs).unref();
  }

  function keep(request: Request, piece: Buffer): void {
    if (request.ticket?.take(piece.length)) request.pieces.push(piece);
    else if (request.ticket !== undefined) {
      letGo(request);
      request.reason = 'overloaded-bytes';
    }
  }

  function answer(request: Request): void {
    clearTimeout(request.late);
    const { url, ticket, reason = 'overloaded-bytes', pieces } = request;
    if (ticket === undefined) {
      send(answering.reject({ reason }));
      return;
    }
    request.pieces = [];
    answering.answer({ pieces, url, ticket }, send);
  }

  function send(response: Response): void {
    const closes = draining() || response.closes === true;
    const next = early;
    done();
    if (!socket.writable) return;
    writeResponse(socket, response, closes);
    if (closes) socket.destroySoon();
    else if (next !== undefined) {
      socket.resume();
      giveBack(next);
    }
  }

  function done(): void {
    if (request !== undefined) {
      clearTimeout(request.late);
      letGo(request);
    }
    request = undefined;
    early = undefined;
    connections.answered(socket);
  }

  function giveBack(piece: Buffer): void {
    socket.on('data', parse);
    socket.off('data', read);
    socket.off('close', done);
    parse(piece);
  }

  socket.on('data', read);
  socket.off('data', parse);
  socket.on('close', done);
}

function letGo(request: Request): void {
  request.ticket?.leave();
  request.ticket = undefined;
  request.pieces = [];
}
