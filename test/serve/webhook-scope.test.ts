// Whether the webhook configuration agrees with the settings: what is said, and what is counted.
import t from 'tap';
import type { WebhookScope } from '../../src/cluster/webhook-rules.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { InForce } from '../../src/serve/credentials-in-force.ts';
import { createWebhookScope } from '../../src/serve/webhook-scope.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const PODS = { apiGroups: [''], resources: ['pods'], operations: ['CREATE'] };
const DEPLOYMENTS = { apiGroups: ['apps'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] };
const ENABLED = { matchLabels: { 'pullpass.dev/inject': 'enabled' } };
const hook = (namespaceSelector: object, ...rules: readonly object[]) => ({ namespaceSelector, rules }) as WebhookScope;
const GOOD = [hook(ENABLED, PODS, DEPLOYMENTS)];
const BAD = [hook(ENABLED, PODS)];

/** The cluster and the settings can be changed, and whoever listens is told. */
function make(first?: readonly WebhookScope[]) {
  let webhooks = first;
  let inForce = configured('');
  const listeners: ((problems: readonly []) => void)[] = [];
  const listen = (listener: (problems: readonly []) => void): void => void listeners.push(listener);
  const metrics = createMetrics();
  const lines: string[] = [];
  const write = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const scope = createWebhookScope({
    live: { webhooks: () => webhooks, onLive: listen },
    credentials: { inForce: () => inForce, onChange: listen },
    webhookConfiguration: 'pullpass',
    log: { warn: write, error: write } as unknown as Logger,
    metrics,
  });
  const tell = (): void => {
    for (const listener of listeners) listener([]);
  };
  return {
    scope,
    lines,
    /** @returns the settings that differ then */
    async becomes(next: readonly WebhookScope[] | undefined): Promise<readonly string[]> {
      webhooks = next;
      tell();
      return differing(metrics);
    },
    configure(text: string): Promise<readonly string[]> {
      inForce = configured(text);
      tell();
      return differing(metrics);
    },
    differing: () => differing(metrics),
  };
}

function configured(text: string): InForce {
  const loaded = loadConfig(text, 'here');
  if ('problems' in loaded) throw new Error(loaded.problems.join());
  // Nothing else of what is in force is looked at.
  return { config: loaded.config } as InForce;
}

async function differing({ webhookDiffers }: ReturnType<typeof createMetrics>): Promise<readonly string[]> {
  const { values } = await webhookDiffers.get();
  return values.map(({ labels, value }) => `${labels.setting} ${value}`).sort();
}

t.test('a difference is counted as long as it is there, and said when it appears', async (t) => {
  const rows = [
    ['all is well', GOOD, [], 0],
    ['a kind is missing', BAD, ['workloads 1'], 1],
    ['and still is', BAD, ['workloads 1'], 1],
    ['other namespaces too', [hook({}, PODS)], ['namespaces 1', 'workloads 1'], 2],
    ['no webhooks at all', [], ['namespaces 1', 'workloads 1'], 3],
    ['mended', GOOD, [], 3],
    ['a kind is missing again', BAD, ['workloads 1'], 4],
    ['it is gone, which is said elsewhere', undefined, ['workloads 1'], 4],
  ] as const;
  const { scope, lines, becomes } = make();
  scope.start();
  for (const [because, webhooks, settings, said] of rows) {
    t.same(await becomes(webhooks), settings, because);
    t.equal(lines.length, said, because);
  }
  t.match(lines[0], /^the webhook configuration does not agree with the settings .*CREATE of Deployment\.apps/);
});

t.test('a change of the settings is compared too', async (t) => {
  const { scope, configure } = make(BAD);
  scope.start();
  t.same(await configure('workloads: []'), []);
  t.same(await configure('workloads: [StatefulSet]'), ['workloads 1']);
});

t.test('only whoever was started says and knows anything', async (t) => {
  const { scope, lines, becomes, differing } = make(BAD);
  t.same(await becomes(BAD), []);
  scope.start();
  t.same(await differing(), ['workloads 1'], 'what is there is looked at at once');
  await scope.stop();
  t.same(await differing(), []);
  t.same(await becomes([]), []);
  t.equal(lines.length, 1);
  scope.start();
  t.same(await differing(), ['namespaces 1', 'workloads 1']);
});

t.test('one that is malformed is said, and ends nothing', async (t) => {
  const { scope, lines, becomes } = make();
  scope.start();
  t.same(await becomes([{ rules: 'none' } as never]), []);
  t.match(lines, [/^the webhook configuration is malformed/]);
  t.same(await becomes(BAD), ['workloads 1']);
});
