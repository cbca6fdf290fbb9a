// The rights of an installation: the table of the document is examples/rbac.yaml, rule by rule. That file is what the chart
// renders, which chart/values.test.ts holds.
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import {
  AUTHORITY_SECRET_NAME,
  DEFAULT_PULL_SECRET_NAME,
  LEASE_NAME,
  LOGINS_SECRET_NAME,
} from '../../src/core/names.ts';
import { part, read, rows } from './documents.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const manifest = read('examples/rbac.yaml');
const objects = parseAllDocuments(manifest).map((document) => document.toJS());

function rulesOf(kind: 'ClusterRole' | 'Role'): readonly Rule[] {
  return objects.find((object) => object.kind === kind).rules;
}

/** As the table calls the names that a rule is restricted to. */
const RESTRICTED: Readonly<Record<string, string>> = {
  [`secrets ${DEFAULT_PULL_SECRET_NAME}`]: '`resourceNames`: the name of the pull Secret',
  'mutatingwebhookconfigurations pullpass': '`resourceNames`: its own',
  [`secrets ${LOGINS_SECRET_NAME}`]: `\`resourceNames\`: \`${LOGINS_SECRET_NAME}\``,
  [`secrets ${AUTHORITY_SECRET_NAME}`]: `\`resourceNames\`: \`${AUTHORITY_SECRET_NAME}\``,
  [`leases ${LEASE_NAME}`]: `\`resourceNames\`: \`${LEASE_NAME}\``,
};

t.test('the table of the document has each rule, and no other', async (t) => {
  const expected = [
    ...rulesOf('ClusterRole').map((rule) => ['cluster', rule] as const),
    ...rulesOf('Role').map((rule) => ['own namespace', rule] as const),
  ].map(([scope, { resources, resourceNames, verbs }]) => [
    scope,
    resources.join(', '),
    resourceNames === undefined ? '' : RESTRICTED[`${resources.join()} ${resourceNames.join()}`],
    verbs.join(', '),
  ]);
  const described = rows(part(read('docs/operations.md'), '## What an installation consists of'));
  t.same(
    described.map((row) => row.slice(0, 4)),
    expected,
  );
});

t.test('to delete Pods is a rule of its own, which says what needs it', async (t) => {
  const [rule, ...others] = rulesOf('ClusterRole').filter(
    ({ resources, verbs }) => resources.includes('pods') && verbs.includes('delete'),
  );
  t.same(rule?.verbs, ['delete']);
  t.same(rule?.resources, ['pods']);
  t.same(others, []);
  t.match(manifest, /# .*`missedPods\.repair: restart` alone.*\n.*\[pods\], verbs: \[delete\]/);
});

t.test('each rule has its reason above it', async (t) => {
  const lines = manifest.split('\n');
  const rules = lines.flatMap((line, i) => (line.includes('verbs: [') ? [i] : []));
  t.equal(rules.length, rulesOf('ClusterRole').length + rulesOf('Role').length);
  for (const i of rules) {
    // One reason for both of the election.
    const above = lines[i]?.includes('leases') ? lines.slice(i - 2, i) : lines.slice(i - 1, i);
    t.ok(
      above.some((line) => /^ {2}# [A-Z].*\.$/.test(line)),
      lines[i] ?? '',
    );
  }
});

t.test('nothing is granted on all Secrets but to list and watch those of the own namespace', async (t) => {
  const wide = (kind: 'ClusterRole' | 'Role') =>
    rulesOf(kind).filter(
      ({ resources, resourceNames }) => resources.includes('secrets') && resourceNames === undefined,
    );
  t.same(wide('ClusterRole'), []);
  t.same(
    wide('Role').map(({ verbs }) => verbs),
    [['list', 'watch']],
  );
  for (const { verbs, resources, apiGroups } of [...rulesOf('ClusterRole'), ...rulesOf('Role')]) {
    t.notOk([...verbs, ...resources, ...apiGroups].includes('*'), resources.join());
  }
});
