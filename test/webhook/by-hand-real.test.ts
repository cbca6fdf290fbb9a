// Whether the requests of a real API server are read by hand: should one write its heads in another way, all would go on through
// Node, as well as before and twice as dear, and nothing else would tell.
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { selectWorkloads } from '../../src/core/workload.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createServer } from '../../src/webhook/server.ts';
import { certificateFor } from '../certificates/certificate-for.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { expectOk, pod } from '../serve/installation.ts';

const CREATES = 40;
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const tls = await certificateFor('localhost');
let answered = 0;
const { app } = await createServer({
  tls: { ...tls, minVersion: 'TLSv1.3' },
  admit: async () => ({ reason: 'no-images', images: [], credentials: [], patch: [], warnings: [] }),
  readReview: createReviewReader(selectWorkloads([]), openWalk()),
  canTell: () => true,
  draining: () => false,
  observe: ({ kind }) => (answered += Number(kind === 'answered')),
  now: () => performance.now(),
});
const [connections, byNode] = [new Set<unknown>(), new Set<unknown>()];
app.server.on('secureConnection', (socket) => connections.add(socket));
app.server.on('request', (request) => byNode.add(request));
await app.listen({ host: '127.0.0.1', port: 0 });
t.teardown(() => {
  app.server.closeAllConnections();
  return app.close();
});

t.test('of each connection Node reads the first request, and no other', async (t) => {
  const url = `https://localhost:${(app.server.address() as AddressInfo).port}/mutate`;
  await expectOk(plane.api.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop', labels: { shop: 'yes' } } }));
  await expectOk(
    plane.api.call('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'by-hand' },
      webhooks: [
        {
          name: 'by-hand.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          namespaceSelector: { matchLabels: { shop: 'yes' } },
          clientConfig: { url, caBundle: Buffer.from(tls.ca).toString('base64') },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
        },
      ],
    }),
  );
  const make = (i: number) =>
    plane.api.call('POST', '/api/v1/namespaces/shop/pods', pod(`web-${i}`, 'ghcr.io/acme/app'));
  // The API server takes a moment to know the configuration.
  for (let i = 0; answered === 0; i++) await expectOk(make(-1 - i));
  const before = answered;
  for (let i = 0; i < CREATES; i += 4) await Promise.all([0, 1, 2, 3].map((j) => expectOk(make(i + j))));
  t.equal(answered - before, CREATES);
  t.ok(byNode.size <= connections.size, `${byNode.size} of ${answered} over ${connections.size} connections`);
  t.ok(connections.size < CREATES / 4);
});
