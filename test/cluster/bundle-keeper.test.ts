// Keeping the caBundle against an API server that answers as a test wants it to.
import t from 'tap';
import type { BundleEdit } from '../../src/certificates/bundle.ts';
import { keepBundle } from '../../src/cluster/bundle-keeper.ts';
import { SYSTEM_TIME, type Time } from '../../src/cluster/time.ts';
import { caUntil } from './certificates.ts';
import { IMPATIENT, memoryLog, until } from './fake-api.ts';
import { type FakeConfiguration, fakeConfiguration } from './fake-configuration.ts';

const TOMORROW = Date.now() + 86_400_000;
const ours = await caUntil('ours', TOMORROW);
const next = await caUntil('next', TOMORROW);
const other = await caUntil('other', TOMORROW);
const PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const ADD_OURS: BundleEdit = { add: [ours], remove: [] };

function keep(t: { teardown(callback: () => unknown): void }, fake: FakeConfiguration, time: Time = IMPATIENT) {
  const outcomes: string[] = [];
  const log = memoryLog();
  let edit: BundleEdit | undefined = ADD_OURS;
  const keeper = keepBundle({
    client: fake.api.client,
    name: 'pullpass',
    wanted: () => edit,
    onWrite: (outcome) => void outcomes.push(outcome),
    time,
    log,
  });
  t.teardown(() => keeper.stop());
  const said = (text: string): number => log.lines.filter((line) => line.includes(text)).length;
  return {
    keeper,
    outcomes,
    log,
    said,
    wants(next: BundleEdit | undefined): void {
      edit = next;
      keeper.nudge();
    },
    settled: () => until(keeper.isTrue, 'it is true'),
  };
}

t.test('adds our CA to each entry that lacks it, bound to what was seen', async (t) => {
  const fake = await fakeConfiguration(t, [undefined, ours, other]);
  const { keeper, outcomes, settled } = keep(t, fake);
  await settled();
  t.same(fake.patches(), [
    [
      ['test', '/metadata/resourceVersion', '10'],
      ['add', '/webhooks/0/clientConfig/caBundle', ours],
      ['add', '/webhooks/2/clientConfig/caBundle', other + ours],
    ],
  ]);
  t.same(outcomes, ['written']);
  t.same(keeper.live(), [ours, ours, other + ours]);
  t.match(keeper.webhooks(), [{ rules: [{ resources: ['kind-0'] }] }, {}, { rules: [{ resources: ['kind-2'] }] }]);
  const [list, watch, patch] = fake.api.asked;
  t.match(list, { method: 'GET', path: PATH, query: { fieldSelector: 'metadata.name=pullpass' } });
  const written = fake.api.asked.find(({ method }) => method === 'PATCH');
  t.match(written, { path: `${PATH}/pullpass`, query: { fieldManager: 'pullpass' } });
  t.equal(written?.headers['content-type'], 'application/json-patch+json');
  t.equal([watch, patch].filter((asked) => asked?.query.watch === 'true').length, 1);
});

t.test('writes nothing when all is there, or when nothing is wanted', async (t) => {
  const fake = await fakeConfiguration(t, [other + ours]);
  const { keeper, outcomes, wants } = keep(t, fake);
  await until(keeper.isTrue, 'it is known');
  wants(undefined);
  t.equal(keeper.isTrue(), false, 'nothing is true of nothing');
  const news: (readonly string[] | undefined)[] = [];
  keeper.onLive(() => news.push(keeper.live()));
  fake.becomes(['']);
  await until(() => news.length === 1, 'it is told');
  t.same(news, [['']]);
  fake.becomes(undefined);
  await until(() => news.length === 2, 'it is told');
  t.equal(keeper.live(), undefined);
  t.equal(keeper.webhooks(), undefined);
  t.same(outcomes, []);
  t.same(fake.patches(), []);
});

t.test('what is wanted may change at any time', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  const { keeper, wants, settled, said } = keep(t, fake);
  await settled();
  for (let round = 0; round < 80; round++) {
    wants({ add: [ours, next], remove: [] });
    t.equal(keeper.isTrue(), false);
    await settled();
    t.same(keeper.live(), [ours + next]);
    wants({ add: [next], remove: [ours] });
    await settled();
    t.same(keeper.live(), [next]);
    wants({ add: [ours], remove: [next] });
    await settled();
  }
  t.equal(said('undoing'), 0, 'that is nobody undoing it');
  t.equal(fake.patches().length, 241);
});

t.test('repairs what somebody emptied, and knows it before the watch tells', async (t) => {
  const fake = await fakeConfiguration(t, ['', '']);
  const { keeper, settled } = keep(t, fake);
  await settled();
  fake.becomes([other, '']);
  await until(() => fake.patches().length === 2, 'it is written');
  await settled();
  t.same(keeper.live(), [other + ours, ours]);
  fake.onPatch(fake.silence);
  fake.becomes(['', '']);
  await until(() => fake.patches().length === 3, 'it is written');
  await settled();
  t.same(keeper.live(), [ours, ours], 'from the answer, as the watch is silent');
});

t.test('after a conflict it looks once, unless the watch told already', async (t) => {
  const fake = await fakeConfiguration(t, [ours]);
  const { outcomes, settled } = keep(t, fake);
  const reads = () => fake.api.asked.filter(({ method, path }) => method === 'GET' && path !== PATH).length;
  await settled();
  let others = 0;
  fake.onPatch(() => {
    others += 1;
    if (others === 2) fake.silence();
    if (others <= 2) fake.becomes([others === 1 ? '' : other]);
  });
  fake.becomes(['']);
  await until(() => outcomes.includes('written'), 'it is written');
  await settled();
  t.same(outcomes, ['conflict', 'conflict', 'written']);
  t.same(fake.bundles(), [other + ours]);
  t.ok(reads() >= 1 && reads() <= 2, `${reads()} reads`);
});

t.test('tries on whatever happens, and says each problem once', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  fake.failNext(0, 0, 403, 403, 500, 429, 400, 422, 409);
  const { outcomes, settled, said } = keep(t, fake);
  await settled();
  t.same(outcomes, [
    ...['unavailable', 'unavailable', 'forbidden', 'forbidden', 'unavailable', 'unavailable'],
    // A conflict without a change is none.
    ...['refused', 'refused', 'refused', 'written'],
  ]);
  t.equal(said('is not what it should be'), 6);
  t.equal(said('"outcome":"forbidden"'), 1);
  t.equal(said('the API server answered 500'), 1);
  t.equal(said('finds the webhook configuration as a whole invalid'), 1);
});

t.test('waits for a configuration that is missing or has no entries, and says so once', async (t) => {
  const fake = await fakeConfiguration(t, undefined);
  const { keeper, outcomes, wants, settled, said } = keep(t, fake);
  await until(() => outcomes.length === 1, 'it is missed');
  for (let i = 0; i < 5; i++) wants(ADD_OURS);
  fake.becomes([]);
  await until(() => outcomes.length === 2, 'the entries are missed');
  t.equal(keeper.isTrue(), false);
  t.same(keeper.live(), []);
  fake.becomes([undefined]);
  await settled();
  fake.becomes(undefined);
  await until(() => outcomes.length === 4, 'it is missed again');
  fake.becomes(['']);
  await settled();
  t.same(outcomes, ['missing', 'no-webhooks', 'written', 'missing', 'written']);
  t.equal(said('"outcome":"missing"'), 2);
  t.equal(fake.api.asked.filter(({ method }) => !['GET', 'PATCH'].includes(method)).length, 0, 'it is never created');
});

t.test('one that is deleted while it is written is missed', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  fake.onPatch(() => {
    fake.silence();
    fake.becomes(undefined);
  });
  const { keeper, outcomes } = keep(t, fake);
  await until(() => outcomes.includes('missing'), 'it is missed');
  t.same(outcomes, ['conflict', 'missing']);
  t.equal(keeper.live(), undefined);
});

t.test('a watch that lags does not take back what a read told', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  const { keeper, settled } = keep(t, fake);
  await settled();
  const seen: string[] = [];
  keeper.onLive(() => seen.push(...(keeper.live() ?? [])));
  fake.becomes([other]);
  await until(() => seen.length === 2, 'both are told, each once');
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(seen, [other, other + ours]);
});

/** Waits for nothing; remembers how long it should have waited, and lets that time pass. */
function skipping(): Time & { readonly waits: number[] } {
  const waits: number[] = [];
  let ahead = 0;
  return {
    waits,
    now: () => Date.now() + ahead,
    random: () => 0,
    sleep(ms, signal) {
      waits.push(ms);
      ahead += ms;
      return SYSTEM_TIME.sleep(1, signal);
    },
  };
}

t.test('who undoes it again and again is answered more and more slowly, up to 5 s', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  const time = skipping();
  const { said, settled } = keep(t, fake, time);
  await settled();
  let undone = 0;
  fake.onTaken(() => {
    if (undone < 100) setImmediate(() => fake.becomes(['']));
    undone += 1;
  });
  fake.becomes(['']);
  for (const rounds of [25, 50, 75, 100]) await until(() => undone > rounds, `it was undone ${rounds} times`);
  await settled();
  t.equal(said('somebody keeps undoing what is written to the caBundle, so it is written more rarely'), 1);
  const holds = time.waits.filter((ms) => ms > 0);
  t.ok(holds.length > 35 && holds.length < 45, `${holds.length} of 101 were held back`);
  t.ok(
    holds.slice(0, 7).every((ms, i) => i === 0 || ms > (holds[i - 1] ?? 0)),
    holds.slice(0, 7).join(),
  );
  t.ok(holds.slice(-10).every((ms) => ms > 2_500 && ms <= 5_000));
});

t.test('so is one whose write does not come out as it went in', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  const time = skipping();
  let writes = 0;
  const client = {
    ...fake.api.client,
    async call(call: Parameters<typeof fake.api.client.call>[0]) {
      if (call.verb !== 'patch') return fake.api.client.call(call);
      writes += 1;
      const metadata = { resourceVersion: String(100 + writes) };
      return { status: 200, body: { metadata, webhooks: [{ clientConfig: {} }] } };
    },
  };
  const keeper = keepBundle({
    ...{ client, name: 'pullpass', wanted: () => ADD_OURS, onWrite: () => undefined, time, log: memoryLog() },
  });
  t.teardown(() => keeper.stop());
  for (const times of [30, 60, 90]) await until(() => writes > times, `it is written ${times} times`);
  t.ok(time.waits.filter((ms) => ms > 0).length > 20);
});

t.test('whoever stops writes nothing more', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  const { keeper, settled } = keep(t, fake);
  await settled();
  await keeper.stop();
  fake.becomes(['']);
  keeper.nudge();
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(fake.patches().length, 1);
  const missing = await fakeConfiguration(t, undefined);
  const early = keep(t, missing);
  await early.keeper.stop();
});

t.test('a fault of ours is said and does not end it', async (t) => {
  const fake = await fakeConfiguration(t, ['']);
  const log = memoryLog();
  let calls = 0;
  const keeper = keepBundle({
    client: fake.api.client,
    name: 'pullpass',
    wanted() {
      calls += 1;
      if (calls < 4) throw new Error('a fault');
      return ADD_OURS;
    },
    onWrite: () => undefined,
    time: IMPATIENT,
    log,
  });
  t.teardown(() => keeper.stop());
  await until(() => fake.patches().length === 1, 'it is written all the same');
  t.match(log.lines.join(), /failed because of a fault of ours/);
});
