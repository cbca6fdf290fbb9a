// The HTTPS door, HTTP/1.1. The first request of a connection, and everything that is not quite as an API server sends it, goes
// through Node and fastify; the others are read by hand. Either way answering.ts says what goes back.
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { type Answering, type AnsweringOptions, createAnswering, type Rejection } from './answering.ts';
import { BODY_MAX_BYTES, type Body, readBody } from './body.ts';
import { watchLoop } from './busy-loop.ts';
import { createByHand } from './by-hand.ts';
import { followConnections } from './connections.ts';
import { createGate, type Limits, type Ticket } from './gate.ts';
import { reasonOf } from './rejection.ts';
import type { Response } from './response.ts';
import { endClient, TIME_OUTS, TOO_SLOW } from './slow-clients.ts';
import { createTurn } from './turn.ts';

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

export interface ServerOptions extends AnsweringOptions {
  /** Without a certificate no connection comes about until `swap` brings one. */
  readonly tls: Pick<Tls, 'minVersion'> & Partial<Tls>;
  /** From SIGTERM on: every answer asks the client to close its connection. */
  readonly draining: () => boolean;
  readonly limits?: Limits;
}

/**
 * Four of the largest bodies, or hundreds of usual ones (2 to 60 KB); and more requests than one API server has under way at
 * all (400 + 200 by default), since those that wait for a look-up or a write cost little.
 */
const LIMITS: Limits = { bytes: 4 * BODY_MAX_BYTES, requests: 1_000 };
const TICKET = 'ticket';

export async function createServer(options: ServerOptions): Promise<Door> {
  const { now, draining, limits = LIMITS } = options;
  const server = createHttpsServer({ ...options.tls, ...TIME_OUTS });
  const connections = followConnections(server);
  const turn = createTurn((callback) => void setImmediate(callback));
  const answering = createAnswering(options, turn);
  const refuse = (reply: FastifyReply, rejection: Rejection): FastifyReply => send(reply, answering.reject(rejection));
  const end = (error: Error, socket: Socket): void =>
    endClient(error, socket, (reason) => void answering.reject({ reason }));
  const app: FastifyInstance = fastify({
    serverFactory: (handler) => server.on('request', handler),
    clientErrorHandler: end,
    frameworkErrors: (_error, _request, reply) =>
      void refuse(reply as unknown as FastifyReply, { reason: 'not-found' }),
    return503OnClosing: false,
    forceCloseConnections: false,
    logger: false,
  });
  const tooBusy = watchLoop({ now, atEndOfTurn: turn.atEnd });
  const gate = createGate({ limits, tooBusy, now });
  const readByHand = createByHand({
    ...{ answering, gate, connections, draining },
    tooSlow: (socket) => end(TOO_SLOW, socket),
    withinMs: TIME_OUTS.requestTimeout,
  });
  app.decorateRequest(TICKET, null);
  app.addHook('onRequest', (request, reply, done) => {
    if (announcedBy(request) > BODY_MAX_BYTES) return void refuse(reply, { reason: 'too-large' });
    const entered = gate.enter(announcedBy(request));
    // Before fastify reads the body: what is refused must cost little.
    if (typeof entered === 'string') {
      const { raw } = request;
      // Once the body is drained, or what is left of it would be taken for the next request.
      raw.once('end', () => {
        if (isAlone(raw)) readByHand(raw.socket);
        refuse(reply, { reason: entered });
      });
      return void raw.resume();
    }
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
    if (draining() && request.raw.complete !== false) reply.header('connection', 'close');
    done(null, payload);
  });
  app.setErrorHandler((error, _request, reply) => refuse(reply, { reason: reasonOf(error), error }));
  app.setNotFoundHandler((_request, reply) => refuse(reply, { reason: 'not-found' }));
  app.post('/mutate', async (request, reply) => {
    const response = await mutate(request, answering);
    if (request.raw.complete && isAlone(request.raw)) readByHand(request.raw.socket);
    return send(reply, response);
  });
  return { app, swap: (tls) => server.setSecureContext({ ...tls }), dismiss: connections.dismiss };
}

function mutate(request: FastifyRequest, answering: Answering): Promise<Response> {
  const body = request.body as Body | undefined;
  request.body = undefined;
  return new Promise((resolve) => {
    if (!body) resolve(answering.reject({ reason: 'malformed' }));
    else if ('refused' in body) resolve(answering.reject({ reason: body.refused }));
    else answering.answer({ pieces: body.pieces, url: request.url, ticket: ticketOf(request) }, resolve);
  });
}

function send(reply: FastifyReply, { status, type, text, retryAfter, closes }: Response): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  if (closes) reply.header('connection', 'close');
  return reply.code(status).type(type).send(text);
}

/** Whether nothing but this request has ever come over its connection: else Node may have read some of the next one. */
function isAlone({ method = '', url = '', rawHeaders, headers, socket }: IncomingMessage): boolean {
  let bytes = `${method} ${url} HTTP/1.1\r\n\r\n`.length + Number(headers['content-length']);
  // Each is followed by a colon and a blank, or by the end of the line.
  for (const text of rawHeaders) bytes += text.length + 2;
  return socket.bytesRead === bytes;
}

function announcedBy(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

function ticketOf(request: FastifyRequest): Ticket {
  return request.getDecorator<Ticket>(TICKET);
}
