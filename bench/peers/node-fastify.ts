// The handler of node-parse behind fastify, as plain as fastify can be: what the framework adds.
import { createServer } from 'node:https';
import fastify from 'fastify';
import { answerParsed } from './parsed-review.ts';
import { KEEP_ALIVE_MS, readPeerOptions } from './peer-options.ts';

const options = readPeerOptions();
const app = fastify({
  serverFactory: (handler) => createServer({ ...options.tls, keepAliveTimeout: KEEP_ALIVE_MS }, handler),
  bodyLimit: 8 * 1024 * 1024,
  logger: false,
});
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/mutate', (request, reply) => {
  const body = request.body as Buffer;
  return reply.type('application/json').send(answerParsed(body.toString('utf8'), options));
});
await app.listen({ host: '127.0.0.1', port: options.port });
