// The cluster edge against a real API server: what it relies on there (create-only apply, rights by name, conflicts, quotas,
// deletions) is what fakes get wrong.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { parse } from 'yaml';
import { connect, type Verb } from '../../src/cluster/client.ts';
import { type CredentialSecret, watchCredentialSecrets } from '../../src/cluster/credential-secrets.ts';
import { liveReads } from '../../src/cluster/live-reads.ts';
import { lookup } from '../../src/cluster/lookup.ts';
import { newProjection } from '../../src/cluster/pull-secret-projection.ts';
import { type PullSecretWrite, type WriteResult, writePullSecret } from '../../src/cluster/pull-secret-writer.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';
import { openView } from '../../src/cluster/view.ts';
import { LABEL_INSTANCE, LABEL_MANAGED_BY } from '../../src/core/names.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { memoryLog } from './fake-api.ts';

t.setTimeout(900_000);
const NAME = 'pullpass-dockercfg';
const OWN = 'pullpass-system';
const controlPlane = await startControlPlane();
t.teardown(() => controlPlane.stop());
const admin = connect({ kubeconfig: controlPlane.kubeconfig });
t.teardown(() => admin.close());

type Ask = readonly [verb: Verb, path: string, body?: unknown, contentType?: string];
// biome-ignore lint/suspicious/noExplicitAny: objects of the API as a test asks for them
async function ask(...[verb, path, body, contentType]: Ask): Promise<any> {
  const type = contentType === undefined ? {} : { contentType };
  const { status, body: answer } = await admin.call({ verb, resource: 'any', path, body, ...type, timeoutMs: 10_000 });
  if (status >= 300) throw new Error(`${verb} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
}
const make = (path: string, body: object) => ask('create', path, body);
const makeNamespace = (name: string, labels: object = {}) => make('/api/v1/namespaces', { metadata: { name, labels } });

/** Rights as the chart grants them: on Secrets only by name. */
async function limitedKubeconfig(): Promise<string> {
  const rules = [
    { apiGroups: [''], resources: ['namespaces', 'serviceaccounts'], verbs: ['get', 'list', 'watch'] },
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: [NAME],
      verbs: ['get', 'list', 'watch', 'create', 'patch'],
    },
  ];
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: 'pullpass' });
  const subjects = [{ kind: 'ServiceAccount', name: 'pullpass', namespace: OWN }];
  await makeNamespace(OWN);
  await make(`/api/v1/namespaces/${OWN}/serviceaccounts`, { metadata: { name: 'pullpass' } });
  await make(`${rbac}/clusterroles`, { metadata: { name: 'pullpass' }, rules });
  await make(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'pullpass' },
    roleRef: roleRef('ClusterRole'),
    subjects,
  });
  const own = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }];
  await make(`${rbac}/namespaces/${OWN}/roles`, { metadata: { name: 'pullpass' }, rules: own });
  await make(`${rbac}/namespaces/${OWN}/rolebindings`, {
    metadata: { name: 'pullpass' },
    roleRef: roleRef('Role'),
    subjects,
  });
  const issued = await make(`/api/v1/namespaces/${OWN}/serviceaccounts/pullpass/token`, { spec: {} });
  return kubeconfigWith(issued.status.token);
}

/** The administrator's kubeconfig with another user. */
function kubeconfigWith(token: string): string {
  const config = parse(readFileSync(controlPlane.kubeconfig, 'utf8'));
  for (const entry of config.users) entry.user = { token };
  return join(t.testdir({ limited: JSON.stringify(config) }), 'limited');
}

const calls: string[] = [];
const log = memoryLog();
const client = connect({
  kubeconfig: await limitedKubeconfig(),
  onCall: (verb, resource, status) => calls.push(`${verb} ${resource} ${status}`),
});
const project = newProjection(OWN);
const common = { client, pullSecretName: NAME, project, time: SYSTEM_TIME, log };
const view = openView(common);
const live = liveReads(common);
t.teardown(async () => {
  await view.stop();
  await client.close();
});
await view.whenSynced;

async function eventually(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(5);
  }
}

function write(namespace: string, more: Partial<PullSecretWrite> = {}): Promise<WriteResult> {
  const text = JSON.stringify({ auths: { 'registry.example.com': { auth: 'bm9ib2R5Om5vdGhpbmc=' } } });
  return writePullSecret(client, project, {
    namespace,
    name: NAME,
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
    labels: { [LABEL_MANAGED_BY]: 'pullpass', [LABEL_INSTANCE]: OWN },
    annotations: { 'pullpass.dev/credentials': 'harbor' },
    timeoutMs: 5000,
    ...more,
  });
}

function stateOf(result: WriteResult) {
  if (result.result !== 'written') throw new Error(`not written: ${result.result} ${result.message}`);
  return result.state;
}

t.test('creates what is missing and rewrites what was seen, with rights by name only', async (t) => {
  await makeNamespace('shop');
  const created = stateOf(await write('shop'));
  t.match(created, { ours: true, credentials: ['harbor'], type: 'kubernetes.io/dockerconfigjson' });
  await eventually(() => view.pullSecret('shop') !== undefined, 'the watch tells of it');
  t.same(view.pullSecret('shop'), created, 'the watch and the write tell the same');
  t.same(await live.pullSecret('shop'), { found: created });
  t.match(await write('shop'), { result: 'conflict' }, 'create-only');
  t.equal(stateOf(await write('shop', { seen: created })).resourceVersion, created.resourceVersion, 'nothing changed');

  const annotations = { 'pullpass.dev/credentials': 'ghcr,harbor' };
  const rewritten = stateOf(await write('shop', { seen: created, annotations }));
  t.same(rewritten.credentials, ['ghcr', 'harbor']);
  t.match(await write('shop', { seen: created, annotations: {} }), { result: 'conflict', message: /not the object/ });
  t.match(await write('shop', { seen: { ...rewritten, uid: created.uid.replace(/./g, '0') } }), { result: 'conflict' });
  t.match(await write('shop', { seen: rewritten, type: 'kubernetes.io/dockercfg' }), { result: 'invalid' });
  await ask('delete', `/api/v1/namespaces/shop/secrets/${NAME}`);
  t.match(await write('shop', { seen: rewritten }), { result: 'conflict' }, 'gone is not the object that was seen');
  await eventually(() => view.pullSecret('shop') === undefined, 'the watch tells that it is gone');
  const again = stateOf(await write('shop'));
  t.match(
    await write('shop', { seen: rewritten, annotations: {} }),
    { result: 'conflict' },
    'a new object of the name',
  );
  t.equal(
    (await ask('get', `/api/v1/namespaces/shop/secrets/${NAME}`)).metadata.resourceVersion,
    again.resourceVersion,
  );
  await ask('delete', `/api/v1/namespaces/shop/secrets/${NAME}`);
  t.same(await live.pullSecret('shop'), { absent: true });
});

t.test('a hundred creates at once make one Secret', async (t) => {
  await makeNamespace('crowd');
  const results = await Promise.all(Array.from({ length: 100 }, () => write('crowd')));
  t.equal(results.filter(({ result }) => result === 'written').length, 1);
  t.equal(results.filter(({ result }) => result === 'conflict').length, 99);
});

t.test('a foreign Secret of our name is a conflict and stays as it is', async (t) => {
  await makeNamespace('foreign');
  const before = await make('/api/v1/namespaces/foreign/secrets', { metadata: { name: NAME }, data: { a: 'Yg==' } });
  await eventually(() => view.pullSecret('foreign') !== undefined, 'the watch tells of it');
  const seen = view.pullSecret('foreign');
  t.match(seen, { ours: false, credentials: [] });
  t.match(await write('foreign'), { result: 'conflict' });
  const data = { a: 'Yw==' };
  const held = await write('foreign', { type: 'Opaque', data, ...(seen && { seen }) });
  t.match(held, { result: 'conflict', message: /another field manager/ });
  t.same(await ask('get', `/api/v1/namespaces/foreign/secrets/${NAME}`), before);
});

t.test('a namespace that is being deleted, or gone, takes no Secret', async (t) => {
  await makeNamespace('leaving');
  const metadata = { name: 'holds-it-up', finalizers: ['example.com/wait'] };
  await make('/api/v1/namespaces/leaving/configmaps', { metadata });
  await ask('delete', '/api/v1/namespaces/leaving');
  t.match(await write('leaving'), { result: 'terminating' });
  await eventually(() => view.namespace('leaving')?.terminating === true, 'the view knows');
  t.match(await write('never-made'), { result: 'terminating', message: /gone/ });
  const patch = [{ op: 'remove', path: '/metadata/finalizers' }];
  await ask('patch', '/api/v1/namespaces/leaving/configmaps/holds-it-up', patch, 'application/json-patch+json');
});

t.test('a quota without room is told as such, missing rights too', async (t) => {
  await makeNamespace('poor');
  await make('/api/v1/namespaces/poor/resourcequotas', { metadata: { name: 'q' }, spec: { hard: { secrets: '0' } } });
  let hard: unknown;
  while (hard === undefined) {
    await delay(50);
    hard = (await ask('get', '/api/v1/namespaces/poor/resourcequotas/q')).status?.hard;
  }
  await delay(200);
  t.match(await write('poor'), { result: 'quota' }, 'once the quota is in force');
  t.match(await write('poor', { name: 'another-name' }), { result: 'forbidden' });
  t.match(await write('poor', { timeoutMs: 0 }), { result: 'deadline' });
});

t.test('a namespace made a moment ago is found without the budget of live reads', async (t) => {
  const look = lookup({ view, live: liveReads({ ...common, budgetPerSecond: 1 }), time: SYSTEM_TIME });
  const enabled = { 'pullpass.dev/inject': 'enabled' };
  const isGood = (labels: Readonly<Record<string, string>>) => labels['pullpass.dev/inject'] === 'enabled';
  const names = Array.from({ length: 50 }, (_, n) => `burst-${n}`);
  const before = calls.filter((call) => call.startsWith('get ')).length;
  const found = await Promise.all(
    names.map(async (name) => {
      await makeNamespace(name, enabled);
      return look.namespace(name, isGood, 5_000);
    }),
  );
  t.equal(found.filter((answer) => 'found' in answer && isGood(answer.found.labels)).length, names.length);
  t.ok(calls.filter((call) => call.startsWith('get ')).length - before <= 5);
  t.same(await liveReads(common).namespace('never-made'), { absent: true });
});

t.test('labelled Secrets are reported as they come, change and go', async (t) => {
  const seen: CredentialSecret[] = [];
  const gone: string[] = [];
  const reports = {
    onSecret: (secret: CredentialSecret) => seen.push(secret),
    onGone: (name: string) => gone.push(name),
  };
  const watch = watchCredentialSecrets({ client, namespace: OWN, time: SYSTEM_TIME, log, ...reports });
  t.teardown(() => watch.stop());
  await watch.whenSynced;
  const labels = { 'pullpass.dev/credential': 'enabled' };
  const type = 'kubernetes.io/dockerconfigjson';
  const path = `/api/v1/namespaces/${OWN}/secrets`;
  const docker = (auth: string) => ({ '.dockerconfigjson': `{"auths":{"ghcr.io":{"auth":"${auth}"}}}` });
  await make(path, { metadata: { name: 'ghcr', labels }, type, stringData: docker('YTpi') });
  await make(path, { metadata: { name: 'unlabelled' }, type, stringData: docker('YTpi') });
  await eventually(() => seen.length === 1, 'it is reported');
  t.match(seen[0], { name: 'ghcr', type, data: docker('YTpi')['.dockerconfigjson'] });
  const merge = 'application/merge-patch+json';
  await ask('patch', `${path}/ghcr`, { stringData: docker('YTpj') }, merge);
  await eventually(() => seen.length === 2, 'its change is reported');
  t.match(seen[1]?.data, 'YTpj');
  await ask('patch', `${path}/ghcr`, { metadata: { labels: { 'pullpass.dev/credential': null } } }, merge);
  await eventually(() => gone.length === 1, 'losing the label is going');
  await ask('patch', `${path}/ghcr`, { metadata: { labels } }, merge);
  await eventually(() => seen.length === 3, 'and getting it again is coming');
  await ask('delete', `${path}/ghcr`);
  await eventually(() => gone.length === 2, 'it is gone');
});

t.test('an API server that dies and comes back is followed again within seconds', async (t) => {
  await controlPlane.killApiServer();
  t.match(await write('shop', { timeoutMs: 500 }), { result: /^(unavailable|deadline)$/ });
  t.match(await liveReads(common).namespace('shop'), { unknown: /./ });
  t.ok(view.namespace('shop'), 'what was known stays known');
  await delay(1000);
  await controlPlane.startApiServer();
  const back = Date.now();
  await makeNamespace('after');
  await eventually(() => view.namespace('after') !== undefined, 'the view follows again', 20_000);
  await eventually(() => view.serviceAccount('after', 'default') !== undefined, 'for each resource', 20_000);
  t.comment(`healed ${Date.now() - back} ms after the API server was ready`);
  stateOf(await write('after'));
  await eventually(() => view.pullSecret('after') !== undefined, 'for Secrets too', 20_000);
  t.equal(view.callbackErrors(), 0);
});
