// The second port, plain HTTP: alive, ready, metrics. Alive means only that the event loop turns: a dependency that is
// away must not make the kubelet restart the replica that still answers from memory.
import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';

export interface HealthOptions {
  /** undefined: ready; else what is still missing, in words. */
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<string>;
}

export async function createHealthServer({ notReady, metrics }: HealthOptions): Promise<FastifyInstance> {
  const app = fastify({ logger: false, return503OnClosing: false });
  app.get('/healthz', async () => 'ok\n');
  app.get('/readyz', async (_request, reply) => {
    const missing = notReady();
    return reply
      .code(missing === undefined ? 200 : 503)
      .send(missing === undefined ? 'ok\n' : `not ready: ${missing}\n`);
  });
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await metrics()));
  return app;
}
