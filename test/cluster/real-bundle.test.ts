// Keeping the caBundle against a real API server: three keepers side by side, each with the rights of examples/rbac.yaml and
// connections of its own, and others who write the same object.

import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import type { BundleEdit } from '../../src/certificates/bundle.ts';
import { type BundleKeeper, keepBundle } from '../../src/cluster/bundle-keeper.ts';
import { connect } from '../../src/cluster/client.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { atMost } from '../full.ts';
import { expectOk, install, limitedKubeconfig, WEBHOOK } from '../serve/installation.ts';
import { caUntil } from './certificates.ts';
import { memoryLog } from './fake-api.ts';

t.setTimeout(300_000);
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const PATH = `${CONFIGURATIONS}/${WEBHOOK}`;
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port = 0] = await freePorts(1);
await install(api, port);
const kubeconfig = await limitedKubeconfig(plane);
const [ours = '', next = '', other = ''] = await Promise.all(
  ['ours', 'next', 'other'].map((name) => caUntil(name, Date.now() + 86_400_000)),
);

interface Replica {
  readonly keeper: BundleKeeper;
  readonly outcomes: string[];
  readonly calls: string[];
  readonly log: ReturnType<typeof memoryLog>;
}

let wanted: BundleEdit = { add: [ours], remove: [] };
const want = (edit: BundleEdit): void => {
  wanted = edit;
  for (const { keeper } of replicas) keeper.nudge();
};
const replicas: readonly Replica[] = Array.from({ length: 3 }, () => {
  const calls: string[] = [];
  const outcomes: string[] = [];
  const log = memoryLog();
  const client = connect({
    kubeconfig,
    onCall: (verb, resource, status) => calls.push(`${verb} ${resource} ${status}`),
  });
  const keeper = keepBundle({
    ...{ client, name: WEBHOOK, time: SYSTEM_TIME, log },
    wanted: () => wanted,
    onWrite: (outcome) => void outcomes.push(outcome),
  });
  t.teardown(async () => {
    await keeper.stop();
    await client.close();
  });
  return { keeper, outcomes, calls, log };
});

const count = (list: 'outcomes' | 'calls', what: string): number =>
  replicas.reduce((sum, replica) => sum + replica[list].filter((entry) => entry.startsWith(what)).length, 0);
const patched = (body: object): Promise<{ status: number; body: unknown }> =>
  api.call('PATCH', PATH, body, 'application/json-patch+json');
const empty = (): Promise<unknown> => expectOk(patched([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]));

async function eventually(what: string, condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await delay(1);
  }
}

async function liveBundles(): Promise<readonly string[]> {
  const { body } = await api.call('GET', PATH);
  const hooks: readonly { clientConfig: { caBundle?: string } }[] = body.webhooks ?? [];
  return hooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'));
}

const allTrue = (): boolean => replicas.every(({ keeper }) => keeper.isTrue());
const isLive = async (bundle: string): Promise<boolean> => (await liveBundles()).every((live) => live === bundle);

t.test('three publish at once with the rights of the example, and one write does it', async (t) => {
  await eventually('all know it', allTrue);
  t.same(await liveBundles(), [ours]);
  t.equal(count('outcomes', 'written'), 1);
  t.equal(count('outcomes', 'forbidden'), 0);
  t.equal(count('calls', 'watch mutatingwebhookconfigurations 200'), 3);
});

t.test('a bundle that somebody empties is right again at once, by about one write', async (t) => {
  const before = {
    written: count('outcomes', 'written'),
    patches: count('calls', 'patch'),
    gets: count('calls', 'get'),
  };
  const times: number[] = [];
  for (let round = 0; round < 20; round++) {
    await empty();
    const began = performance.now();
    await eventually('it is repaired', () => isLive(ours));
    times.push(performance.now() - began);
    await eventually('all know it', allTrue);
    await delay(50);
  }
  times.sort((a, b) => a - b);
  const [median = 0, worst = 0] = [times[10], times.at(-1)];
  const written = count('outcomes', 'written') - before.written;
  const tries = `${count('calls', 'patch') - before.patches} patches, ${count('calls', 'get') - before.gets} reads`;
  t.comment(
    `repaired in ${median.toFixed(1)} ms (median), ${worst.toFixed(1)} ms at most; ${written} writes (${tries})`,
  );
  t.ok(median < atMost(200), `${median} ms`);
  t.ok(written >= 20 && written <= 22, `${written} writes for 20`);
});

t.test('who rewrites the namespaceSelector at the same time loses nothing, nor do we', async (t) => {
  let theirs = 0;
  let refused = 0;
  for (let round = 0; round < 30; round++) {
    const value = {
      matchLabels: { 'pullpass.dev/inject': 'enabled' },
      matchExpressions: [{ key: 'round', operator: 'NotIn', values: [String(round)] }],
    };
    const emptying = round % 3 === 0 ? [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }] : [];
    const { status } = await patched([...emptying, { op: 'replace', path: '/webhooks/0/namespaceSelector', value }]);
    // There may be none to remove: the round before emptied it, and nobody has answered yet.
    if (status === 200) theirs += 1;
    else refused += 1;
    const { body } = await api.call('GET', PATH);
    if (status === 200) t.same(body.webhooks[0].namespaceSelector, value, `their write ${round} is there`);
    await eventually('and ours', () => isLive(ours));
  }
  t.equal(theirs, 30, `${refused} were refused`);
  const { body } = await api.call('GET', PATH);
  t.match(body.webhooks[0], { name: 'inject.pullpass.dev', failurePolicy: 'Fail', timeoutSeconds: 10 });
  await eventually('all know it', allTrue);
  t.match(replicas[0]?.keeper.webhooks(), [{ namespaceSelector: body.webhooks[0].namespaceSelector }]);
});

t.test('what is wanted by all changes, and what others put in stays', async () => {
  const value = Buffer.from(other + ours).toString('base64');
  await expectOk(patched([{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value }]));
  want({ add: [next, ours], remove: [] });
  await eventually('both are in it', () => isLive(other + ours + next));
  want({ add: [next], remove: [ours] });
  await eventually('the old one is out', () => isLive(other + next));
  want({ add: [ours], remove: [next] });
  await eventually('and in again', () => isLive(other + ours));
  await eventually('all know it', allTrue);
});

t.test('one that is deleted and made again is served again, and never made by us', async (t) => {
  const { body } = await api.call('GET', PATH);
  await expectOk(api.call('DELETE', PATH));
  await eventually('all miss it', () =>
    replicas.every(({ keeper, outcomes }) => keeper.live() === undefined && outcomes.at(-1) === 'missing'),
  );
  t.equal((await api.call('GET', PATH)).status, 404);
  const {
    name,
    clientConfig: { service },
    ...rest
  } = body.webhooks[0];
  const hook = { ...rest, name, clientConfig: { service } };
  const webhooks = [hook, { ...hook, name: `second.${name}` }];
  await expectOk(api.call('POST', CONFIGURATIONS, { metadata: { name: WEBHOOK }, webhooks }));
  const began = performance.now();
  await eventually('both entries are right', async () => (await liveBundles()).length === 2 && (await isLive(ours)));
  t.comment(`right ${(performance.now() - began).toFixed(1)} ms after it was made`);
  await eventually('all know it', allTrue);
});

t.test('an API server that dies and comes back is followed again', async (t) => {
  await plane.killApiServer();
  await delay(500);
  want({ add: [ours, next], remove: [] });
  await delay(500);
  await plane.startApiServer();
  const began = performance.now();
  await eventually('it is written', () => isLive(ours + next), 20_000);
  t.comment(`right ${(performance.now() - began).toFixed(0)} ms after the API server was ready`);
  t.ok(count('outcomes', 'unavailable') > 0);
  await eventually('all know it', allTrue);
});

t.test('who undoes it again and again is not fought in a hot loop, and forgiven afterwards', async (t) => {
  const SECONDS = 15;
  const before = count('outcomes', 'written');
  const end = performance.now() + SECONDS * 1_000;
  let undone = 0;
  while (performance.now() < end) {
    const bundles = await liveBundles();
    if (bundles.some((bundle) => bundle !== '')) {
      const { status } = await patched(
        bundles.map((_, i) => ({ op: 'add', path: `/webhooks/${i}/clientConfig/caBundle`, value: '' })),
      );
      if (status === 200) undone += 1;
    }
    await delay(2);
  }
  const written = count('outcomes', 'written') - before;
  t.comment(`undone ${undone} times in ${SECONDS} s, written ${written} times`);
  t.ok(written <= 75, `${written} writes`);
  const said = replicas.map(({ log }) => log.lines.filter((line) => line.includes('somebody keeps undoing')).length);
  t.ok(
    said.every((times) => times <= 1),
    said.join(),
  );
  t.ok(said.includes(1), 'it is said');
  await eventually('it is right in the end', () => isLive(ours + next), 10_000);
});
