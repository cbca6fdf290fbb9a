// The limit: node:https takes each body, looks at none, and always says the same. Nothing that answers reviews in Node can cost
// less, so what another costs more is what it does.
import { createServer } from 'node:https';
import { PULL_SECRET } from '../reviews.ts';
import { KEEP_ALIVE_MS, readPeerOptions } from './peer-options.ts';

const options = readPeerOptions();
const patch = [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: PULL_SECRET }] }];
const response = {
  uid: '00000000-0000-0000-0000-000000000000',
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
};
const answer = Buffer.from(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
const server = createServer({ ...options.tls, keepAliveTimeout: KEEP_ALIVE_MS }, (request, reply) => {
  request.resume().on('end', () => {
    reply.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
});
server.listen(options.port, '127.0.0.1');
