// A program that is the admission door and nothing else, so that what it holds can be read from outside. It says its port.
import type { AddressInfo } from 'node:net';
import { selectWorkloads } from '../../src/core/workload.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createServer } from '../../src/webhook/server.ts';
import { certificateFor } from '../certificates/certificate-for.ts';

const rejected: Record<string, number> = {};
const { app } = await createServer({
  tls: { ...(await certificateFor('localhost')), minVersion: 'TLSv1.3' },
  admit: async () => ({ reason: 'no-private-image', images: [], credentials: [], patch: [], warnings: [] }),
  readReview: createReviewReader(selectWorkloads([]), openWalk()),
  canTell: () => true,
  draining: () => false,
  observe(event) {
    if (event.kind === 'rejected') rejected[event.reason] = (rejected[event.reason] ?? 0) + 1;
  },
  now: () => performance.now(),
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.on('message', () => process.send?.({ rejected }));
process.send?.({ port: (app.server.address() as AddressInfo).port });
// A test that was killed closes the channel and says nothing.
process.on('disconnect', () => process.exit());
