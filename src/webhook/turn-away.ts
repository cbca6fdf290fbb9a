// What a refusal costs under overload is Node's and fastify's work for the head, the streams and the answer, and that is too
// much when three times what we can do comes in. So a connection that was refused once is read by hand from then on: a request
// that would be refused again is counted off by its length and answered with bytes that are ready. A request that is let in
// goes on to Node's parser, whole and untouched, and whatever is no plain request with a length ends the reading by hand.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { OverloadReason } from '../core/reason.ts';
import { BODY_MAX_BYTES } from './body.ts';
import { REJECT_PROBLEM, REJECT_STATUS, RETRY_AFTER_S } from './rejection.ts';

export interface TurnAwayOptions {
  /** Whether a request whose body has that many bytes is refused now. */
  readonly refusal: (bytes: number) => OverloadReason | undefined;
  /** Told of each request that is refused by hand. */
  readonly refused: (reason: OverloadReason) => void;
  /** A request that is refused and has not arrived after so many milliseconds ends its connection. */
  readonly withinMs: number;
}

type Read = (piece: Buffer) => void;

const END_OF_HEAD = '\r\n\r\n';
/** Without these a message is as long as its head and its content-length say, and its connection stays open. */
const IS_SPECIAL = / HTTP\/1\.0\r\n|\r\n(?:transfer-encoding|expect|upgrade|connection):/i;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d{1,9})(?=\r\n)/gi;

/**
 * @returns a function that takes a connection over, between two requests, and once at most. Of the next request nothing may
 * have been read yet; that holds as long as the client waits for its answer, and so before it is sent.
 */
export function createTurnAway(options: TurnAwayOptions): (socket: Socket) => void {
  const taken = new WeakSet<Socket>();
  return (socket) => {
    // Node's parser gets its bytes from this listener, as soon as there is another one.
    const [parse, other] = socket.listeners('data') as Read[];
    if (taken.has(socket) || parse === undefined || other !== undefined) return;
    taken.add(socket);
    takeOver(socket, parse, options);
  };
}

function takeOver(socket: Socket, parse: Read, { refusal, refused, withinMs }: TurnAwayOptions): void {
  let left = 0;
  let reason: OverloadReason | undefined;
  let late: NodeJS.Timeout | undefined;

  function giveBack(piece: Buffer): void {
    socket.on('data', parse);
    socket.off('data', read);
    parse(piece);
  }

  function read(piece: Buffer): void {
    if (left === 0) {
      const message = messageOf(piece);
      if (message === undefined || piece.length > message.head + message.body) {
        giveBack(piece);
        return;
      }
      left = message.head + message.body;
      reason = refusal(message.body);
      if (reason !== undefined && piece.length < left) late = setTimeout(() => socket.destroy(), withinMs).unref();
    }
    const own = Math.min(left, piece.length);
    left -= own;
    if (reason === undefined) {
      if (own < piece.length) giveBack(piece);
      else parse(piece);
      return;
    }
    if (left === 0) {
      clearTimeout(late);
      refused(reason);
      socket.write(ANSWER[reason]);
    }
    if (own < piece.length) giveBack(piece.subarray(own));
  }

  socket.on('data', read);
  socket.off('data', parse);
}

/** Bytes of head and body; undefined if the head is not there as a whole, or does not say how long the body is. */
function messageOf(piece: Buffer): { readonly head: number; readonly body: number } | undefined {
  const end = piece.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = piece.toString('latin1', 0, end + 2);
  const [length, another] = [...head.matchAll(CONTENT_LENGTH)];
  if (length === undefined || another !== undefined || IS_SPECIAL.test(head)) return undefined;
  const body = Number(length[1]);
  return body > BODY_MAX_BYTES ? undefined : { head: end + END_OF_HEAD.length, body };
}

function answerFor(reason: OverloadReason): Buffer {
  const text = `${REJECT_PROBLEM[reason]}\n`;
  const status = REJECT_STATUS[reason];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `retry-after: ${RETRY_AFTER_S}`,
    'content-type: text/plain',
    'connection: keep-alive',
    `content-length: ${text.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}${END_OF_HEAD}${text}`);
}

const ANSWER: Readonly<Record<OverloadReason, Buffer>> = {
  'overloaded-loop': answerFor('overloaded-loop'),
  'overloaded-requests': answerFor('overloaded-requests'),
  'overloaded-bytes': answerFor('overloaded-bytes'),
};
