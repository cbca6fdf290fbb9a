// Metrics and their documents: each that is declared is described with its labels, and none that there is not.
import t from 'tap';
import type { EventOutcome } from '../../src/cluster/event-writer.ts';
import type { RestartOutcome } from '../../src/cluster/pod-restart.ts';
import type { ScopeDifference } from '../../src/cluster/webhook-rules.ts';
import type { CatalogProblem } from '../../src/credentials/catalog.ts';
import type { ExecFailure } from '../../src/credentials/exec-answer.ts';
import { HEALTH_RESULTS } from '../../src/registry/try-login.ts';
import type { KeepOutcome } from '../../src/sync/keep-logins.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { documents, part, quoted, read, rows } from './documents.ts';

interface Declared {
  readonly name: string;
  readonly labelNames: readonly string[];
}

const { registry, ...declared } = createMetrics();
const metrics = Object.values(declared) as unknown as readonly Declared[];
const operations = read('docs/operations.md');
const table = rows(part(operations, '## Metrics'));

t.test('the table has each metric once, with exactly its labels', async (t) => {
  const described = table.map(
    ([name = '', labels = '']) => `${quoted(name).join()}: ${[...quoted(labels)].sort().join()}`,
  );
  const expected = metrics.map(({ name, labelNames }) => `${name}: ${[...labelNames].sort().join()}`);
  t.same([...described].sort(), [...expected].sort());
  for (const [name, , is] of table) t.match(is, /\S/, `${name} is something`);
});

t.test('no document names a metric that there is not', async (t) => {
  const names = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
  let seen = 0;
  for (const [path, text] of documents()) {
    for (const [name] of text.matchAll(/\bpullpass_[a-z0-9_]+/g)) {
      seen += 1;
      const isKnown = names.has(name) || names.has(name.replace(/_(bucket|sum|count)$/, ''));
      t.ok(isKnown, `${path}: ${name}`);
    }
  }
  t.ok(seen > metrics.length);
});

/** By metric: every value that the label can have. The compiler knows whether one is missing. */
const VALUES: Readonly<Record<string, object>> = {
  pullpass_credential_problems: {
    refused: true,
    shadowed: true,
    'no-login': true,
    source: true,
    leaving: true,
  } satisfies Record<CatalogProblem['kind'], true>,
  // One that was stopped is not counted.
  pullpass_source_failures_total: {
    'not-found': true,
    'not-executable': true,
    timeout: true,
    exit: true,
    'too-much-output': true,
    unreadable: true,
    expired: true,
    'no-login': true,
  } satisfies Record<Exclude<ExecFailure, 'stopped'>, true>,
  pullpass_logins_kept_total: {
    kept: true,
    failed: true,
    foreign: true,
    'too-large': true,
  } satisfies Record<KeepOutcome['outcome'], true>,
  pullpass_pod_restarts_total: {
    restarted: true,
    gone: true,
    conflict: true,
    forbidden: true,
    unavailable: true,
    futile: true,
  } satisfies Record<RestartOutcome | 'futile', true>,
  pullpass_events_total: {
    written: true,
    gone: true,
    forbidden: true,
    unavailable: true,
    repeated: true,
    dropped: true,
  } satisfies Record<EventOutcome | 'repeated' | 'dropped', true>,
  pullpass_webhook_configuration_differs: {
    namespaces: true,
    workloads: true,
  } satisfies Record<ScopeDifference['setting'], true>,
};

t.test('the row of a metric has every value of its label', async (t) => {
  for (const [metric, values] of Object.entries(VALUES)) {
    const [, , is = ''] = table.find(([name]) => name === `\`${metric}\``) ?? [];
    const described = new Set(quoted(is));
    for (const value of Object.keys(values)) t.ok(described.has(value), `${metric}: ${value}`);
  }
});

t.test('every result of a tried login is described', async (t) => {
  const described = rows(part(operations, '## Credential health')).flatMap(([result = '']) => quoted(result));
  t.same([...described].sort(), Object.keys(HEALTH_RESULTS).sort());
});

t.test('an alert names what is in the table', async (t) => {
  const [, alerts = ''] = part(operations, '## Metrics').split('Worth an alert:');
  const named = new Set([...alerts.matchAll(/\bpullpass_[a-z_]+/g)].map(([name]) => name));
  const wanted = [
    'pullpass_webhook_configuration_differs',
    'pullpass_credential_health',
    'pullpass_logins_kept_total',
    'pullpass_pull_secrets_refused',
    'pullpass_source_failures_total',
    'pullpass_sync_last_full_pass_timestamp_seconds',
    'pullpass_sync_removals_held',
    'pullpass_missed_pods',
    'pullpass_elected',
  ];
  for (const name of wanted) t.ok(named.has(name), name);
});
