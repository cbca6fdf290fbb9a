// From nothing to an injected Pod by the commands of the README, and back: what helm installs runs as its manifests say, with the
// rights and under the policies of the chart; then the main stories; then helm uninstalls, and what is left is said in full.
import t from 'tap';
import { inForce, openAccount } from '../chart/policies.ts';
import type { Manifest } from '../chart/render.ts';
import { eventually, expectOk, makeNamespace, OWN_NAMESPACE, PULL_SECRET, pod } from '../serve/installation.ts';
import { openCluster } from './cluster.ts';
import { commandsOf } from './commands.ts';
import { addedSince, inventory } from './inventory.ts';

t.setTimeout(300_000);
const TOKEN = 'fake-token-1';
const cluster = await openCluster({ TOKEN });
t.teardown(() => cluster.end());
const { plane, node, path, run } = cluster;
const { api } = plane;
const SHOP = '/api/v1/namespaces/shop';
const LISTED = [{ name: PULL_SECRET }];

// The user's cluster as it was.
await makeNamespace(api, 'shop', {});
const before = await inventory(api);

const get = async (path: string): Promise<Manifest> => (await expectOk(api.call('GET', path))).body;
const pullSecret = (): Promise<Manifest> => get(`${SHOP}/secrets/${PULL_SECRET}`);

/** The one of a Deployment. */
async function podOf(app: string): Promise<Manifest> {
  return (await get(`${SHOP}/pods?labelSelector=app%3D${app}`)).items[0];
}

/** What the pull Secret holds. */
async function password(): Promise<string | undefined> {
  const { status, body } = await api.call('GET', `${SHOP}/secrets/${PULL_SECRET}`);
  if (status !== 200) return undefined;
  const { auths } = JSON.parse(Buffer.from(body.data['.dockerconfigjson'], 'base64').toString());
  return Buffer.from(auths['ghcr.io'].auth, 'base64')
    .toString()
    .replace(/^robot:/, '');
}

const [install = [], use = []] = commandsOf('README.md', '## Install it');

t.test('four commands, and a Pod with a private image is injected', async (t) => {
  t.equal(install.length, 4);
  for (const { line } of install) t.comment((await run(line)).trim().split('\n')[0]);
  const replicas = node.running();
  t.equal(replicas.length, 2);
  for (const { line, prints } of use) t.equal((await run(line)).trim(), prints, line);
  const made = await get(`${SHOP}/pods/web`);
  t.same(made.spec.imagePullSecrets, LISTED);
  const secret = await pullSecret();
  t.equal(await password(), TOKEN);
  t.ok(Number(secret.metadata.resourceVersion) < Number(made.metadata.resourceVersion), 'the Secret was there first');
});

t.test('what runs has the rights of its ServiceAccount, and the policies hold it to them', async (t) => {
  const account = await openAccount(plane, OWN_NAMESPACE, 'pullpass');
  t.teardown(() => account.close());
  t.equal((await account.call('GET', `${SHOP}/secrets`)).status, 403, 'RBAC: no other Secrets');
  const foreign = { metadata: { name: PULL_SECRET }, type: 'kubernetes.io/dockerconfigjson' };
  const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
  await makeNamespace(api, 'stranger', {});
  await expectOk(api.call('POST', '/api/v1/namespaces/stranger/secrets', { ...foreign, data }));
  await inForce(account, ['DELETE', `/api/v1/namespaces/stranger/secrets/${PULL_SECRET}?dryRun=All`]);
  await expectOk(api.call('DELETE', '/api/v1/namespaces/stranger'));
  t.notMatch(
    node
      .running()
      .map(({ output }) => output())
      .join(''),
    /"level":"(error|fatal)"|forbidden/i,
  );
});

t.test('a Pod with public images is left alone', async (t) => {
  const { body } = await expectOk(api.call('POST', `${SHOP}/pods`, pod('public', 'nginx', 'quay.io/acme/tool:1')));
  t.equal(body.spec.imagePullSecrets, undefined);
});

t.test('the template of a Deployment is injected, and so are its Pods', async (t) => {
  await run('kubectl -n shop create deployment api --image=ghcr.io/acme/api:1');
  const { spec } = await get('/apis/apps/v1/namespaces/shop/deployments/api');
  t.same(spec.template.spec.imagePullSecrets, LISTED);
  await eventually('its Pod', () => podOf('api'));
  t.same((await podOf('api')).spec.imagePullSecrets, LISTED);
});

t.test('a rotated login is in the namespace', async (t) => {
  const rotated = 'fake-token-2';
  const { line } = install[1] ?? { line: '' };
  await run(`${line.replace('"$TOKEN"', rotated)} --dry-run=client -o yaml | kubectl apply -f -`);
  await eventually('the rotated login', async () => ((await password()) === rotated ? true : undefined));
  t.equal(
    (await get(`/api/v1/namespaces/${OWN_NAMESPACE}/secrets/ghcr`)).metadata.labels['pullpass.dev/credential'],
    'enabled',
  );
});

t.test('a pull Secret that is deleted comes back', async (t) => {
  const { uid } = (await pullSecret()).metadata;
  await run(`kubectl -n shop delete secret ${PULL_SECRET}`);
  await eventually('another one', async () => ((await password()) === undefined ? undefined : true));
  t.not((await pullSecret()).metadata.uid, uid);
  t.equal(await password(), 'fake-token-2');
});

t.test('helm uninstall leaves pull Secrets and their names, and nothing else of ours', async (t) => {
  const replicas = node.running().map(({ name }) => name);
  await run('helm uninstall pullpass --namespace pullpass-system');
  t.same(node.running(), [], 'it waited for the replicas');
  for (const name of replicas) t.equal(node.ended.find((one) => one.name === name)?.code, 0, `${name} drained`);
  t.same(path.strays, [], 'nobody was called but the Service');
  const made = await podOf('api');
  t.same(await addedSince(before, api), [
    'deployments.apps shop/api',
    'namespaces pullpass-system',
    `pods shop/${made.metadata.name}`,
    'pods shop/public',
    'pods shop/web',
    `replicasets.apps shop/${made.metadata.ownerReferences[0].name}`,
    'secrets pullpass-system/ghcr',
    `secrets shop/${PULL_SECRET}`,
    'serviceaccounts pullpass-system/default',
  ]);
  const { spec } = await get('/apis/apps/v1/namespaces/shop/deployments/api');
  t.same(spec.template.spec.imagePullSecrets, LISTED);
  t.equal(await password(), 'fake-token-2');
});
