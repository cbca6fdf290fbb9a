// The HTTPS door, HTTP/1.1: bytes in, answer out. It knows status codes and nothing of decisions. A review that is one is
// always answered with 200; the rest gets the status that lets the administrator's failurePolicy decide.
import { createServer as createHttpsServer } from 'node:https';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import type { OverloadReason, RejectReason } from '../core/reason.ts';
import type { Admit, Verdict } from './admission.ts';
import { formatAnswer } from './answer.ts';
import { BODY_MAX_BYTES, type Body, readBody } from './body.ts';
import { watchLoop } from './busy-loop.ts';
import { followConnections } from './connections.ts';
import { deadlineOf } from './deadline.ts';
import { createGate, type Limits, type Ticket } from './gate.ts';
import { mayComeAgain, REJECT_PROBLEM, REJECT_STATUS, RETRY_AFTER_S, reasonOf } from './rejection.ts';
import { type Returning, rememberReturning } from './returning.ts';
import type { ReadReview, ReviewRequest } from './review.ts';
import { endClient, TIME_OUTS } from './slow-clients.ts';
import { createTurnAway } from './turn-away.ts';

export interface Tls {
  /** PEM. */
  readonly key: string;
  /** PEM, the leaf first. */
  readonly cert: string;
  readonly minVersion: 'TLSv1.3' | 'TLSv1.2';
}

export interface Door {
  readonly app: FastifyInstance;
  /** New connections get this certificate; those that are open stay as they are. Throws when it cannot be used. */
  swap(tls: Tls): void;
  /** Sends every client elsewhere; resolves when they have gone, or after so many milliseconds. */
  dismiss(withinMs: number): Promise<void>;
}

export interface ServerOptions {
  /** Without a certificate no connection comes about until `swap` brings one. */
  readonly tls: Pick<Tls, 'minVersion'> & Partial<Tls>;
  readonly admit: Admit;
  readonly readReview: (body: Buffer) => ReadReview;
  /** False until every watch has delivered once: then nothing can be told yet. */
  readonly canTell: () => boolean;
  /** From SIGTERM on: every answer asks the client to close its connection. */
  readonly draining: () => boolean;
  readonly observe: (event: ServerEvent) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly limits?: Limits;
}

/** A review without the objects in it. */
export type ReviewHead = Pick<ReviewRequest, 'uid' | 'namespace' | 'name' | 'kind' | 'dryRun'>;

export type ServerEvent =
  | {
      readonly kind: 'answered';
      readonly review: ReviewHead;
      readonly verdict: Exclude<Verdict, { couldNotTell: string }>;
      readonly ms: number;
    }
  | ({ readonly kind: 'rejected'; readonly status: number; readonly problem: string } & Rejection);

interface Rejection {
  readonly reason: RejectReason;
  readonly problem?: string;
  readonly error?: unknown;
}

/**
 * Four of the largest bodies, or hundreds of usual ones (2 to 60 KB); and more requests than one API server has under way at
 * all (400 + 200 by default), since those that wait for a look-up or a write cost little.
 */
const LIMITS: Limits = { bytes: 4 * BODY_MAX_BYTES, requests: 1_000 };
const TICKET = 'ticket';

export async function createServer(options: ServerOptions): Promise<Door> {
  const { now, limits = LIMITS } = options;
  const server = createHttpsServer({ ...options.tls, ...TIME_OUTS });
  const { dismiss } = followConnections(server);
  const app: FastifyInstance = fastify({
    serverFactory: (handler) => server.on('request', handler),
    clientErrorHandler: (error, socket) => endClient(error, socket, (reason) => observe(options, { reason })),
    frameworkErrors: (_error, _request, reply) =>
      void reject(reply as unknown as FastifyReply, options, { reason: 'not-found' }),
    return503OnClosing: false,
    forceCloseConnections: false,
    logger: false,
  });
  const tooBusy = watchLoop({ now, atEndOfTurn: (callback) => void setImmediate(callback) });
  const gate = createGate({ limits, tooBusy, now });
  const turnAway = createTurnAway({
    refusal: (bytes) => (options.draining() ? undefined : gate.refusal(bytes)),
    refused: (reason) => void observe(options, { reason }),
    withinMs: TIME_OUTS.requestTimeout,
  });
  // Once the body is drained: a client that has no answer sends nothing more, so the connection is between two requests.
  function refuse({ raw }: FastifyRequest, reply: FastifyReply, reason: OverloadReason): void {
    raw.once('end', () => {
      turnAway(raw.socket);
      reject(reply, options, { reason });
    });
    raw.resume();
  }
  app.decorateRequest(TICKET, null);
  const returning = rememberReturning();
  app.addHook('onRequest', (request, reply, done) => {
    if (announcedBy(request) > BODY_MAX_BYTES) return void reject(reply, options, { reason: 'too-large' });
    const entered = gate.enter(announcedBy(request));
    // Before fastify reads the body: what is refused must cost little.
    if (typeof entered === 'string') return void refuse(request, reply, entered);
    request.setDecorator(TICKET, entered);
    reply.raw.once('close', () => entered.leave());
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request, stream, done) =>
    readBody(stream, ticketOf(request), (body) => done(null, body)),
  );
  app.addHook('onSend', (request, reply, payload, done) => {
    // Not before the body is read: what is still on its way would meet a connection that is gone, and the answer be lost.
    if (options.draining() && request.raw.complete !== false) reply.header('connection', 'close');
    done(null, payload);
  });
  app.setErrorHandler((error, _request, reply) => reject(reply, options, { reason: reasonOf(error), error }));
  app.setNotFoundHandler((_request, reply) => reject(reply, options, { reason: 'not-found' }));
  app.post('/mutate', (request, reply) => mutate(request, reply, options, returning));
  return { app, swap: (tls) => server.setSecureContext({ ...tls }), dismiss };
}

async function mutate(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ServerOptions,
  returning: Returning,
): Promise<FastifyReply> {
  const started = options.now();
  const asked = ask(request, options, returning);
  if ('reason' in asked) return reject(reply, options, asked);
  let verdict: Verdict;
  try {
    verdict = await asked.verdict;
  } catch (error) {
    // Caught here: fastify would take the status, and with it the message, from an error that brings one.
    return reject(reply, options, { reason: 'fault', error });
  }
  if ('couldNotTell' in verdict) {
    returning.sentAway(asked.review.uid, asked.first);
    return reject(reply, options, { reason: 'could-not-tell', problem: verdict.couldNotTell });
  }
  options.observe({ kind: 'answered', review: asked.review, verdict, ms: options.now() - started });
  return reply.type('application/json').send(Buffer.from(formatAnswer(asked.review.uid, verdict)));
}

/** Nothing of the body lives on while the verdict is waited for: it may be megabytes, and many may wait. */
function ask(
  request: FastifyRequest,
  options: ServerOptions,
  returning: Returning,
): { readonly review: ReviewHead; readonly first: number; readonly verdict: Promise<Verdict> } | Rejection {
  const body = request.body as Body | undefined;
  const ticket = ticketOf(request);
  request.body = undefined;
  if (!body) return { reason: 'malformed' };
  if ('refused' in body) return { reason: body.refused };
  const overloaded = ticket.begin();
  if (overloaded !== undefined) return { reason: overloaded };
  const read = options.readReview(body.bytes);
  if (!read.ok) return { reason: 'malformed', problem: read.problem };
  if (!options.canTell()) return { reason: 'not-synced' };
  const { uid, namespace, name, kind, dryRun } = read.review;
  const first = returning.first(uid, ticket.arrived);
  const timeoutMs = deadlineOf(request.url) - (options.now() - first);
  return { review: { uid, namespace, name, kind, dryRun }, first, verdict: options.admit(read.review, timeoutMs) };
}

function reject(reply: FastifyReply, options: ServerOptions, rejection: Rejection): FastifyReply {
  const { status, problem } = observe(options, rejection);
  if (mayComeAgain(rejection.reason)) reply.header('retry-after', RETRY_AFTER_S);
  // Who sends so much is not the API server, and may go on sending.
  if (rejection.reason === 'too-large') reply.header('connection', 'close');
  return reply.code(status).type('text/plain').send(`${problem}\n`);
}

function observe(options: ServerOptions, { reason, problem = REJECT_PROBLEM[reason], error }: Rejection) {
  const status = REJECT_STATUS[reason];
  options.observe({ kind: 'rejected', reason, status, problem, ...(reason === 'fault' ? { error } : {}) });
  return { status, problem };
}

function announcedBy(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

function ticketOf(request: FastifyRequest): Ticket {
  return request.getDecorator<Ticket>(TICKET);
}
