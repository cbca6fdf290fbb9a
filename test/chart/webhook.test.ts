// What the rendered webhook configuration lets reach Pullpass: exactly what the configuration says, judged by the function with
// which Pullpass compares the two while it runs.
import t from 'tap';
import { compareScope } from '../../src/cluster/webhook-rules.ts';
import { loadConfig } from '../../src/config/load.ts';
import { EXCLUDED_NAMESPACES, LABEL_INJECT } from '../../src/core/names.ts';
import { KNOWN_WORKLOADS, selectWorkloads } from '../../src/core/workload.ts';
import { OWN_NAMESPACE } from '../serve/installation.ts';
import { find, type Manifest, render } from './render.ts';

t.setTimeout(300_000);

const ROLLOUT = { group: 'argoproj.io', kind: 'Rollout', podSpec: '/spec/template/spec', update: true };
const POLICY = { group: 'batch.example', kind: 'JobPolicy', podSpec: '/spec/template/spec' };
const CHASSIS = { group: 'metal.example', kind: 'Chassis', podSpec: '/spec/template/spec' };

const rows: readonly (readonly [what: string, values: Readonly<Record<string, unknown>>])[] = [
  ['the defaults', {}],
  ['no template at all', { 'config.workloads': [] }],
  ['Pods that are named although they always take part', { 'config.workloads': ['Pod', 'Job'] }],
  ['every known kind', { 'config.workloads': KNOWN_WORKLOADS.map(({ kind }) => kind) }],
  ['custom kinds', { 'config.workloads': ['Deployment', ROLLOUT, POLICY] }],
  [
    'a plural of its own',
    { 'config.workloads': [CHASSIS], 'webhook.resources': { 'Chassis.metal.example': 'chassis' } },
  ],
  ['every namespace', { 'config.namespaces': {} }],
  [
    'a selector with expressions',
    {
      'config.namespaces': {
        matchLabels: { tier: 'apps', team: 'a' },
        matchExpressions: [
          { key: 'stage', operator: 'NotIn', values: ['dev', 'test'] },
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['legacy'] },
          { key: 'owned', operator: 'Exists' },
        ],
      },
    },
  ],
];

for (const [what, values] of rows) {
  t.test(`it does not differ from the settings: ${what}`, async (t) => {
    const manifests = await render(values);
    const loaded = loadConfig(find(manifests, 'ConfigMap').data['pullpass.yaml'], 'pullpass.yaml');
    if ('problems' in loaded) return t.fail('the configuration is good', loaded);
    const { namespaces, workloads } = loaded.config;
    const { webhooks } = find(manifests, 'MutatingWebhookConfiguration');
    const expected = { namespaces, workloads: [...selectWorkloads(workloads).values()] };
    t.same(compareScope(webhooks, expected), []);
    t.not(compareScope(webhooks, { ...expected, namespaces: { matchLabels: { other: 'x' } } }).length, 0);
  });
}

const entry = async (values: Readonly<Record<string, unknown>> = {}): Promise<Manifest> => {
  const { webhooks } = find(await render(values), 'MutatingWebhookConfiguration');
  t.equal(webhooks.length, 1);
  return webhooks[0];
};

t.test('system namespaces and our own never take part, whatever their labels say', async (t) => {
  for (const values of [{}, { 'config.namespaces': { matchLabels: { a: 'b' } } }]) {
    const { matchExpressions } = (await entry(values)).namespaceSelector;
    t.same(matchExpressions, [
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [...EXCLUDED_NAMESPACES, OWN_NAMESPACE] },
    ]);
  }
  t.same((await entry()).namespaceSelector.matchLabels, { [LABEL_INJECT]: 'enabled' });
});

t.test('there is one entry, which says all that it depends on, and never a caBundle', async (t) => {
  const { rules, namespaceSelector, matchConditions, ...rest } = await entry();
  t.same(rest, {
    name: 'inject.pullpass.dev',
    admissionReviewVersions: ['v1'],
    clientConfig: { service: { namespace: OWN_NAMESPACE, name: 'pullpass', path: '/mutate', port: 443 } },
    failurePolicy: 'Ignore',
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 3,
    matchPolicy: 'Equivalent',
    reinvocationPolicy: 'IfNeeded',
  });
  for (const { expression } of matchConditions) t.notMatch(expression, /spec|image|container/i);
});

t.test('an update is sent only where a template may be changed by it', async (t) => {
  const kinds = KNOWN_WORKLOADS.filter(({ role }) => role !== 'pod');
  const { rules } = await entry({ 'config.workloads': [...kinds.map(({ kind }) => kind), ROLLOUT, POLICY] });
  const operations = rules.map(({ operations, scope }: Record<string, unknown>) => `${operations} ${scope}`);
  const expected = [...kinds.map(({ role }) => role), 'template', 'create-only'].map((role) =>
    role === 'template' ? 'CREATE,UPDATE Namespaced' : 'CREATE Namespaced',
  );
  t.same(operations, ['CREATE Namespaced', ...expected]);
});
