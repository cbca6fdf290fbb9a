import t from 'tap';
import { compareScope, type WebhookScope } from '../../src/cluster/webhook-rules.ts';

const ENABLED = { matchLabels: { 'pullpass.dev/inject': 'enabled' } };
const PODS = { apiGroups: [''], resources: ['pods'], operations: ['CREATE'] };
const DEPLOYMENTS = { apiGroups: ['apps'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] };
const HOOK: WebhookScope = { namespaceSelector: ENABLED, rules: [PODS, DEPLOYMENTS] };
const POD = { group: '', kind: 'Pod' };
const DEPLOYMENT = { group: 'apps', kind: 'Deployment' };
const SYSTEM = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] } as const;
/** Its enforcer writes these into every webhook configuration. */
const AKS = [
  { key: 'control-plane', operator: 'DoesNotExist' },
  { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
] as const;

t.test('what differs between the settings and what reaches us', async (t) => {
  const rows = [
    ['equal', [HOOK], ENABLED, [POD, DEPLOYMENT], []],
    [
      'split over two',
      [
        { ...HOOK, rules: [PODS] },
        { ...HOOK, rules: [DEPLOYMENTS] },
      ],
      ENABLED,
      [POD, DEPLOYMENT],
      [],
    ],
    [
      'without system namespaces',
      [{ ...HOOK, namespaceSelector: { ...ENABLED, matchExpressions: [SYSTEM] } }],
      ENABLED,
      [POD],
      [],
    ],
    ['as AKS has it', [{ ...HOOK, namespaceSelector: { ...ENABLED, matchExpressions: AKS } }], ENABLED, [POD], []],
    ['another label', [HOOK], { matchLabels: { team: 'a' } }, [POD], ['namespaces']],
    [
      'narrower',
      [{ ...HOOK, namespaceSelector: { matchLabels: { ...ENABLED.matchLabels, team: 'a' } } }],
      ENABLED,
      [POD],
      ['namespaces'],
    ],
    ['every namespace', [{ ...HOOK, namespaceSelector: null }], ENABLED, [POD], ['namespaces']],
    ['a kind without a rule', [HOOK], ENABLED, [POD, { group: 'batch', kind: 'CronJob' }], ['workloads']],
    ['a kind of another group', [HOOK], ENABLED, [{ group: 'acme.io', kind: 'Deployment' }], ['workloads']],
    [
      'wildcards',
      [{ ...HOOK, rules: [{ apiGroups: ['*'], resources: ['*'], operations: ['*'] }] }],
      ENABLED,
      [POD, DEPLOYMENT],
      [],
    ],
    ['only updates', [{ ...HOOK, rules: [{ ...PODS, operations: ['UPDATE'] }] }], ENABLED, [POD], ['workloads']],
    [
      'plurals',
      [{ ...HOOK, rules: [{ ...PODS, apiGroups: ['a.io'], resources: ['policies', 'boxes'] }] }],
      ENABLED,
      [
        { group: 'a.io', kind: 'Policy' },
        { group: 'a.io', kind: 'Box' },
      ],
      [],
    ],
    ['nothing at all', [], ENABLED, [POD], ['namespaces', 'workloads']],
  ] as const;
  for (const [because, webhooks, namespaces, workloads, expected] of rows) {
    const found = compareScope(webhooks, { namespaces, workloads }).map(({ setting }) => setting);
    t.same(found, expected, because);
  }
});
