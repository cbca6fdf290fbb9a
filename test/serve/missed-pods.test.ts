// Pods that were made while nobody answered: all of them are found and reported, and those that wait for their image come back
// through admission, no faster than is allowed. Controllers are real; there is no kubelet, so the test writes what one would.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  makeNamespace,
  PULL_SECRET,
  startServe,
} from './installation.ts';

t.setTimeout(900_000);
const NAMESPACES = Array.from({ length: 50 }, (_, i) => `shop-${i}`);
const REPLICAS = 10;
const STUCK_NAMESPACES = NAMESPACES.slice(0, 10);
const PER_MINUTE = 600;
/** Seconds that nobody answers, over which the Pods are made; OFF_SECONDS=300 for a long outage. */
const OFF_S = Number(process.env.OFF_SECONDS ?? 10);
/** What the Pods are bound to: there is a Node, and nobody on it. */
const NODE = 'stand-in';

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port, { failurePolicy: 'Ignore' });
const kubeconfig = await limitedKubeconfig(plane);
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });
const folder = mkdtempSync(join(tmpdir(), 'pullpass-missed-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, '');

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly imagePullSecrets?: readonly { readonly name: string }[] };
}

/** Those that are going stay for a while: nobody is on the Node to end them. */
async function podsOf(namespace: string): Promise<readonly Pod[]> {
  const { body } = await expectOk(api.call('GET', `/api/v1/namespaces/${namespace}/pods`));
  return body.items.filter(({ metadata }: Pod) => metadata.deletionTimestamp === undefined);
}

const lists = ({ spec }: Pod): boolean => spec.imagePullSecrets?.some(({ name }) => name === PULL_SECRET) === true;

async function events(reason: string): Promise<readonly { involvedObject: { kind: string; uid: string } }[]> {
  const { body } = await expectOk(api.call('GET', `/api/v1/events?fieldSelector=reason%3D${reason}`));
  return body.items;
}

t.test('500 Pods in 50 namespaces are made while nobody answers', async (t) => {
  const deployment = {
    metadata: { name: 'web' },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c0', image: 'ghcr.io/acme/app:1' }] },
      },
    },
  };
  await expectOk(api.call('POST', '/api/v1/nodes', { metadata: { name: NODE } }));
  for (const name of NAMESPACES) await makeNamespace(api, name);
  const serve = await startServe(plane, ['--config', config], { port, bundle: true, kubeconfig });
  t.equal(await serve.stop(), 0);
  const began = performance.now();
  for (const name of NAMESPACES) {
    await expectOk(api.call('POST', `/apis/apps/v1/namespaces/${name}/deployments`, deployment));
    await sleep((1_000 * OFF_S) / NAMESPACES.length);
  }
  for (const name of NAMESPACES) {
    await eventually(`Pods of ${name}`, async () => ((await podsOf(name)).length === REPLICAS ? true : undefined), 60);
    for (const { metadata } of await podsOf(name)) {
      await bind(name, metadata.name);
      if (STUCK_NAMESPACES.includes(name)) await getStuck(name, metadata.name);
    }
  }
  t.comment(`off for ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  for (const name of NAMESPACES) t.notOk((await podsOf(name)).some(lists), 'missed');
});

/** What the scheduler does. */
async function bind(namespace: string, name: string): Promise<void> {
  const binding = { metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: NODE } };
  await expectOk(api.call('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding));
}

/** What a kubelet writes when it cannot pull. */
async function getStuck(namespace: string, name: string): Promise<void> {
  const waiting = { reason: 'ImagePullBackOff', message: 'as a kubelet would say' };
  const container = { name: 'c0', image: 'ghcr.io/acme/app:1', imageID: '', ready: false, restartCount: 0 };
  const status = { phase: 'Pending', containerStatuses: [{ ...container, state: { waiting } }] };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
  await expectOk(api.call('PATCH', path, { status }, 'application/merge-patch+json'));
}

t.test('all are found and reported within a minute, once', async (t) => {
  const began = performance.now();
  const serve = await startServe(plane, ['--config', config], { port, bundle: true, kubeconfig });
  t.teardown(() => serve.stop('SIGKILL'));
  const all = NAMESPACES.length * REPLICAS;
  await eventually(
    'all found',
    async () => ((await serve.metric('pullpass_missed_pods')) === all ? true : undefined),
    60,
  );
  t.comment(`${all} found after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  await eventually(
    'all reported',
    async () => ((await events('PullSecretMissed')).length >= all + NAMESPACES.length ? true : undefined),
    60,
  );
  const seconds = (performance.now() - began) / 1_000;
  t.comment(`all reported after ${seconds.toFixed(1)} s`);
  t.ok(seconds <= 60);
  const about = (await events('PullSecretMissed')).map(({ involvedObject: { kind, uid } }) => `${kind} ${uid}`);
  t.equal(new Set(about).size, about.length, 'each once');
  t.equal(about.filter((text) => text.startsWith('Pod ')).length, all);
  t.equal(about.filter((text) => text.startsWith('ReplicaSet ')).length, NAMESPACES.length);
  t.equal(await serve.metric('pullpass_pod_restarts_total'), 0, 'nothing is repaired unless it is switched on');
  for (const name of NAMESPACES.slice(0, 5)) {
    const { status } = await api.call('GET', `/api/v1/namespaces/${name}/secrets/${PULL_SECRET}`);
    t.equal(status, 200, 'the Secret is there for those that will be made anew');
  }
});

t.test('with repair: restart those that are stuck come back injected, at the rate that is allowed', async (t) => {
  const serve = await startServe(plane, ['--config', config], { port, bundle: true, kubeconfig });
  t.teardown(() => serve.stop('SIGKILL'));
  const stuck = STUCK_NAMESPACES.length * REPLICAS;
  const began = performance.now();
  writeFileSync(config, `missedPods: { repair: restart, restartsPerMinute: ${PER_MINUTE} }\n`);
  await eventually(
    'all made anew',
    async () =>
      (await serve.metric('pullpass_pod_restarts_total', { outcome: 'restarted' })) >= stuck ? true : undefined,
    120,
  );
  const lines = serve
    .output()
    .split('\n')
    .filter((line) => line.includes('a missed Pod is made anew'));
  const times = lines.map((line) => Date.parse(JSON.parse(line).time));
  const span = Math.max(...times) - Math.min(...times);
  const fastest = (stuck - 1) / (span / 60_000);
  t.comment(
    `${stuck} made anew after ${((performance.now() - began) / 1_000).toFixed(0)} s, ${fastest.toFixed(0)} a minute`,
  );
  t.equal(times.length, stuck, 'each once');
  // When they ended is known, not when they began: the last may have been quicker than the first.
  t.ok(span >= (stuck - 1) * (60_000 / PER_MINUTE) - 100, `no more than ${PER_MINUTE} a minute`);
  for (const name of STUCK_NAMESPACES) {
    await eventually(`Pods of ${name}`, async () => {
      const pods = await podsOf(name);
      return pods.length >= REPLICAS && pods.every(lists) ? true : undefined;
    });
  }
  for (const name of NAMESPACES.slice(10)) t.notOk((await podsOf(name)).some(lists), 'others are left as they are');
  t.equal((await serve.metric('pullpass_missed_pods')) <= NAMESPACES.length * REPLICAS, true);
});
