// `helm upgrade` and `helm uninstall` against the real API server: an upgrade keeps what Pullpass wrote; the webhook configuration
// goes first, and last what the replicas made, by the program with the rights of its hook alone. There is no kubelet, so the test
// runs the Job's Pod as a process, as it stands there.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk, makeNamespace, OWN_NAMESPACE, PULL_SECRET } from '../serve/installation.ts';
import { CHART, helm } from './helm.ts';
import { render } from './render.ts';
import { VALUE_ROWS } from './value-rows.ts';

t.setTimeout(600_000);
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const OWN = `/api/v1/namespaces/${OWN_NAMESPACE}`;
const HOOK = 'pullpass-uninstall';
const DATA = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
const OURS = { 'app.kubernetes.io/managed-by': 'pullpass', 'pullpass.dev/instance': OWN_NAMESPACE };

const PULL_SECRETS: readonly (readonly [namespace: string, name: string, labels: object])[] = [
  ['shop', PULL_SECRET, OURS],
  ['billing', PULL_SECRET, OURS],
  ['billing', 'older', OURS],
  ['foreign', PULL_SECRET, {}],
  ['another', PULL_SECRET, { ...OURS, 'pullpass.dev/instance': 'elsewhere' }],
];
const STAY = ['foreign', 'another'];

await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name: OWN_NAMESPACE } }));
for (const namespace of new Set(PULL_SECRETS.map(([namespace]) => namespace))) await makeNamespace(api, namespace);

/** What is there of a kind, by name. */
async function names(path: string): Promise<readonly string[]> {
  const { body } = await expectOk(api.call('GET', path));
  return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
}

async function leftPullSecrets(): Promise<readonly string[]> {
  const left: string[] = [];
  for (const [namespace, name] of PULL_SECRETS) {
    const { status } = await api.call('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`);
    if (status === 200) left.push(`${namespace}/${name}`);
  }
  return left;
}

/** As an installation is after a while: Pods of replicas, and what they made. */
async function install(values: Readonly<Record<string, unknown>>): Promise<void> {
  const set = Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);
  await helm(['install', 'pullpass', CHART, '--namespace', OWN_NAMESPACE, ...set], plane.kubeconfig);
  for (const name of ['pullpass-ca', 'pullpass-logins']) {
    await expectOk(api.call('POST', `${OWN}/secrets`, { metadata: { name, labels: OURS } }));
  }
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${OWN_NAMESPACE}/leases`;
  await expectOk(api.call('POST', leases, { metadata: { name: 'pullpass' } }));
  for (const [namespace, name, labels] of PULL_SECRETS) {
    const secret = { metadata: { name, labels }, type: 'kubernetes.io/dockerconfigjson', data: DATA };
    const { status } = await api.call('POST', `/api/v1/namespaces/${namespace}/secrets`, secret);
    t.ok(status === 201 || status === 409);
  }
  await eventually('the replicas are there', async () => {
    return (await names(`${OWN}/pods`)).length === 2 ? true : undefined;
  });
}

/** Plays the kubelet for the one Job; gives what the program printed. */
async function runJob(): Promise<string> {
  const pod = await eventually('the Pod of the hook', async () => {
    const selector = encodeURIComponent(`job-name=${HOOK}`);
    const { body } = await api.call('GET', `${OWN}/pods?labelSelector=${selector}`);
    return body.items[0];
  });
  const { status, body } = await api.call('POST', `${OWN}/serviceaccounts/${pod.spec.serviceAccountName}/token`, {
    spec: { expirationSeconds: 3_600 },
  });
  t.equal(status, 201);
  const args = [MAIN, ...pod.spec.containers[0].args, '--kubeconfig', plane.kubeconfigFor(body.status.token, 'hook')];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const done = { status: { phase: 'Succeeded' } };
  await expectOk(
    api.call('PATCH', `${OWN}/pods/${pod.metadata.name}/status`, done, 'application/strategic-merge-patch+json'),
  );
  return stdout;
}

async function uninstall(): Promise<string> {
  const [stdout] = await Promise.all([
    runJob(),
    helm(['uninstall', 'pullpass', '--namespace', OWN_NAMESPACE, '--timeout', '120s'], plane.kubeconfig),
  ]);
  return stdout;
}

/** What helm deleted, in order. */
function deletedByHelm(): readonly string[] {
  const events = readFileSync(plane.auditLog, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return events
    .filter(({ verb, userAgent = '' }) => verb === 'delete' && /^helm|Helm/.test(userAgent))
    .filter(({ stage, responseStatus }) => stage === 'ResponseComplete' && responseStatus.code === 200)
    .map(({ objectRef }) => `${objectRef.resource} ${objectRef.name}`);
}

async function nothingOfOursIsLeft(t: Test): Promise<void> {
  for (const kind of ['secrets', 'configmaps', 'serviceaccounts', 'services', 'pods']) {
    const left = (await names(`${OWN}/${kind}`)).filter((name) => name !== 'default' && name !== 'kube-root-ca.crt');
    t.same(left, [], kind);
  }
  for (const path of [
    `/apis/coordination.k8s.io/v1/namespaces/${OWN_NAMESPACE}/leases`,
    `/apis/apps/v1/namespaces/${OWN_NAMESPACE}/deployments`,
    `/apis/batch/v1/namespaces/${OWN_NAMESPACE}/jobs`,
    `/apis/policy/v1/namespaces/${OWN_NAMESPACE}/poddisruptionbudgets`,
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${OWN_NAMESPACE}/roles`,
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${OWN_NAMESPACE}/rolebindings`,
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  ]) {
    t.same(await names(path), [], path);
  }
  for (const kind of ['clusterroles', 'clusterrolebindings']) {
    const left = (await names(`/apis/rbac.authorization.k8s.io/v1/${kind}`)).filter((name) => /pullpass/.test(name));
    t.same(left, [], kind);
  }
}

t.test('values that only a cluster shows are seen in it', async (t) => {
  const options = { args: ['--dry-run=server'], kubeconfig: plane.kubeconfig };
  const rows = VALUE_ROWS.filter(({ inCluster }) => inCluster);
  t.ok(rows.length > 0);
  for (const { path, value, see, seen } of rows) {
    t.same(see(await render({ [path]: value }, options)), seen, path);
    t.notSame(see(await render({}, options)), seen, path);
  }
});

t.test('an upgrade keeps the caBundle that Pullpass wrote, and takes what else changed', async (t) => {
  await install({});
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pullpass';
  const caBundle = Buffer.from(readFileSync(join(plane.folder, 'ca.crt'))).toString('base64');
  const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }];
  await expectOk(api.call('PATCH', `${path}?fieldManager=pullpass`, patch, 'application/json-patch+json'));
  const set = ['--set', 'webhook.timeoutSeconds=5', '--set', 'config.workloads={Job}'];
  await helm(['upgrade', 'pullpass', CHART, '--namespace', OWN_NAMESPACE, ...set], plane.kubeconfig);
  const [webhook] = (await expectOk(api.call('GET', path))).body.webhooks;
  t.equal(webhook.clientConfig.caBundle, caBundle);
  t.equal(webhook.timeoutSeconds, 5);
  t.same(webhook.rules.at(-1).resources, ['jobs']);
});

t.test('by default all goes but the pull Secrets, the webhook configuration first', async (t) => {
  t.match(await uninstall(), /^pull Secrets stay; deleted in the own namespace: .*pullpass-logins.*pullpass-ca.*Lease/);
  await nothingOfOursIsLeft(t);
  // The hook that takes its place is deleted too. Helm 3 would delete webhook configurations last of all without it.
  const [first, second, third] = deletedByHelm();
  t.equal(first, 'mutatingwebhookconfigurations pullpass');
  t.equal(second, first);
  t.not(third, first);
  t.same(
    await leftPullSecrets(),
    PULL_SECRETS.map(([namespace, name]) => `${namespace}/${name}`),
  );
});

t.test("if it is asked for, the pull Secrets go too, under each name, and nobody else's", async (t) => {
  await install({ 'uninstall.removePullSecrets': true, 'config.pullSecret.formerNames': ['older'] });
  t.match(await uninstall(), /^deleted 3 pull Secrets; /);
  await nothingOfOursIsLeft(t);
  t.same(
    await leftPullSecrets(),
    STAY.map((namespace) => `${namespace}/${PULL_SECRET}`),
  );
});
