// What an entry of a webhook configuration lets through.
import t from 'tap';
import { type ReviewQuestion, reachOf, reachOfAny, type WebhookEntry } from '../../src/core/webhook-reach.ts';

const PODS = { apiGroups: [''], resources: ['pods'], operations: ['CREATE'] };
const QUESTION: ReviewQuestion = {
  ...{ namespace: { on: 'yes' }, object: { app: 'web' }, group: '', resource: 'pods', operation: 'CREATE' },
};
const ENTRY: WebhookEntry = { namespaceSelector: { matchLabels: { on: 'yes' } }, rules: [PODS] };

t.test('by selectors and rules', async (t) => {
  const rows: readonly [
    because: string,
    entry: WebhookEntry,
    question: Partial<ReviewQuestion>,
    unmet: string | undefined,
  ][] = [
    ['all agree', ENTRY, {}, undefined],
    ['no selectors at all', { rules: [PODS] }, {}, undefined],
    ['null selectors', { namespaceSelector: null, objectSelector: null, rules: [PODS] }, {}, undefined],
    ['the namespace lacks the label', ENTRY, { namespace: {} }, 'namespaceSelector on=yes'],
    ['the object lacks it', { ...ENTRY, objectSelector: { matchLabels: { app: 'db' } } }, {}, 'objectSelector app=db'],
    ['no rules', { ...ENTRY, rules: null }, {}, 'rules CREATE of pods'],
    ['another operation', ENTRY, { operation: 'UPDATE' }, 'rules UPDATE of pods'],
    ['another resource', ENTRY, { group: 'apps', resource: 'deployments' }, 'rules CREATE of deployments.apps'],
    ['every resource', { ...ENTRY, rules: [{ ...PODS, resources: ['*'] }] }, {}, undefined],
    ['every resource and subresource', { ...ENTRY, rules: [{ ...PODS, resources: ['*/*'] }] }, {}, undefined],
    ['every group and operation', { rules: [{ ...PODS, apiGroups: ['*'], operations: ['*'] }] }, {}, undefined],
    ['of the cluster alone', { rules: [{ ...PODS, scope: 'Cluster' }] }, {}, 'rules CREATE of pods'],
    ['of namespaces', { rules: [{ ...PODS, scope: 'Namespaced' }] }, {}, undefined],
    ['the namespace is told first', { ...ENTRY, rules: [] }, { namespace: {} }, 'namespaceSelector on=yes'],
  ];
  for (const [because, entry, question, unmet] of rows) {
    const reach = reachOf(entry, { ...QUESTION, ...question });
    t.equal(reach.reached ? undefined : `${reach.part} ${reach.unmet}`, unmet, because);
  }
});

t.test('conditions are named and not evaluated', async (t) => {
  const reach = reachOf({ ...ENTRY, matchConditions: [{ name: 'blue' }, {}] }, QUESTION);
  t.same(reach, { reached: true, conditions: ['blue', ''] });
});

t.test('one entry that lets it through is enough', async (t) => {
  const other = { ...ENTRY, namespaceSelector: { matchLabels: { off: 'yes' } } };
  t.equal(reachOfAny([other, ENTRY], QUESTION)?.reached, true);
  t.match(reachOfAny([other], QUESTION), { reached: false, unmet: 'off=yes' });
  t.equal(reachOfAny([], QUESTION), undefined);
});
