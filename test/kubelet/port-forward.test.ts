// Asking a Pod through the API server and a kubelet, with the real code of both: what comes back, and in which words it is told
// when nothing does. Users have the rights that docs/status.md gives them, or lack one of them.

import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { connect } from '../../src/cluster/client.ts';
import { openAccess } from '../../src/cluster/kubeconfig.ts';
import { askPod } from '../../src/cluster/port-forward.ts';
import { listReplicas, readReplicaStatus } from '../../src/cluster/replica-status.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { expectOk, makeNamespace, OWN_NAMESPACE } from '../serve/installation.ts';
import { startKubelet } from './kubelet.ts';

t.setTimeout(120_000);
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api, kubeconfig } = plane;
await makeNamespace(api, OWN_NAMESPACE, {});
const kubelet = await startKubelet(plane);
t.teardown(() => kubelet.stop());
const access = openAccess({ kubeconfig }, SYSTEM_TIME);
t.teardown(() => access.close());
const client = connect({ kubeconfig });
t.teardown(() => client.close());

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const web = (answer: RequestListener): Promise<number> => listen(createServer(answer));
const LARGE = 'x'.repeat(3 * 1024 * 1024);
const status = (replica: string, more: object = {}): string => JSON.stringify({ version: 1, replica, ...more });

await kubelet.publish({
  podName: 'web',
  labels: {},
  ports: {
    1: await web(({ url, headers }, answer) => answer.end(`${url} for ${headers.host}`)),
    2: await web((_request, answer) => answer.end(LARGE)),
    3: await web((_request, answer) => answer.writeHead(404).end('nothing here')),
    4: await web(() => undefined),
    5: await listen(createTcpServer((socket) => void socket.on('data', () => socket.end('not HTTP')))),
    6: await listen(createTcpServer((socket) => void socket.on('data', () => socket.destroy()))),
    7: await web((_request, answer) => {
      for (let i = 0; i < 50; i++) answer.write('y'.repeat(i * 100));
      answer.end();
    }),
  },
});
const ask = (port: number, pod = 'web', ms = 10_000) =>
  askPod(access, { namespace: OWN_NAMESPACE, pod, port }, '/path?x=1', ms);

t.test('what a Pod answers comes back, whole', async (t) => {
  t.same(await ask(1), { status: 200, body: '/path?x=1 for localhost' });
  t.same(await ask(3), { status: 404, body: 'nothing here' });
  const large = await ask(2);
  t.ok('body' in large && large.body === LARGE, 'three megabytes');
  const pieces = await ask(7);
  t.equal('body' in pieces ? pieces.body.length : 0, 122_500, 'and in pieces');
});

t.test('several at once do not meet', async (t) => {
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i % 2 === 0 ? 1 : 3)));
  t.same(
    answers.map((answer) => 'status' in answer && answer.status),
    [200, 404, 200, 404, 200, 404, 200, 404],
  );
});

t.test('nobody listens, or it is not HTTP, or it hangs up', async (t) => {
  t.match(await ask(99), { broken: /error forwarding port 99 .*connection refused/ });
  t.match(await ask(6), { broken: 'the connection ended before an answer' });
  t.match(await ask(5), { broken: 'what answers does not speak HTTP' });
});

t.test('one that never answers is given up in time', async (t) => {
  const begun = performance.now();
  await t.rejects(ask(4, 'web', 300), {
    name: 'ApiUnavailable',
    kind: 'timeout',
    message: 'port-forward: no answer in time',
  });
  t.ok(performance.now() - begun < 2_000);
});

t.test('the words of the API server, where there is no way to the Pod', async (t) => {
  t.match(await ask(1, 'nobody'), { refused: { status: 404, message: 'pods "nobody" not found' } });
  const unbound = { metadata: { name: 'unbound' }, spec: { containers: [{ name: 'c', image: 'c' }] } };
  await expectOk(api.call('POST', `/api/v1/namespaces/${OWN_NAMESPACE}/pods`, unbound));
  t.match(await ask(1, 'unbound'), { refused: { status: 400, message: /does not have a host assigned/ } });
});

async function lease(holder: string): Promise<void> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${OWN_NAMESPACE}/leases`;
  await api.call('DELETE', `${path}/pullpass`);
  await expectOk(api.call('POST', path, { metadata: { name: 'pullpass' }, spec: { holderIdentity: holder } }));
}

const asked: string[] = [];
const replica = (name: string, more?: object) =>
  web(({ url = '' }, answer) => {
    asked.push(`${name}${url}`);
    answer.end(status(name, more));
  });
const read = (more: Partial<Parameters<typeof readReplicaStatus>[0]> = {}) =>
  readReplicaStatus({ client, access: { kubeconfig }, namespace: OWN_NAMESPACE, statusPort: 8081, ...more });

t.test('no replica, none that is ready, and those that are', async (t) => {
  t.match(await read(), { unavailable: /^no replica runs in pullpass-system .*See --namespace$/ });
  await kubelet.publish({ podName: 'pullpass-0', ports: {}, ready: false });
  t.match(await read(), { unavailable: /^none of the 1 Pods in pullpass-system is ready/ });
  await kubelet.publish({ podName: 'pullpass-1', ports: { 8081: await replica('one') } });
  t.match(await read(), { status: { replica: 'one' }, pod: 'pullpass-1' }, 'nobody is elected');
  const sync = { namespaces: [] };
  await kubelet.publish({ podName: 'pullpass-2', ports: { 8081: await replica('two', { sync }) } });
  t.match(
    await read(),
    { status: { replica: 'two' } },
    'one that says that it is elected is better than one that is not',
  );
  await lease('pullpass-2-0123abcd');
  asked.length = 0;
  t.match(await read({ about: 'shop' }), { status: { replica: 'two' }, pod: 'pullpass-2' });
  t.same(asked, ['two/status?namespace=shop'], 'the elected one is asked, and no other');
  t.same(await listReplicas(client, OWN_NAMESPACE), [
    { name: 'pullpass-0', isReady: false, isElected: false },
    { name: 'pullpass-1', isReady: true, isElected: false },
    { name: 'pullpass-2', isReady: true, isElected: true },
  ]);
});

t.test('an elected one that has gone, or does not answer, is no reason to give up', async (t) => {
  await lease('pullpass-9-0123abcd');
  t.match(await read(), { status: { replica: 'two' } });
  await lease('pullpass-0-0123abcd');
  t.match(await read(), { status: { replica: 'two' } });
});

t.test('what answers, but not as it should', async (t) => {
  const namespace = 'odd';
  await makeNamespace(api, namespace, {});
  const ports = {
    1: await web((_request, answer) => answer.end('<html>')),
    2: await web((_request, answer) => answer.end(JSON.stringify({ version: 2 }))),
    3: await web((_request, answer) => answer.writeHead(403).end()),
  };
  await kubelet.publish({ namespace, podName: 'odd', ports });
  const texts = [/answers 200 on port 1/, /use the version of pullpass that runs there/, /answers 403 on port 3/];
  for (const [i, unavailable] of texts.entries())
    t.match(await read({ namespace, statusPort: i + 1 }), { unavailable });
  t.match(await read({ namespace, statusPort: 9 }), { unavailable: /does not answer on port 9: is --status-port/ });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'status.md'), 'utf8');
const [, role = ''] = /```yaml\n([\s\S]*?)```/.exec(document) ?? [];
const [LEASE, PODS, FORWARD]: [Rule, Rule, Rule] = parse(role).rules;

/** Reads as a user with these rights in Pullpass's own namespace. */
async function readAs(user: string, rules: readonly Rule[]) {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${OWN_NAMESPACE}`;
  const metadata = { name: user };
  const account = `/api/v1/namespaces/${OWN_NAMESPACE}/serviceaccounts`;
  await expectOk(api.call('POST', account, { metadata }));
  await expectOk(api.call('POST', `${rbac}/roles`, { metadata, rules }));
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user };
  const subjects = [{ kind: 'ServiceAccount', name: user, namespace: OWN_NAMESPACE }];
  await expectOk(api.call('POST', `${rbac}/rolebindings`, { metadata, roleRef, subjects }));
  const { body } = await expectOk(api.call('POST', `${account}/${user}/token`, { spec: {} }));
  const limited = plane.kubeconfigFor(body.status.token, user);
  const own = connect({ kubeconfig: limited });
  const reading = await read({ client: own, access: { kubeconfig: limited } });
  await own.close();
  return reading;
}

t.test('with the rights that are documented, and a sentence about the one that is missing', async (t) => {
  await lease('pullpass-2-0123abcd');
  const two = { status: { replica: 'two' } };
  t.match(await readAs('all', [LEASE, PODS, FORWARD]), two);
  t.match(await readAs('no-lease', [PODS, FORWARD]), two, 'it is found among the Pods');
  t.match(await readAs('no-list', [LEASE, FORWARD]), two, 'it is named by the Lease');
  t.match(await readAs('neither', [FORWARD]), {
    unavailable: /^you may neither read the Lease "pullpass" nor list Pods/,
  });
  const unavailable =
    'you may not port-forward to Pods in pullpass-system: ask for the verbs get and create on pods/portforward there';
  t.match(await readAs('no-forward', [LEASE, PODS]), { unavailable });
  const { body } = await api.call('GET', '/version');
  const getOnly = await readAs('get-only', [LEASE, PODS, { ...FORWARD, verbs: ['get'] }]);
  t.match(getOnly, Number(body.minor) < 35 ? two : { unavailable }, 'create is needed from 1.35 on');
  const createOnly = await readAs('create-only', [LEASE, PODS, { ...FORWARD, verbs: ['create'] }]);
  t.match(createOnly, { unavailable }, 'get is needed everywhere');
});
