// The dashboard: it shows only what there is, and all that is ours, and its JSON is as small as Grafana takes it. promtool reads
// every expression of it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { read } from '../docs/documents.ts';
import { knownSeries, selectionsIn, unknownIn } from './promql.ts';
import { promtool } from './promtool.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

const text = read('charts/pullpass/files/dashboard.json');
const dashboard = JSON.parse(text);
const panels: readonly Panel[] = dashboard.panels;
const targets = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

t.test('it shows only metrics and labels that there are, of the namespace that is chosen', async (t) => {
  const known = await knownSeries();
  for (const { title, expr, legendFormat } of targets) {
    t.same(unknownIn(expr, known), [], title);
    for (const { matchers } of selectionsIn(expr))
      t.equal(matchers.get('namespace'), '$namespace', `${title}: ${expr}`);
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      const isThere = selectionsIn(expr).every(({ metric }) => known.get(metric)?.has(label));
      t.ok(isThere, `${title}: ${legendFormat}`);
    }
  }
  t.ok(targets.length > 40);
});

t.test('every metric of ours is on it, but those that name namespaces and are off by default', async (t) => {
  const { registry: _, ...own } = createMetrics();
  const shown = new Set(targets.flatMap(({ expr }) => selectionsIn(expr)).map(({ metric }) => metric));
  const missing = Object.values(own as unknown as Record<string, { name: string; labelNames: readonly string[] }>)
    .filter(({ labelNames }) => !labelNames.includes('namespace'))
    .filter(({ name }) => !shown.has(name) && !shown.has(`${name}_bucket`));
  t.same(
    missing.map(({ name }) => name),
    [],
  );
});

t.test('every expression is one for promtool', async (t) => {
  const rules = targets.map(({ expr }, i) => {
    const range = expr.replaceAll('$__rate_interval', '5m');
    return { record: `panel:${i}`, expr: range };
  });
  const file = join(t.testdir(), 'dashboard.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { code, output } = await promtool(['check', 'rules', '--lint=none', file]);
  t.equal(code, 0, output);
});

t.test('panels have numbers and places of their own, and rows between them', async (t) => {
  t.same(
    panels.map(({ id }) => id),
    panels.map((_, i) => i + 1),
  );
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    t.match(title, /^[A-Z]\w/i);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.notOk(x >= 24 || taken.has(`${x} ${y}`), `${title} has its place at ${x} ${y}`);
        taken.add(`${x} ${y}`);
      }
    }
  }
  const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  t.same(rows, [
    'Now',
    'Admissions',
    'Pull Secrets and sync',
    'Credentials',
    'Certificate and webhook configuration',
    'Calls to the API server',
    'Process',
  ]);
});

t.test('it brings its own variables, and nothing that an export of Grafana leaves behind', async (t) => {
  const variables: readonly { name: string; type: string }[] = dashboard.templating.list;
  t.same(
    variables.map(({ name, type }) => `${name}: ${type}`),
    ['datasource: datasource', 'namespace: query'],
  );
  for (const panel of panels) {
    if (panel.type === 'row') continue;
    t.same(panel.datasource, { type: 'prometheus', uid: '$' + '{datasource}' }, panel.title);
    const letters = (panel.targets ?? []).map(({ refId }) => refId);
    t.same(letters, ['A', 'B', 'C', 'D'].slice(0, letters.length), panel.title);
  }
  for (const key of ['id', 'version', 'iteration', '__inputs', '__requires']) t.notOk(key in dashboard, key);
  t.equal(dashboard.uid, 'pullpass');
});
