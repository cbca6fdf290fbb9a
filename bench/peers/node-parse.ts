// node:https and JSON.parse, without anything else: what a webhook in Node costs at least if it parses all that it is sent.
import { createServer } from 'node:https';
import { answerParsed } from './parsed-review.ts';
import { KEEP_ALIVE_MS, readPeerOptions } from './peer-options.ts';

const options = readPeerOptions();
const server = createServer({ ...options.tls, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const [first] = pieces;
    const body = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
    const answer = Buffer.from(answerParsed(body.toString('utf8'), options));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
});
server.listen(options.port, '127.0.0.1');
