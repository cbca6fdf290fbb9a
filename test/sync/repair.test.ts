import t from 'tap';
import type { MissedPod } from '../../src/sync/missed-pods.ts';
import { createRepair } from '../../src/sync/repair.ts';
import { manualTime } from './manual-time.ts';

const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'owner' };

function pod(uid: string, created = 0, owner = OWNER): MissedPod {
  return { namespace: 'shop', name: uid, uid, created, owner, isStuck: true, subject: {} as never, needs: [] };
}

function start(options: { perMinute?: number; ready?: (pod: MissedPod) => boolean; outcome?: string } = {}) {
  const time = manualTime();
  const restarted: string[] = [];
  const said: string[] = [];
  let enabled = true;
  const repair = createRepair({
    enabled: () => enabled,
    perMinute: () => options.perMinute ?? 60,
    isReady: options.ready ?? (() => true),
    async restart({ uid }) {
      restarted.push(`${uid} at ${time.now() - 1_000_000}`);
      return options.outcome ?? 'restarted';
    },
    say: ({ reason }) => void said.push(reason),
    count: () => undefined,
    now: time.now,
    later: time.later,
  });
  return { repair, time, restarted, said, disable: () => (enabled = false) };
}

t.test('one after the other, no faster than is allowed, also over several looks', async (t) => {
  const { repair, time, restarted } = start({ perMinute: 60 });
  const pods = ['a', 'b', 'c', 'd'].map((uid) => pod(uid));
  repair.offer(pods);
  await time.pass(1_500);
  repair.offer(pods.slice(1));
  await time.pass(10_000);
  t.same(restarted, ['a at 0', 'b at 1000', 'c at 2000', 'd at 3000'], 'each once');
});

t.test('only where it helps', async (t) => {
  const { repair, time, restarted } = start({ ready: ({ uid }) => uid !== 'a' });
  repair.offer([pod('a'), pod('b')]);
  await time.pass(10_000);
  t.same(restarted, ['b at 0']);
});

t.test('what came back missed is left alone for an hour, and that is said', async (t) => {
  const { repair, time, restarted, said } = start();
  repair.offer([pod('a')]);
  await time.pass(1_000);
  repair.offer([pod('again', time.now() + 2_000)]);
  await time.pass(10_000);
  t.same(restarted, ['a at 0']);
  t.same(said, ['PullSecretRepairFailed']);
  repair.offer([pod('older', 5)]);
  await time.pass(10_000);
  t.equal(restarted.length, 2, 'an older one of the same owner is made anew');
  await time.pass(3_700_000);
  repair.offer([pod('later', time.now())]);
  await time.pass(1_000);
  t.equal(restarted.length, 3);
});

t.test('switched off or stopped in between, the rest stays', async (t) => {
  const off = start();
  off.repair.offer([pod('a'), pod('b')]);
  await off.time.pass(500);
  off.disable();
  await off.time.pass(10_000);
  t.equal(off.restarted.length, 1);
  const stopped = start();
  stopped.repair.offer([pod('a'), pod('b')]);
  await stopped.time.pass(500);
  stopped.repair.stop();
  await stopped.time.pass(10_000);
  t.equal(stopped.restarted.length, 1);
});
