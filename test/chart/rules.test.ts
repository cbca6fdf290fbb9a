// The alerts: they name only what there is, each is seen firing and not firing by promtool, and each has a page that says what
// to do. What is tested is the very file that the chart puts into a PrometheusRule.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { WRITE_OUTCOMES } from '../../src/core/reason.ts';
import type { CatalogProblem } from '../../src/credentials/catalog.ts';
import { HEALTH_RESULTS } from '../../src/registry/try-login.ts';
import { REJECT_STATUS } from '../../src/webhook/rejection.ts';
import { read } from '../docs/documents.ts';
import { knownSeries, selectionsIn, unknownIn } from './promql.ts';
import { promtool } from './promtool.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Case {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

interface TestGroup {
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly Case[];
}

const ROOT = join(import.meta.dirname, '..', '..');
const RULES = 'charts/pullpass/files/rules.yaml';
const PAGES = 'https://github.com/pullpass/pullpass/blob/main/docs/runbooks/';
const alerts: readonly Alert[] = parse(read(RULES)).groups.flatMap(({ rules }: { rules: Alert[] }) => rules);
const named = new Set(alerts.map(({ alert }) => alert));
const files = readdirSync(join(import.meta.dirname, 'rules')).map((name) => join('test', 'chart', 'rules', name));
const groups: readonly TestGroup[] = files.flatMap((file) => parse(read(file)).tests);
const pages = readdirSync(join(ROOT, 'docs', 'runbooks'));
const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => read(join('src', path)))
  .join('\n');

t.test('promtool takes the file, and every case in it goes as it says', async (t) => {
  const checked = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', join(ROOT, RULES)]);
  t.equal(checked.code, 0, checked.output);
  const tested = await promtool(['test', 'rules', ...files.map((file) => join(ROOT, file))]);
  t.equal(tested.code, 0, tested.output);
});

t.test('each alert has a case in which it fires, and one in which it does not', async (t) => {
  const metricsOf = (expr: string): readonly string[] => selectionsIn(expr).map(({ metric }) => metric);
  for (const { alert, expr } of alerts) {
    const metrics = metricsOf(expr);
    const cases = groups.flatMap(({ input_series, alert_rule_test }) => {
      const fed = input_series.flatMap(({ series }) => metricsOf(series));
      // What is told nothing does not fire; that is no case.
      const mine = fed.some((metric) => metrics.includes(metric));
      return mine ? alert_rule_test.filter(({ alertname }) => alertname === alert) : [];
    });
    t.ok(
      cases.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} fires`,
    );
    const calm = groups.some(({ alert_rule_test }) => {
      const mine = alert_rule_test.filter(({ alertname }) => alertname === alert);
      return mine.length > 0 && mine.every((one) => cases.includes(one) && one.exp_alerts.length === 0);
    });
    t.ok(calm, `${alert} does not fire, from the beginning to the end of some story`);
  }
  const unknown = groups
    .flatMap(({ alert_rule_test }) => alert_rule_test)
    .filter(({ alertname }) => !named.has(alertname));
  t.same(unknown, []);
});

t.test('rules and their cases name only metrics and labels that there are', async (t) => {
  const known = await knownSeries();
  for (const { alert, expr } of alerts) t.same(unknownIn(expr, known), [], alert);
  for (const { name, input_series } of groups) {
    for (const { series } of input_series) t.same(unknownIn(series, known), [], `${name}: ${series}`);
  }
  t.same(unknownIn('sum by (x) (pullpass_ready{reason="a"} + pullpass_nothing)', known), [
    'pullpass_ready has no reason',
    'there is no pullpass_nothing',
    'nothing has x',
  ]);
});

const PROBLEMS = {
  refused: true,
  shadowed: true,
  'no-login': true,
  source: true,
  leaving: true,
} satisfies Record<CatalogProblem['kind'], true>;

/** By metric and label, the values that there are. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'pullpass_sync_changes_total outcome': Object.keys(WRITE_OUTCOMES),
  'pullpass_credential_health result': Object.keys(HEALTH_RESULTS),
  'pullpass_credential_problems kind': Object.keys(PROBLEMS),
  'pullpass_reviews_rejected_total status': Object.values(REJECT_STATUS).map(String),
};

t.test('what a rule compares a label with is a value that it can have', async (t) => {
  let seen = 0;
  for (const { metric, matchers } of alerts.flatMap(({ expr }) => selectionsIn(expr))) {
    for (const [label, expected] of matchers) {
      for (const alternative of expected.split('|')) {
        seen += 1;
        const pattern = new RegExp(`^(?:${alternative})$`);
        const values = VALUES[`${metric} ${label}`] ?? [];
        t.ok(
          values.some((value) => pattern.test(value)),
          `${metric} ${label}: ${alternative}`,
        );
      }
    }
  }
  t.ok(seen > 8);
});

t.test('each alert says how bad it is, what it is, with which value, and which page to open', async (t) => {
  for (const { alert, labels, annotations } of alerts) {
    t.match(labels, { severity: /^(critical|warning)$/ }, alert);
    t.same(Object.keys(annotations), ['summary', 'description', 'runbook_url'], alert);
    t.match(annotations.summary, /^[A-Z][^{}\n]{10,80}[^.\n]$/, alert);
    t.match(annotations.description, /\{\{[^}]*\$value/, alert);
    t.equal(annotations.runbook_url, `${PAGES}${alert}.md`);
  }
});

t.test('each alert has its page, each page its alert, and the four questions are answered', async (t) => {
  t.same(pages, [...named].map((alert) => `${alert}.md`).sort());
  const questions = ['What it means', 'What users notice', 'What to look at', 'What to do'];
  for (const { alert, labels } of alerts) {
    const text = read(join('docs', 'runbooks', `${alert}.md`));
    t.same(
      [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading),
      [alert, ...questions],
      alert,
    );
    t.ok(text.includes(`\n${labels.severity}: `), `${alert} is said to be ${labels.severity}`);
    t.match(text, /\$ kubectl/, alert);
    t.ok(text.split('\n').length < 60, `${alert} is short`);
  }
});

t.test('a line of the log that a page looks for is one that the program says', async (t) => {
  let seen = 0;
  for (const page of pages) {
    for (const [, quoted = ''] of read(join('docs', 'runbooks', page)).matchAll(/"msg":"([^"]+)"/g)) {
      for (const message of quoted.replace(/^\((.*)\)$/, '$1').split('|')) {
        seen += 1;
        t.ok(source.includes(`'${message}'`), `${page}: ${message}`);
      }
    }
  }
  t.ok(seen > 15);
});
