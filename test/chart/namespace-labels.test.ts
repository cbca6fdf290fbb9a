// The policy of the chart on labels of namespaces, in force on a real API server: whoever may write namespaces, and no more,
// changes no label that decides about credentials, whichever way he takes.
import t from 'tap';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk, makeNamespace } from '../serve/installation.ts';
import { apply, type Call, inForce, openAccount, policiesOf, refusalOf } from './policies.ts';
import { find, render } from './render.ts';

t.setTimeout(120_000);
const merge = 'application/merge-patch+json';
const path = '/api/v1/namespaces';
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const ghcr = { name: 'ghcr', match: ['ghcr.io'], source: { credentialHelper: 'acme' } };
const team = { matchExpressions: [{ key: 'team', operator: 'In', values: ['payments'] }] };
const region = { matchLabels: { 'example.com/region': 'eu', 'kubernetes.io/metadata.name': 'shop' } };
const rendered = await render({
  'config.credentials': [ghcr, { ...ghcr, name: 'a', namespaces: team }, { ...ghcr, name: 'b', namespaces: region }],
  'policies.namespaceLabels': { enabled: true, keys: ['stage', 'it") || true || ("'] },
});
await apply(plane, [...policiesOf(rendered), find(rendered, 'ClusterRole', 'pullpass-grant')]);
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const account = { kind: 'ServiceAccount', name: 'labeller', namespace: 'default' };
const roleRef = (name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });
const namespaces = {
  apiGroups: [''],
  resources: ['namespaces', 'namespaces/status', 'namespaces/finalize'],
  verbs: ['*'],
};
await expectOk(api.call('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'labeller' } }));
await expectOk(api.call('POST', `${rbac}/clusterroles`, { metadata: { name: 'labeller' }, rules: [namespaces] }));
await bind('clusterrolebindings', 'labeller');
const labeller = await openAccount(plane, 'default', 'labeller');
t.teardown(() => labeller.close());
await makeNamespace(api, 'shop', { 'pullpass.dev/inject': 'enabled', team: 'payments', other: 'x' });

function bind(resource: string, role: string): Promise<unknown> {
  const binding = { metadata: { name: role }, roleRef: roleRef(role), subjects: [account] };
  return expectOk(api.call('POST', `${rbac}/${resource}`, binding));
}

const refusalFor = (keys: string): string =>
  `labels that decide which credentials a namespace may use: ${keys}; ` +
  'to set, change or remove them needs the verb grant on credentials.pullpass.dev';
const namespace = (name: string, labels: object): object => ({
  ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
});
const relabel = (labels: object, subresource = ''): Call => [
  ...(['PATCH', `${path}/shop${subresource}`, { metadata: { labels } }, merge] as const),
];
const labelsOf = async (name: string): Promise<unknown> =>
  (await api.call('GET', `${path}/${name}`)).body.metadata.labels;

t.test('whoever may write namespaces changes no label that a selector reads', async (t) => {
  await inForce(labeller, ['POST', `${path}?dryRun=All`, namespace('probe', { team: 'payments' })]);
  const { body } = await api.call('GET', `${path}/shop`);
  const replaced = { ...body, metadata: { ...body.metadata, labels: { other: 'x' } } };
  const moved = { ...body, metadata: { ...body.metadata, labels: { ...body.metadata.labels, team: 'red' } } };
  const apply = `${path}/shop?fieldManager=somebody&force=true`;
  const rows: readonly (readonly [what: string, keys: string, call: Call])[] = [
    ['made with one', 'team', ['POST', path, namespace('new', { team: 'payments' })]],
    ['made with an empty one', 'stage', ['POST', path, namespace('new', { stage: '' })]],
    [
      'made with several',
      'pullpass.dev/inject, team',
      ['POST', path, namespace('new', { team: 'a', 'pullpass.dev/inject': 'b' })],
    ],
    ['added', 'example.com/region', relabel({ 'example.com/region': 'eu' })],
    ['added, of the key of an annotation', 'stage', relabel({ stage: 'prod' })],
    ['changed', 'team', relabel({ team: 'red' })],
    ['removed', 'team', relabel({ team: null })],
    ['left out of a replacement', 'pullpass.dev/inject, team', ['PUT', `${path}/shop`, replaced]],
    ['applied', 'team', ['PATCH', apply, namespace('shop', { team: 'red' }), 'application/apply-patch+yaml']],
    ['by way of the status', 'team', relabel({ team: 'red' }, '/status')],
    ['by way of the finalizers', 'team', ['PUT', `${path}/shop/finalize`, moved]],
  ];
  for (const [what, keys, call] of rows) t.equal(await refusalOf(labeller, call), refusalFor(keys), what);
  t.same(await labelsOf('shop'), body.metadata.labels);
});

t.test('everything else of a namespace is his', async (t) => {
  await expectOk(labeller.call('POST', path, namespace('free', { other: 'x', 'pullpass.dev/injected': 'enabled' })));
  await expectOk(labeller.call(...relabel({ other: 'y', further: 'z', team: 'payments' })));
  await expectOk(labeller.call('PATCH', `${path}/shop`, { metadata: { annotations: { team: 'red' } } }, merge));
  await expectOk(labeller.call(...relabel({ other: null }, '/status')));
  await makeNamespace(api, 'leaving', { team: 'payments' });
  await expectOk(labeller.call('DELETE', `${path}/leaving`));
  const gone = async () => ((await api.call('GET', `${path}/leaving`)).status === 404 ? true : undefined);
  t.ok(await eventually('it is gone', gone), 'controllers finish what he began');
});

t.test('a namespace cannot be called otherwise than it is, so its name needs no guard', async (t) => {
  for (const value of ['pullpass-system', null]) {
    for (const subresource of ['', '/status']) {
      await api.call(...relabel({ 'kubernetes.io/metadata.name': value }, subresource));
      t.match(await labelsOf('shop'), { 'kubernetes.io/metadata.name': 'shop' });
    }
  }
  await expectOk(labeller.call('POST', path, namespace('posing', { 'kubernetes.io/metadata.name': 'shop' })));
  t.same(await labelsOf('posing'), { 'kubernetes.io/metadata.name': 'posing' });
});

t.test('whoever may grant may label, and only if he may in the whole cluster', async (t) => {
  await bind('namespaces/shop/rolebindings', 'cluster-admin');
  await eventually('the RoleBinding counts', async () =>
    (await labeller.call('GET', '/api/v1/namespaces/shop/secrets')).status === 200 ? true : undefined,
  );
  t.equal(await refusalOf(labeller, relabel({ team: 'red' })), refusalFor('team'), 'every right there is not enough');
  await bind('clusterrolebindings', 'pullpass-grant');
  await eventually('he may', async () =>
    (await labeller.call(...relabel({ team: 'red' }))).status === 200 ? true : undefined,
  );
  await expectOk(labeller.call('POST', path, namespace('new', { team: 'payments', 'pullpass.dev/inject': 'enabled' })));
  t.match(await labelsOf('shop'), { team: 'red' });
});
