// What counts of the cluster where there is none.
import t from 'tap';
import { selects } from '../../src/core/selector.ts';
import { labelsThatTakePart, rememberObjects } from '../../src/inject/known-objects.ts';
import { objectsOf } from '../../src/inject/objects.ts';
import { selectorOf } from '../core/given.ts';

const DERIVED = ['a=b', 'a=b,c', 'a in (x,y),b notin (x)', '!a', 'a!=b', 'a in (x),!b,c'];

for (const text of DERIVED) {
  t.test(`labels are found for which ${text} holds`, async (t) => {
    t.ok(selects(selectorOf(text), labelsThatTakePart(selectorOf(text))));
  });
}

t.test('a selector that contradicts itself has no labels', async (t) => {
  t.notOk(selects(selectorOf('a=b,a=c'), labelsThatTakePart(selectorOf('a=b,a=c'))));
});

const told = { namespace: 'shop', labels: { told: 'yes' }, serviceAccounts: new Map([['told', ['of-the-team']]]) };

function knownFrom(...objects: unknown[]) {
  const known = rememberObjects(told);
  for (const object of objects) objectsOf(object).forEach(known.meet);
  return known;
}

t.test('the labels of a Namespace among the manifests win, and every namespace has its name as one', async (t) => {
  const known = knownFrom({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'seen', labels: { a: 'b', c: 7 } },
  });
  t.strictSame(known.labelsOf('seen'), { a: 'b', 'kubernetes.io/metadata.name': 'seen' });
  t.strictSame(known.labelsOf('other'), { told: 'yes', 'kubernetes.io/metadata.name': 'other' });
  t.strictSame(known.labelsOf(''), { told: 'yes' }, 'one that is not known has none');
});

t.test('a ServiceAccount is known in its own namespace only', async (t) => {
  const metadata = { name: 'builder', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } };
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata, imagePullSecrets: [{ name: 'x' }, null, {}] };
  const known = knownFrom(account);
  t.strictSame(known.serviceAccount('shop', 'builder'), { pullSecrets: ['x'], enforcesMountable: true });
  t.equal(known.serviceAccount('other', 'builder'), undefined);
  t.strictSame(known.serviceAccount('other', 'told'), { pullSecrets: ['of-the-team'], enforcesMountable: false });
});

t.test('what only looks like one says nothing', async (t) => {
  const known = knownFrom(
    { apiVersion: 'example.com/v1', kind: 'Namespace', metadata: { name: 'seen', labels: { a: 'b' } } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: null, imagePullSecrets: 'x' },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'odd' }, imagePullSecrets: 'x' },
  );
  t.match(known.labelsOf('seen'), { told: 'yes' });
  t.strictSame(known.serviceAccount('shop', 'odd'), { pullSecrets: [], enforcesMountable: false });
});
