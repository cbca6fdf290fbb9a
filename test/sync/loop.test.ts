// When a pass takes place.
import t from 'tap';
import { createLoop, INTERVAL_MS } from '../../src/sync/loop.ts';
import type { PassReport, Scope, Written } from '../../src/sync/pass.ts';
import { manualTime } from './manual-time.ts';

const QUIET: Omit<PassReport, 'scope'> = {
  looked: 0,
  written: [],
  refused: new Map(),
  held: 0,
  postponed: [],
  due: undefined,
  pullSecrets: 0,
  ms: 0,
};

function start(reportOf: (scope: Scope, nth: number) => Partial<PassReport> = () => ({})) {
  const time = manualTime();
  const passes: string[] = [];
  const at: number[] = [];
  let running = 0;
  let most = 0;
  let gate: Promise<void> = Promise.resolve();
  const faults: unknown[] = [];
  const contested: string[] = [];
  const loop = createLoop({
    async pass(scope) {
      running += 1;
      most = Math.max(most, running);
      passes.push(scope === 'all' ? 'all' : [...scope].join());
      at.push(time.now());
      await gate;
      running -= 1;
      return { ...QUIET, scope, ...reportOf(scope, passes.length) };
    },
    prepare: async () => undefined,
    report: () => undefined,
    contested: (namespace) => void contested.push(namespace),
    fault: (error) => void faults.push(error),
    later: time.later,
    random: () => 0,
    now: time.now,
  });
  return {
    loop,
    time,
    passes,
    at,
    faults,
    contested,
    most: () => most,
    hold(): () => void {
      const held = Promise.withResolvers<void>();
      gate = held.promise;
      return held.resolve;
    },
  };
}

const conflict = (namespace: string): Written => ({
  namespace,
  name: 'pullpass-dockercfg',
  act: 'delete',
  reason: 'not-enabled',
  outcome: 'conflict',
});

t.test('begins with all, then goes by news, several at once', async (t) => {
  const { loop, time, passes } = start();
  loop.nudge('early');
  loop.start();
  await time.pass(100);
  for (const name of ['a', 'b', 'a']) loop.nudge(name);
  await time.pass(100);
  loop.nudgeAll();
  loop.nudge('c');
  await time.pass(100);
  t.same(passes, ['all', 'a,b', 'all']);
});

t.test('never two at once; what comes meanwhile makes one more', async (t) => {
  const { loop, time, passes, most, hold } = start();
  const release = hold();
  loop.start();
  await time.pass(100);
  for (const name of ['a', 'b']) {
    loop.nudge(name);
    await time.pass(100);
  }
  t.same(passes, ['all']);
  release();
  await time.pass(100);
  t.same(passes, ['all', 'a,b']);
  t.equal(most(), 1);
});

t.test('at an interval in any case, and when a deletion is due', async (t) => {
  const quiet = start();
  quiet.loop.start();
  await quiet.time.pass(3 * INTERVAL_MS + 1_000);
  t.equal(quiet.passes.length, 4);
  const due = start((_, nth) => (nth === 1 ? { due: 1_020_000 } : {}));
  due.loop.start();
  await due.time.pass(25_000);
  t.equal(due.passes.length, 2);
  t.ok((due.at[1] ?? 0) >= 1_020_000 && (due.at[1] ?? 0) < 1_020_100);
});

t.test('after a failure again, with growing pauses, until it went well', async (t) => {
  const { loop, time, passes, at } = start((scope, nth) =>
    nth > 6 ? {} : { written: scope === 'all' ? [conflict('a'), conflict('b')] : [...scope].map(conflict) },
  );
  loop.start();
  await time.pass(40_000);
  t.same(passes, ['all', 'a,b', 'a,b', 'a,b', 'a,b', 'a,b', 'a,b']);
  const pauses = at.slice(1).map((moment, i) => moment - (at[i] ?? 0));
  t.ok(
    pauses.every((pause, i) => i === 0 || pause > (pauses[i - 1] ?? 0)),
    pauses.join(),
  );
});

t.test('a hiccup now and then is tried again at once, however many there were before and elsewhere', async (t) => {
  const tried = new Set<string>();
  const { loop, time, passes, at } = start((scope) => {
    if (scope === 'all') return { written: [conflict('never')] };
    const written = [...scope].filter((name) => name === 'never' || !tried.has(name)).map(conflict);
    for (const name of scope) tried.add(name);
    return { written };
  });
  loop.start();
  await time.pass(5 * INTERVAL_MS + 5_000);
  for (let i = 0; i < 10; i++) {
    loop.nudge(`n${i}`);
    await time.pass(1_000);
    const tries = passes.flatMap((scope, nth) => (scope.split(',').includes(`n${i}`) ? [at[nth] ?? 0] : []));
    t.equal(tries.length, 2, `n${i}`);
    t.ok((tries[1] ?? 0) - (tries[0] ?? 0) <= 300, `again after ${(tries[1] ?? 0) - (tries[0] ?? 0)} ms`);
  }
});

t.test('a replica that was late with a renewal does the rest soon', async (t) => {
  const late = { ...conflict('a'), outcome: 'not-elected' as const };
  const { loop, time, passes } = start((_, nth) => (nth === 1 ? { written: [late] } : {}));
  loop.start();
  await time.pass(2_000);
  t.same(passes, ['all', 'all']);
});

t.test('a removal that fails has growing pauses, although only a look at all of them decides about it', async (t) => {
  const { loop, time, passes } = start((scope) =>
    scope === 'all' ? { written: [conflict('denied')] } : { postponed: [...scope] },
  );
  loop.start();
  await time.pass(10 * INTERVAL_MS);
  t.ok(passes.length < 100, `${passes.length} passes in ten minutes`);
  t.ok(passes.filter((scope) => scope === 'all').length > 15, 'it is tried on');
});

t.test('preparations that fail cost a pass, and not those after it', async (t) => {
  const time = manualTime();
  let passes = 0;
  const loop = createLoop({
    async pass(scope) {
      passes += 1;
      return { ...QUIET, scope };
    },
    async prepare() {
      if (time.now() < 1_010_000) throw new Error('a bug');
    },
    report: () => undefined,
    contested: () => undefined,
    fault: () => undefined,
    later: time.later,
    random: () => 0,
    now: time.now,
  });
  loop.start();
  await time.pass(2 * INTERVAL_MS);
  t.equal(passes, 1);
});

t.test('what a few namespaces would lose is left to a look at all of them', async (t) => {
  const { loop, time, passes } = start((scope) => (scope === 'all' ? {} : { postponed: [...scope] }));
  loop.start();
  await time.pass(100);
  loop.nudge('a');
  await time.pass(2_000);
  t.same(passes, ['all', 'a', 'all']);
});

t.test('one where somebody keeps undoing what is written is left to the interval', async (t) => {
  const { loop, time, passes, contested } = start((scope) => ({
    written: scope === 'all' ? [] : [...scope].map((namespace) => ({ ...conflict(namespace), outcome: 'written' })),
  }));
  loop.start();
  for (let i = 0; i < 500; i++) {
    loop.nudge('contested');
    await time.pass(50);
  }
  t.equal(passes.filter((pass) => pass === 'contested').length, 60);
  t.same(contested, ['contested'], 'which is said');
  loop.nudge('quiet');
  await time.pass(50);
  t.equal(passes.at(-1), 'quiet', 'others are looked at as ever');
  await time.pass(2 * INTERVAL_MS);
  loop.nudge('contested');
  await time.pass(50);
  t.equal(passes.at(-1), 'contested', 'and it is tried again later');
});

t.test('stopped, nothing happens any more; it can start again', async (t) => {
  const { loop, time, passes, hold } = start();
  const release = hold();
  loop.start();
  await time.pass(100);
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await time.settle();
  t.notOk(stopped, 'it waits for the pass');
  release();
  await stopping;
  loop.nudge('a');
  await time.pass(5 * INTERVAL_MS);
  t.same(passes, ['all']);
  t.equal(time.waiting(), 0);
  loop.start();
  await time.pass(100);
  t.same(passes, ['all', 'all']);
});

t.test('a fault of ours costs one pass', async (t) => {
  const { loop, time, passes, faults } = start((_, nth) => {
    if (nth === 1) throw new Error('a bug');
    return {};
  });
  loop.start();
  await time.pass(INTERVAL_MS + 1_000);
  t.equal(faults.length, 1);
  t.same(passes, ['all', 'all']);
});
