// Whether the webhook configuration agrees with the settings: what is said, and what is counted.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import type { Credentials } from '../../src/serve/credentials-in-force.ts';
import { createWebhookScope } from '../../src/serve/webhook-scope.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { fakeApi, json, until } from '../cluster/fake-api.ts';

const PODS = { apiGroups: [''], resources: ['pods'], operations: ['CREATE'] };
const DEPLOYMENTS = { apiGroups: ['apps'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] };
const ENABLED = { matchLabels: { 'pullpass.dev/inject': 'enabled' } };
const hook = (namespaceSelector: object, ...rules: readonly object[]) => ({ namespaceSelector, rules });

/** Answers with the next of these at each look. */
async function start(test: Parameters<typeof fakeApi>[0], answers: readonly (readonly [number, unknown])[]) {
  let looks = 0;
  const { client, asked, calls } = await fakeApi(test, (_, response) => {
    const [status, body] = answers[looks] ?? [500, {}];
    looks += 1;
    json(response, status, body);
  });
  const loaded = loadConfig('', 'defaults');
  if ('problems' in loaded) throw new Error('the defaults are refused');
  const metrics = createMetrics();
  const lines: string[] = [];
  const write = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const scope = createWebhookScope({
    client,
    credentials: { inForce: () => loaded } as unknown as Credentials,
    webhookConfiguration: 'pullpass',
    log: { warn: write, error: write } as unknown as Logger,
    metrics,
  });
  test.teardown(() => scope.stop());
  return {
    scope,
    asked,
    lines,
    /** One look, at once. @returns the settings that differ */
    async look(): Promise<readonly string[]> {
      const before = calls.length;
      scope.start();
      await until(() => calls.length > before, 'it is looked at');
      return differing(metrics);
    },
    differing: () => differing(metrics),
  };
}

async function differing({ webhookDiffers }: ReturnType<typeof createMetrics>): Promise<readonly string[]> {
  const { values } = await webhookDiffers.get();
  return values.map(({ labels, value }) => `${labels.setting} ${value}`).sort();
}

t.test('a difference is counted as long as it is there, and said when it appears', async (t) => {
  const rows = [
    ['all is well', { webhooks: [hook(ENABLED, PODS, DEPLOYMENTS)] }, [], 0],
    ['a kind is missing', { webhooks: [hook(ENABLED, PODS)] }, ['workloads 1'], 1],
    ['and still is', { webhooks: [hook(ENABLED, PODS)] }, ['workloads 1'], 1],
    ['other namespaces too', { webhooks: [hook({}, PODS)] }, ['namespaces 1', 'workloads 1'], 2],
    ['no webhooks at all', { webhooks: null }, ['namespaces 1', 'workloads 1'], 3],
    ['mended', { webhooks: [hook(ENABLED, PODS, DEPLOYMENTS)] }, [], 3],
    ['a kind is missing again', { webhooks: [hook(ENABLED, PODS)] }, ['workloads 1'], 4],
  ] as const;
  const { look, lines, asked } = await start(
    t,
    rows.map(([, body]) => [200, body]),
  );
  for (const [because, , settings, said] of rows) {
    t.same(await look(), settings, because);
    t.equal(lines.length, said, because);
  }
  t.match(lines[0], /^the webhook configuration does not agree with the settings .*CREATE of Deployment\.apps/);
  t.same(
    [...new Set(asked.map(({ method, path }) => `${method} ${path}`))],
    ['GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pullpass'],
  );
});

t.test('one that cannot be read says nothing new, and whoever stops knows nothing', async (t) => {
  const bad = { webhooks: [hook(ENABLED, PODS)] };
  const { look, lines, scope, differing } = await start(t, [
    [200, bad],
    [500, {}],
    [404, {}],
    [200, bad],
  ]);
  for (let i = 0; i < 3; i++) t.same(await look(), ['workloads 1']);
  t.equal(lines.length, 1);
  await scope.stop();
  t.same(await differing(), []);
});

t.test('whoever stops during a look knows nothing either', async (t) => {
  const answer = Promise.withResolvers<{ status: number; body: unknown }>();
  const metrics = createMetrics();
  const loaded = loadConfig('', 'x');
  if ('problems' in loaded) throw new Error('the defaults are good');
  const scope = createWebhookScope({
    client: { call: () => answer.promise } as never,
    credentials: { inForce: () => loaded } as never,
    webhookConfiguration: 'pullpass',
    log: { warn: () => undefined, error: () => undefined } as never,
    metrics,
  });
  scope.start();
  const stopping = scope.stop();
  answer.resolve({ status: 200, body: { webhooks: [] } });
  await stopping;
  t.same(await differing(metrics), []);
});
