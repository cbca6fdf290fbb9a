// The path from Pullpass to the API server becomes slow, and is then cut without a word, under load and with `failurePolicy: Fail`: what
// is known is answered from memory, what is not gets its answer within the time-out, and afterwards everything is true again.
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';

type TestFunction = (t: Test) => Promise<void>;

import { FULL } from '../full.ts';
import { eventually, expectOk, makeNamespace, OWN_NAMESPACE, PULL_SECRET, pod } from '../serve/installation.ts';
import { describeLoad, startLoad } from './load.ts';
import { type ApiPath, openApiPath } from './path.ts';
import { OFFERED, openSite, REACHED } from './site.ts';

t.setTimeout(900_000);
const CUT_S = FULL ? 60 : 6;
/** That of the webhook configuration of these tests, and what the API server may add. */
const BUDGET_MS = 10_000 + 500;
let path: ApiPath | undefined;
const site = await openSite({
  replicas: 2,
  args: [],
  async reach(plane, kubeconfig) {
    path = await openApiPath(plane, kubeconfig);
    return path.kubeconfig;
  },
});
t.teardown(async () => {
  await site.end();
  await path?.close();
});
const { plane, namespaces } = site;
const { api } = plane;

async function create(namespace: string) {
  const began = performance.now();
  const body = pod(`p-${Math.random().toString(36).slice(2)}`, 'ghcr.io/acme/app:1');
  const { status, body: made } = await api.call('POST', `/api/v1/namespaces/${namespace}/pods`, body);
  const listed = (made.spec?.imagePullSecrets ?? []).some(({ name }: { name: string }) => name === PULL_SECRET);
  return { status, said: `${status} ${made.message ?? ''}`, listed, ms: performance.now() - began };
}

async function passwordIn(namespace: string): Promise<string> {
  const { status, body } = await api.call('GET', `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`);
  if (status !== 200) return '';
  const config = JSON.parse(Buffer.from(body.data['.dockerconfigjson'], 'base64').toString());
  return config.auths['ghcr.io/'] === undefined ? JSON.stringify(config) : config.auths['ghcr.io/'].password;
}

async function rotate(password: string): Promise<void> {
  const auths = { 'ghcr.io': { username: 'robot', password } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const secret = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/ghcr`;
  await expectOk(api.call('PATCH', secret, { data }, 'application/merge-patch+json'));
}

/** What happens to a cluster meanwhile: new namespaces, Secrets that are not there yet or not any more, a rotation. */
async function disturb(t: Test, round: string): Promise<readonly string[]> {
  const known = [`known-${round}-a`, `known-${round}-b`];
  const answers = await Promise.all(known.map(create));
  for (const { status, said, listed, ms } of answers) {
    t.equal(status, 201, `known and without its pull Secret, created all the same: ${said}`);
    t.ok(listed, 'with the pull Secret, which sync will bring');
    t.ok(ms <= BUDGET_MS, `within its time: ${ms.toFixed(0)} ms`);
  }
  const fresh = `fresh-${round}`;
  await makeNamespace(api, fresh);
  const unknown = await create(fresh);
  t.ok(unknown.ms <= BUDGET_MS, `not known, answered with ${unknown.status} within ${unknown.ms.toFixed(0)} ms`);
  const [gone = ''] = namespaces;
  await expectOk(api.call('DELETE', `/api/v1/namespaces/${gone}/secrets/${PULL_SECRET}`));
  await rotate(`fake-${round}`);
  return [...namespaces, ...known];
}

async function becomesTrue(t: Test, all: readonly string[], round: string): Promise<void> {
  const began = performance.now();
  const isTrue = async (name: string) => (await passwordIn(name)).includes(`fake-${round}`);
  await eventually(
    'every pull Secret is there, with the new login',
    async () => ((await Promise.all(all.map(isTrue))).every(Boolean) ? true : undefined),
    60,
  );
  const seconds = (performance.now() - began) / 1_000;
  t.comment(`everything true again after ${seconds.toFixed(1)} s`);
  t.ok(seconds <= 30, 'within 30 s');
  const now = await create(`fresh-${round}`);
  t.same([now.status, now.listed], [201, true], 'what was not known is');
}

async function whileSo(t: Test, round: string, seconds: number, begin: () => unknown, end: () => unknown) {
  for (const name of [`known-${round}-a`, `known-${round}-b`]) {
    await makeNamespace(api, name);
    const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    await eventually('its ServiceAccount', async () => (await api.call('GET', account)).status === 200 || undefined);
  }
  // Until every replica knows them.
  await sleep(2_000);
  const load = startLoad(plane, { perSecond: OFFERED, namespaces: namespaces.slice(1) });
  t.teardown(() => load.stop());
  await begin();
  const until = performance.now() + seconds * 1_000;
  const all = await disturb(t, round);
  await sleep(Math.max(0, until - performance.now()));
  await end();
  await becomesTrue(t, all, round);
  const report = await load.stop();
  t.comment(describeLoad(report));
  t.equal(report.failed, 0, 'what is known is answered from memory');
  t.equal(report.unserved, 0, 'none is without its pull Secret');
  t.ok(report.created > 0 && report.perSecond >= REACHED, `${report.perSecond.toFixed(0)} creates/s`);
}

const slow: TestFunction = (t) =>
  whileSo(
    t,
    'slow',
    30,
    () => path?.delay(5_000),
    () => path?.delay(0),
  );
if (FULL) t.test('5 s slower in each direction', slow);

t.test('cut without a word', (t) =>
  whileSo(
    t,
    'cut',
    CUT_S,
    () => path?.cut({ present: 'lost', fresh: 'silent' }),
    () => path?.heal(),
  ),
);
