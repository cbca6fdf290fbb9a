// What is kept of a ServiceAccount and of the pull Secret.
import t from 'tap';
import { PLAIN_SERVICE_ACCOUNT, readPullSecret, readServiceAccount } from '../../src/core/surroundings.ts';

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';

t.test('a ServiceAccount', async (t) => {
  for (const plain of [
    {},
    { metadata: {} },
    { imagePullSecrets: null },
    { imagePullSecrets: [] },
    { imagePullSecrets: [null, {}, { name: '' }] },
  ]) {
    t.equal(readServiceAccount(plain), PLAIN_SERVICE_ACCOUNT, 'the plain one is shared');
  }
  t.same(readServiceAccount({ imagePullSecrets: [{ name: 'b' }, null, { name: 'a' }] }).pullSecrets, ['b', 'a']);
  for (const [value, enforces] of [
    ['true', true],
    ['True', false],
    ['1', false],
    ['', false],
  ] as const) {
    t.equal(readServiceAccount({ metadata: { annotations: { [ENFORCE]: value } } }).enforcesMountable, enforces, value);
  }
});

t.test('the pull Secret is ours only with both marks', async (t) => {
  const annotations = { 'pullpass.dev/credentials': 'a,b' };
  const managed = { 'app.kubernetes.io/managed-by': 'pullpass' };
  const instance = { 'pullpass.dev/instance': 'here' };
  const rows: readonly (readonly [labels: Record<string, string>, ours: boolean])[] = [
    [{ ...managed, ...instance }, true],
    [managed, false],
    [instance, false],
    [{ ...managed, 'pullpass.dev/instance': 'there' }, false],
    [{ ...instance, 'app.kubernetes.io/managed-by': 'Helm' }, false],
    [{}, false],
  ];
  for (const [labels, ours] of rows) {
    const state = readPullSecret(
      { metadata: { uid: 'u', resourceVersion: '3', labels, annotations }, type: 'x' },
      'here',
    );
    const credentials = ours ? ['a', 'b'] : [];
    t.same(state, { uid: 'u', resourceVersion: '3', type: 'x', ours, credentials }, JSON.stringify(labels));
  }
  const labels = { ...managed, ...instance };
  t.same(readPullSecret({ metadata: { labels } }, 'here').credentials, [], 'no annotation names nobody');
  t.same(
    readPullSecret({ metadata: { labels, annotations: { 'pullpass.dev/credentials': '' } } }, 'here').credentials,
    [],
  );
  t.same(readPullSecret({}, 'here'), { uid: '', resourceVersion: '', type: 'Opaque', ours: false, credentials: [] });
});
