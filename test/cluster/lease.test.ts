// The election against a Lease in memory, with a clock of its own for each replica. The walk at the end holds the one promise that
// matters: whatever is frozen, away or wrong about the time, never are two elected at once.
import t from 'tap';
import type { Call } from '../../src/cluster/client.ts';
import { holdLease, type Lease } from '../../src/cluster/lease.ts';
import { formatMicroTime } from '../../src/cluster/lease-record.ts';
import { ApiUnavailable } from '../../src/cluster/unavailable.ts';
import { memoryLog } from './fake-api.ts';

const DURATION = 12_000;

/** One Lease, as the API server keeps it. */
function fakeLease() {
  let object: { metadata: { uid: string; resourceVersion: string }; spec: Record<string, unknown> } | undefined;
  let version = 1;
  return {
    get: () => object,
    async call({ verb, body }: Pick<Call, 'verb' | 'body'>) {
      const sent = body as typeof object;
      if (verb === 'get') return object ? { status: 200, body: structuredClone(object) } : { status: 404, body: {} };
      const stale = object !== undefined && sent?.metadata.resourceVersion !== object.metadata.resourceVersion;
      if (verb === 'create' ? object !== undefined : object === undefined || stale) return { status: 409, body: {} };
      for (const time of [sent?.spec.renewTime, sent?.spec.acquireTime]) {
        if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(String(time))) return { status: 400, body: {} };
      }
      object = { metadata: { uid: 'u', resourceVersion: String(++version) }, spec: sent?.spec ?? {} };
      return { status: verb === 'create' ? 201 : 200, body: structuredClone(object) };
    },
  };
}

/** A world in which time moves in steps, and replicas that see it through clocks of their own. */
function world(random: () => number = () => 0) {
  let now = 1_000_000;
  const server = fakeLease();
  const sleepers = new Set<{ until: number; wake: () => void; owner: string }>();
  const frozen = new Set<string>();
  const cutOff = new Set<string>();
  const skew = new Map<string, number>();
  const log: string[] = [];

  function replica(identity: string): Lease {
    const time = {
      now: () => now + (skew.get(identity) ?? 0),
      random,
      sleep: (ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          const wake = (): void => {
            sleepers.delete(entry);
            resolve();
          };
          const entry = { until: now + ms, owner: identity, wake };
          sleepers.add(entry);
          signal?.addEventListener('abort', entry.wake);
        }),
    };
    return holdLease({
      client: {
        async call(call) {
          if (cutOff.has(identity)) throw new ApiUnavailable('timeout', 'cut off');
          return server.call(call);
        },
      },
      namespace: 'own',
      name: 'pullpass',
      identity,
      time,
      log: memoryLog(),
      durationMs: DURATION,
      onGained: () => void log.push(`${identity} gained`),
      onLost: () => void log.push(`${identity} lost`),
    });
  }

  const settle = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  return {
    server,
    replica,
    frozen,
    cutOff,
    skew,
    log,
    settle,
    async pass(ms: number, each: () => void = () => undefined) {
      for (const end = now + ms; now < end; ) {
        now += 250;
        for (const entry of [...sleepers]) if (entry.until <= now && !frozen.has(entry.owner)) entry.wake();
        await settle();
        each();
      }
    },
  };
}

t.test('of three, one is elected; when it gives up another is at once', async (t) => {
  const { replica, pass, settle, log, server } = world();
  const replicas = ['a', 'b', 'c'].map(replica);
  await settle();
  t.equal(replicas.filter((one) => one.held()).length, 1);
  await pass(30_000);
  t.equal(log.length, 1, 'and stays it');
  const first = replicas.find((one) => one.held());
  await first?.release();
  t.equal(server.get()?.spec.holderIdentity, '');
  await pass(2_500);
  t.equal(replicas.filter((one) => one.held()).length, 1);
  t.notOk(first?.held());
  t.equal(server.get()?.spec.leaseTransitions, 1);
});

t.test('one that says nothing is waited for as long as its Lease lasts, by our own clock', async (t) => {
  const { replica, pass, frozen, skew } = world();
  const a = replica('a');
  await pass(500);
  skew.set('b', 3_600_000);
  const b = replica('b');
  await pass(5_000);
  t.ok(a.held());
  t.notOk(b.held(), 'a clock that is an hour ahead makes nobody hasty');
  frozen.add('a');
  await pass(DURATION - 3_000);
  t.notOk(b.held());
  await pass(6_000);
  t.ok(b.held());
  t.notOk(a.held(), 'the frozen one knows without having done anything');
  frozen.delete('a');
  await pass(10_000);
  t.ok(b.held());
  t.notOk(a.held(), 'and does not take it back');
});

t.test('cut off, it stops to believe before anybody else may; back again, it goes on', async (t) => {
  const { replica, pass, cutOff, log } = world();
  const a = replica('a');
  await pass(500);
  cutOff.add('a');
  await pass(DURATION * (2 / 3) - 2_500);
  t.ok(a.held(), 'a short outage is none');
  await pass(3_000);
  t.notOk(a.held());
  cutOff.delete('a');
  await pass(3_000);
  t.ok(a.held());
  t.same(log, ['a gained', 'a lost', 'a gained']);
});

t.test('a clock that goes back says nothing about how long ago it was', async (t) => {
  const { replica, pass, skew } = world();
  const a = replica('a');
  await pass(500);
  skew.set('a', -60_000);
  t.notOk(a.held());
  await pass(3_000);
  t.ok(a.held(), 'renewed by the new time');
});

t.test('for every walk of freezes, outages and clocks, never two at once', async (t) => {
  const seed = Number(process.env.PULLPASS_SEED ?? Date.now() % 1_000_000);
  t.comment(`seed ${seed}`);
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const { replica, pass, frozen, cutOff, skew } = world(random);
  const names = ['a', 'b', 'c'];
  for (const name of names) skew.set(name, Math.floor(random() * 1e7));
  const replicas = names.map(replica);
  let [most, elected, moments] = [0, 0, 0];
  for (let step = 0; step < 250; step++) {
    const name = names[Math.floor(random() * names.length)] ?? '';
    const set = random() < 0.5 ? frozen : cutOff;
    if (random() < 0.5) set.add(name);
    else set.delete(name);
    await pass(Math.floor(random() * 16_000), () => {
      const held = replicas.filter((one) => one.held()).length;
      most = Math.max(most, held);
      elected += held;
      moments += 1;
    });
  }
  t.equal(most, 1, 'never two');
  t.ok(elected > moments / 20, `somebody was elected in ${elected} of ${moments} moments`);
  for (const one of replicas) void one.release();
});

t.test('times have microseconds', async (t) => {
  t.equal(formatMicroTime(Date.UTC(2030, 0, 2, 3, 4, 5, 67)), '2030-01-02T03:04:05.067000Z');
});
