// The policies of the chart that limit Pullpass's own ServiceAccount, in force on a real API server: Pullpass at work never runs
// into them, and a thief with its token does, even one with every right that RBAC can give.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  makeNamespace,
  OWN_NAMESPACE,
  PULL_SECRET,
  pod,
  startServe,
  WEBHOOK,
} from '../serve/installation.ts';
import { type Attempt, apply, inForce, openAccount, policiesOf, refusalOf } from './policies.ts';
import { render } from './render.ts';

t.setTimeout(300_000);
const merge = 'application/merge-patch+json';
const json = 'kubernetes.io/dockerconfigjson';
const old = 'kubernetes.io/dockercfg';
const docker = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
const mark = { 'app.kubernetes.io/managed-by': 'pullpass', 'pullpass.dev/instance': OWN_NAMESPACE };

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const kubeconfig = await limitedKubeconfig(plane);
await apply(plane, policiesOf(await render({ 'config.missedPods.repair': 'restart' })));
const thief = await openAccount(plane, OWN_NAMESPACE, 'pullpass');
t.teardown(() => thief.close());

const configuration = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
const secretsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
const pullSecretOf = (namespace: string): string => `${secretsOf(namespace)}/${PULL_SECRET}`;
const secret = (labels: object, rest: object = {}): object => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: PULL_SECRET, labels }, type: json, data: docker },
  ...rest,
});
const textOf = async (namespace: string): Promise<string> => {
  const { body } = await api.call('GET', pullSecretOf(namespace));
  return Object.entries(body.data ?? {}).reduce(
    (text, [key, value]) => `${text} ${key}=${Buffer.from(String(value), 'base64')}`,
    String(body.type ?? body.code),
  );
};

t.test('each is there with what it is for, and not without', async (t) => {
  const names = async (values: Readonly<Record<string, unknown>>): Promise<readonly string[]> =>
    policiesOf(await render(values))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      .sort();
  const both = (...policies: readonly string[]): readonly string[] =>
    ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'].flatMap((kind) =>
      policies.map((name) => `${kind} pullpass-${name}`),
    );
  const restart = { 'config.missedPods.repair': 'restart' };
  const off = { 'policies.ownWrites.enabled': false };
  t.same(await names({}), both('own-webhook', 'own-writes'));
  t.same(await names(restart), both('own-restarts', 'own-webhook', 'own-writes'));
  t.same(await names({ ...restart, ...off }), []);
  const labels = { ...off, 'policies.namespaceLabels.enabled': true };
  t.same(await names(labels), both('namespace-labels'));
  const byName = { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } };
  t.same(await names({ ...labels, 'config.namespaces': byName }), [], 'no label that could be forged');
});

t.test('each is in force', async () => {
  await makeNamespace(api, 'stranger', {});
  await expectOk(api.call('POST', secretsOf('stranger'), secret({ 'stranger.example.com/owner': 'somebody' })));
  // What the ServiceAccount may do by its role, and only the policies forbid.
  await inForce(thief, ['DELETE', `${pullSecretOf('stranger')}?dryRun=All`]);
  await inForce(thief, ['PATCH', `${configuration}?dryRun=All`, { webhooks: [] }, merge]);
  await expectOk(api.call('POST', '/api/v1/namespaces/stranger/pods', pod('bare', 'nginx')));
  await inForce(thief, ['DELETE', '/api/v1/namespaces/stranger/pods/bare?dryRun=All']);
});

t.test('Pullpass at work never runs into one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-policies-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'pullpass.yaml');
  const configure = (type: string): void =>
    writeFileSync(config, JSON.stringify({ pullSecret: { type, grace: '0s' }, missedPods: { repair: 'restart' } }));
  configure(json);
  await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake-1' } });
  const serve = await startServe(plane, ['--config', config], { port, kubeconfig });
  t.teardown(() => serve.stop('SIGKILL'));
  const becomes = (what: string, expected: RegExp) =>
    eventually(what, async () => (expected.test(await textOf('shop')) ? true : undefined), 30);
  t.ok((await serve.metric('pullpass_ca_bundle_writes_total', { outcome: 'written' })) > 0, 'the caBundle');

  await makeNamespace(api, 'shop');
  const created = await expectOk(api.call('POST', '/api/v1/namespaces/shop/pods', pod('web', 'ghcr.io/acme/web')));
  t.same(created.body.spec.imagePullSecrets, [{ name: PULL_SECRET }], 'the ensure of an admission');
  t.match(await textOf('shop'), /^kubernetes\.io\/dockerconfigjson .*fake-1/);
  await startOf('late');

  const foreign = { data: { 'put-in-by-somebody': 'eA==' } };
  await expectOk(api.call('PATCH', pullSecretOf('shop'), foreign, merge));
  await makeCredential(api, 'late', { 'late.example.com': { username: 'robot', password: 'fake-2' } });
  await becomes('a further login, beside a key of somebody', /fake-2.* put-in-by-somebody=x/);
  await expectOk(api.call('DELETE', pullSecretOf('shop')));
  await becomes('made again', /^kubernetes\.io\/dockerconfigjson .*fake-2(?!.*put-in)/);
  configure(old);
  await becomes('another type', /^kubernetes\.io\/dockercfg \.dockercfg=.*fake-2/);
  const restarted = async () => ((await serve.metric('pullpass_pod_restarts_total')) > 0 ? true : undefined);
  await eventually('a missed Pod is made anew', restarted, 60);
  t.equal(await serve.metric('pullpass_pod_restarts_total', { outcome: 'restarted' }), 1);
  await expectOk(
    api.call('PATCH', '/api/v1/namespaces/shop', { metadata: { labels: { 'pullpass.dev/inject': null } } }, merge),
  );
  await becomes('deleted', /^404$/);
  t.equal(await serve.metric('pullpass_api_calls_total', { code: '403' }), 0, 'nothing was refused');
  t.equal(await serve.stop(), 0);
});

/** A ReplicaSet whose Pod was made before its credential, and waits for an image that cannot be pulled. */
async function startOf(name: string): Promise<void> {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c0', image: `${name}.example.com/app` }] } };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  await expectOk(api.call('POST', '/apis/apps/v1/namespaces/shop/replicasets', { metadata: { name }, spec }));
  const found = await eventually(`the Pod of ${name}`, async () => {
    const { body } = await api.call('GET', `/api/v1/namespaces/shop/pods?labelSelector=app%3D${name}`);
    return body.items[0]?.metadata.name as string | undefined;
  });
  const state = { waiting: { reason: 'ImagePullBackOff', message: 'as a kubelet would say' } };
  const container = { name: 'c0', image: 'x', imageID: '', ready: false, restartCount: 0, state };
  const status = { phase: 'Pending', containerStatuses: [container] };
  await expectOk(api.call('PATCH', `/api/v1/namespaces/shop/pods/${found}/status`, { status }, merge));
}

t.test('a thief with every right of RBAC', async (t) => {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
  const subjects = [{ kind: 'ServiceAccount', name: 'pullpass', namespace: OWN_NAMESPACE }];
  const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  await expectOk(api.call('POST', bindings, { metadata: { name: 'thief' }, roleRef, subjects }));
  await makeNamespace(api, 'target', {});
  await expectOk(api.call('POST', secretsOf('target'), secret({ ...mark, 'pullpass.dev/instance': 'another' })));

  const business = 'outside its own namespace Pullpass writes and deletes pull Secrets only';
  const notOwn = 'a Secret without the mark of this Pullpass is not its own';
  const type = 'a pull Secret is of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg';
  const key = 'Pullpass writes the docker config of a pull Secret and no other key';
  const held = 'Pullpass changes neither owners nor finalizers';
  const finalizers = ['stranger.example.com/never'];
  const nobody = { apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: '00000000-0000-0000-0000-000000000000' };
  const forced = '?fieldManager=pullpass&force=true';
  const applyType = 'application/apply-patch+yaml';
  const withKey = secret(mark, { data: { ...docker, id_rsa: 'eA==' } });
  const nameless = { metadata: { generateName: `${PULL_SECRET}-`, labels: mark } };
  const shop = secretsOf('shop');
  const theirs = pullSecretOf('stranger');

  await t.test('makes no Secret but a pull Secret', async (t) => {
    const named = { metadata: { name: 'another', labels: mark } };
    const token = { metadata: { ...named.metadata, annotations: { 'kubernetes.io/service-account.name': 'default' } } };
    const rows: readonly Attempt[] = [
      ['of another name', business, ['POST', shop, secret(mark, named)]],
      ['of a generated name', business, ['POST', shop, secret(mark, nameless)]],
      ['that is a token', business, ['POST', shop, { ...token, type: 'kubernetes.io/service-account-token' }]],
      ['in kube-system', business, ['POST', secretsOf('kube-system'), secret(mark, named)]],
      ['without the mark', notOwn, ['POST', shop, secret({})]],
      ['with half of it', notOwn, ['POST', shop, secret({ 'app.kubernetes.io/managed-by': 'pullpass' })]],
      ['of another type', type, ['POST', shop, secret(mark, { type: 'Opaque' })]],
      [
        'that never goes',
        held,
        ['POST', shop, secret(mark, { metadata: { name: PULL_SECRET, labels: mark, finalizers } })],
      ],
      ['without a type', type, ['POST', shop, secret(mark, { type: undefined })]],
      ['with a key beside', key, ['POST', shop, secret(mark, { stringData: { id_rsa: 'fake' } })]],
      ['applied with a key', key, ['PATCH', `${shop}/${PULL_SECRET}${forced}`, withKey, applyType]],
    ];
    for (const [what, refusal, call] of rows) t.equal(await refusalOf(thief, call), refusal, what);
  });

  await t.test("overwrites, deletes and takes over no stranger's Secret", async (t) => {
    const before = (await api.call('GET', theirs)).body;
    const replaced = { ...before, metadata: { ...before.metadata, labels: mark } };
    const rows: readonly Attempt[] = [
      ['merged', notOwn, ['PATCH', theirs, { data: docker }, merge]],
      ['marked as ours', notOwn, ['PATCH', theirs, { metadata: { labels: mark } }, merge]],
      ['replaced', notOwn, ['PUT', theirs, replaced]],
      ['applied by force', notOwn, ['PATCH', `${theirs}${forced}`, secret(mark), applyType]],
      [
        'patched',
        notOwn,
        ['PATCH', theirs, [{ op: 'replace', path: '/data', value: docker }], 'application/json-patch+json'],
      ],
      ['deleted', notOwn, ['DELETE', theirs]],
      ['deleted with all', notOwn, ['DELETE', secretsOf('stranger')]],
      ["another Pullpass's, deleted", notOwn, ['DELETE', pullSecretOf('target')]],
      ["another Pullpass's, merged", notOwn, ['PATCH', pullSecretOf('target'), { metadata: { labels: mark } }, merge]],
    ];
    for (const [what, refusal, call] of rows) t.equal(await refusalOf(thief, call), refusal, what);
    t.same((await api.call('GET', theirs)).body, before, 'not a byte of it has changed');
    t.equal((await api.call('GET', secretsOf('target'))).body.items.length, 1);
  });

  await t.test('has what Pullpass has, and everybody else is left alone', async (t) => {
    const ours = pullSecretOf('shop');
    await expectOk(thief.call('PATCH', `${ours}${forced}`, secret(mark), applyType));
    const rows: readonly Attempt[] = [
      ['loses the mark', notOwn, ['PATCH', ours, { metadata: { labels: null } }, merge]],
      ['never goes', held, ['PATCH', ours, { metadata: { finalizers } }, merge]],
      ['goes with an owner', held, ['PATCH', ours, { metadata: { ownerReferences: [nobody] } }, merge]],
      ['gains a key', key, ['PATCH', ours, { stringData: { id_rsa: 'fake' } }, merge]],
    ];
    for (const [what, refusal, call] of rows) t.equal(await refusalOf(thief, call), refusal, what);
    await expectOk(thief.call('PATCH', ours, { data: docker, metadata: { annotations: { note: 'x' } } }, merge));
    await expectOk(thief.call('DELETE', ours));
    await expectOk(thief.call('POST', secretsOf(OWN_NAMESPACE), { metadata: { name: 'anything' } }));
    await expectOk(api.call('POST', shop, { metadata: { name: 'anything' } }));
    await expectOk(api.call('PATCH', theirs, { metadata: { labels: mark } }, merge));
  });

  await t.test('sends no review elsewhere, and no others here', async (t) => {
    const refusal = 'Pullpass changes nothing of a webhook configuration but caBundle';
    for (const metadata of [{ finalizers }, { ownerReferences: [nobody] }]) {
      t.equal(await refusalOf(thief, ['PATCH', configuration, { metadata }, merge]), held);
    }
    const { body } = await api.call('GET', configuration);
    const [entry] = body.webhooks;
    const { rules, clientConfig } = entry;
    const elsewhere = { url: 'https://thief.example.com/mutate', caBundle: clientConfig.caBundle };
    const service = { ...clientConfig.service, namespace: 'stranger' };
    const everything = [{ ...rules[0], apiGroups: ['*'], resources: ['*/*'] }];
    const changes: Readonly<Record<string, object>> = {
      url: { clientConfig: elsewhere },
      service: { clientConfig: { ...clientConfig, service } },
      rules: { rules: everything },
      namespaceSelector: { namespaceSelector: {} },
      objectSelector: { objectSelector: { matchLabels: { a: 'b' } } },
      matchConditions: { matchConditions: [{ name: 'never', expression: 'false' }] },
      matchPolicy: { matchPolicy: 'Exact' },
      failurePolicy: { failurePolicy: 'Ignore' },
      reinvocationPolicy: { reinvocationPolicy: 'Never' },
      timeoutSeconds: { timeoutSeconds: 30 },
      sideEffects: { sideEffects: 'None' },
      admissionReviewVersions: { admissionReviewVersions: ['v1', 'v2'] },
      name: { name: 'another.pullpass.dev' },
    };
    const schema = await api.call('GET', '/openapi/v3/apis/admissionregistration.k8s.io/v1');
    const { properties } = schema.body.components.schemas['io.k8s.api.admissionregistration.v1.MutatingWebhook'];
    const rowless = Object.keys(properties).filter((field) => field !== 'clientConfig' && !(field in changes));
    t.same(rowless, [], 'each field that the API server knows has its row');
    const put = (webhooks: readonly object[]): Attempt[2] => ['PUT', configuration, { ...body, webhooks }];
    for (const [what, change] of Object.entries(changes)) {
      t.equal(await refusalOf(thief, put([{ ...entry, ...change }])), refusal, what);
    }
    t.equal(await refusalOf(thief, put([])), refusal, 'no entry');
    t.equal(await refusalOf(thief, put([entry, { ...entry, name: 'b.pullpass.dev' }])), refusal, 'one more');
    t.equal(await refusalOf(thief, ['DELETE', configuration]), refusal, 'deleted');
    await expectOk(thief.call(...put([{ ...entry, clientConfig: { ...clientConfig, caBundle: undefined } }])));
  });

  await t.test('deletes no Pod that runs, and none that nobody makes anew', async (t) => {
    const refusal = 'Pullpass deletes no Pod that has started or that nobody makes anew';
    const pods = '/api/v1/namespaces/shop/pods';
    const { body } = await api.call('GET', `${pods}?labelSelector=app%3Dlate`);
    const owned = `${pods}/${body.items[0].metadata.name}`;
    t.equal(await refusalOf(thief, ['DELETE', `${pods}/web`]), refusal, 'one without an owner');
    await expectOk(thief.call('DELETE', `${owned}?dryRun=All`));
    await expectOk(api.call('PATCH', `${owned}/status`, { status: { phase: 'Running' } }, merge));
    t.equal(await refusalOf(thief, ['DELETE', owned]), refusal, 'one that runs');
  });
});
