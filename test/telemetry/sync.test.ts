// What is said and counted of passes: once, in full, and without the names of namespaces unless that is switched on.
import t from 'tap';
import type { Logger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createMissedReport } from '../../src/telemetry/missed-pods.ts';
import { createSyncReport, type PassReport } from '../../src/telemetry/sync.ts';

function start(byNamespace = false) {
  const metrics = createMetrics();
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = { info: write('info'), warn: write('warn'), error: write('error') } as unknown as Logger;
  const confirm = (removals: number): string => `confirm ${removals}`;
  const report = createSyncReport({ log, metrics, now: () => 5_000, byNamespace: () => byNamespace, confirm });
  const missed = createMissedReport({ log, metrics, byNamespace: () => byNamespace });
  return { report, missed, lines, text: () => metrics.registry.metrics() };
}

function pass(scope: PassReport['scope'], refused: Record<string, string>, more: Partial<PassReport> = {}): PassReport {
  return { scope, refused: new Map(Object.entries(refused)), written: [], held: 0, pullSecrets: 7, ms: 3, ...more };
}

t.test('a refusal is said when it appears; what few namespaces tell does not hide the others', async (t) => {
  const { report, lines, text } = start();
  t.same(report.observe(pass('all', { a: 'foreign', b: 'foreign' })).length, 2);
  t.same(report.observe(pass('all', { a: 'foreign', b: 'foreign' })), []);
  t.equal(lines.length, 2);
  report.observe(pass(new Set(['b', 'c']), { c: 'too-large' }));
  t.match(
    await text(),
    /pull_secrets_refused\{reason="foreign"\} 1\n[\s\S]*pull_secrets_refused\{reason="too-large"\} 1/,
  );
  t.match(await text(), /pullpass_pull_secrets 7\n/);
  report.clear();
  t.notMatch(await text(), /pull_secrets_refused\{/);
});

t.test('a pass that changed nothing says nothing; what was changed is counted and summed up', async (t) => {
  const { report, lines, text } = start();
  report.observe(pass('all', {}));
  t.same(lines, []);
  const change = { act: 'apply', reason: 'content' };
  const written = ['written', 'written', 'quota'].map((outcome, i) => ({ namespace: `n${i}`, ...change, outcome }));
  report.observe(pass('all', {}, { written }));
  t.match(lines[0], /"apply content written":2,"apply content quota":1/);
  t.match(lines[1], /warn a pull Secret was not changed .*n2/);
  t.match(await text(), /sync_changes_total\{act="apply",reason="content",outcome="written"\} 2/);
});

t.test('removals that are held are said with the command, again only when their number changes', async (t) => {
  const { report, lines, text } = start();
  for (const held of [200, 200, 201, 0, 0]) report.observe(pass('all', {}, { held }));
  t.equal(lines.length, 3);
  t.match(lines[0], /^error .*"confirm":"confirm 200"/);
  t.match(lines[2], /no removal waits/);
  t.match(await text(), /sync_removals_held 0\n/);
});

t.test('a namespace is in a label only if that is switched on', async (t) => {
  for (const byNamespace of [false, true]) {
    const { report, missed, text } = start(byNamespace);
    report.observe(pass('all', { shop: 'foreign' }));
    missed.observe({ missed: [{ namespace: 'shop', name: 'p', uid: 'u', isStuck: true }], pending: 3 });
    t.equal(/namespace="shop"/.test(await text()), byNamespace);
    t.match(await text(), /pullpass_missed_pods 1\n/);
  }
});

t.test('what is known now: where a write failed, what is held, when all were looked at', async (t) => {
  const { report } = start();
  const change = { act: 'apply', reason: 'missing' };
  const failed = (namespace: string, outcome: string, why?: string) => ({
    namespace,
    ...change,
    outcome,
    ...(why !== undefined && { why }),
  });
  t.same([report.lastPass(), report.held(), [...report.failed()]], [undefined, undefined, []]);
  const written = [failed('a', 'quota', 'it forbids it'), failed('b', 'unavailable'), failed('c', 'written')];
  report.observe(pass('all', {}, { written: [...written, failed('d', 'not-elected')], held: 12 }));
  const known = [
    ['a', 'quota: it forbids it'],
    ['b', 'unavailable'],
  ];
  t.same([...report.failed()], known);
  t.same([report.lastPass(), report.held()], [5_000, { removals: 12, confirm: 'confirm 12' }]);
  report.observe(pass(new Set(['c']), {}));
  t.same([...report.failed()], known, 'what few namespaces tell does not hide the others');
  report.observe(pass(new Set(['a']), {}, { written: [failed('a', 'written')] }));
  t.same([...report.failed()], known.slice(1), 'it was written at last');
  report.observe(pass('all', {}));
  t.same([report.held(), [...report.failed()]], [undefined, []], 'or nothing is to be done any more');
  report.observe(pass('all', {}, { written, held: 3 }));
  report.clear();
  t.same([report.lastPass(), report.held(), [...report.failed()]], [undefined, undefined, []], 'another is elected');
});
