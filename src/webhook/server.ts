// The HTTPS door, HTTP/1.1: bytes in, answer out. It knows status codes and nothing of decisions. A review that is one is
// always answered with 200; the rest gets the status that lets the administrator's failurePolicy decide.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import type { Admit, Verdict } from './admission.ts';
import { formatAnswer } from './answer.ts';
import { deadlineOf } from './deadline.ts';
import { type ReadReview, readReview } from './review.ts';

export interface ServerOptions {
  /** PEM. */
  readonly certificate: { readonly key: string; readonly cert: string };
  readonly admit: Admit;
  /** False until every watch has delivered once: then nothing can be told yet. */
  readonly canTell: () => boolean;
  /** From SIGTERM on: every answer asks the client to close its connection. */
  readonly draining: () => boolean;
  readonly observe: (event: ServerEvent) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export type ServerEvent =
  | {
      readonly kind: 'answered';
      readonly review: Extract<ReadReview, { ok: true }>['review'];
      readonly verdict: Exclude<Verdict, { couldNotTell: string }>;
      readonly ms: number;
    }
  | { readonly kind: 'rejected'; readonly status: number; readonly problem: string; readonly error?: unknown };

/** An object may have 3 MiB, and an update sends it twice. */
const BODY_MAX_BYTES = 8 * 1024 * 1024;
/** Who has not sent a whole request by then holds memory and nothing else: the API server sends at once. */
const REQUEST_MS = 30_000;
/** Longer than the 90 s after which the API server closes an idle connection: it never retries a POST that we cut off. */
const KEEP_ALIVE_MS = 180_000;

export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    https: { ...options.certificate, minVersion: 'TLSv1.3' },
    bodyLimit: BODY_MAX_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    return503OnClosing: false,
    forceCloseConnections: false,
    logger: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onSend', async (_request, reply) => {
    if (options.draining()) reply.header('connection', 'close');
  });
  app.setErrorHandler((error, _request, reply) => reject(reply, options, statusOf(error), error));
  app.setNotFoundHandler((_request, reply) => reject(reply, options, 404));
  app.post('/mutate', (request, reply) => mutate(request, reply, options));
  return app;
}

async function mutate(request: FastifyRequest, reply: FastifyReply, options: ServerOptions): Promise<FastifyReply> {
  const started = options.now();
  if (!Buffer.isBuffer(request.body)) return reject(reply, options, 400);
  const read = readReview(request.body);
  if (!read.ok) return reject(reply, options, 400, new Error(read.problem));
  if (!options.canTell()) return retryLater(reply, options, 'the view of the cluster is not complete yet');
  // Caught here: fastify would take the status, and with it the message, from an error that brings one.
  const verdict = await options.admit(read.review, deadlineOf(request.url)).catch((error: unknown) => ({ error }));
  if ('error' in verdict) return reject(reply, options, 500, verdict.error);
  if ('couldNotTell' in verdict) return retryLater(reply, options, verdict.couldNotTell);
  options.observe({ kind: 'answered', review: read.review, verdict, ms: options.now() - started });
  return reply.type('application/json').send(formatAnswer(read.review.uid, verdict));
}

/** The API server sends a 503 with this header again, within the request's time-out. */
function retryLater(reply: FastifyReply, options: ServerOptions, problem: string): FastifyReply {
  reply.header('retry-after', '1');
  return reject(reply, options, 503, new Error(problem));
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'the body is not an AdmissionReview',
  404: 'there is only POST /mutate',
  413: 'the body is larger than 8 MiB',
  415: 'the content type is not application/json',
  500: 'internal error',
};

function reject(reply: FastifyReply, options: ServerOptions, status: number, error?: unknown): FastifyReply {
  // What went wrong inside is for the log; a stranger learns the status and, for 4xx, what was wrong with the request.
  const told = status === 503 || status === 400;
  const problem = told && error instanceof Error ? error.message : (PROBLEMS[status] ?? 'refused');
  options.observe({ kind: 'rejected', status, problem, ...(status === 500 ? { error } : {}) });
  return reply.code(status).type('text/plain').send(`${problem}\n`);
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
