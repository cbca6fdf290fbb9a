// One pass over namespaces in memory.
import t from 'tap';
import type { WriteOutcome } from '../../src/core/reason.ts';
import type { Situation, SyncSettings } from '../../src/core/sync-plan.ts';
import { createPass } from '../../src/sync/pass.ts';
import { createRemovalGuard } from '../../src/sync/removals.ts';
import { credential, observed, renderingOf, SETTINGS } from '../core/given.ts';

const SYNC: SyncSettings = { ...SETTINGS, graceMs: 0 };
const rendering = renderingOf([credential('a', ['a.io'])]);
const right = observed({
  credentials: ['a'],
  keys: new Set(['a.io']),
  digest: rendering.digest,
  marks: rendering.marks,
});

function start(
  count: number,
  situationOf: (i: number) => Partial<Situation>,
  outcomeOf: (i: number) => WriteOutcome = () => 'written',
) {
  const states = new Map(Array.from({ length: count }, (_, i) => [`n${i}`, situationOf(i)]));
  const writes: string[] = [];
  let [running, most, elected, crowded] = [0, 0, true, false];
  let during = (): void => undefined;
  const notes = { confirmed: 0, held: 0 };
  const now = () => Math.round(performance.now());
  const pass = createPass({
    namespaces: () => states.keys(),
    names: [SYNC.name],
    situation: (name) => ({
      alive: true,
      takesPart: true,
      asked: false,
      present: undefined,
      rendering,
      ...states.get(name),
    }),
    settings: () => SYNC,
    mayWrite: () => elected,
    async write({ namespace }, { act }) {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      writes.push(`${act} ${namespace}`);
      const outcome = outcomeOf(Number(namespace.slice(1)));
      if (outcome === 'written') states.set(namespace, { present: act === 'delete' ? undefined : right });
      if (act === 'delete') states.set(namespace, { takesPart: false });
      during();
      return { outcome: act === 'delete' && outcome === 'written' ? 'deleted' : outcome };
    },
    removals: createRemovalGuard({
      notes: () => notes,
      async note(held) {
        Object.assign(notes, { confirmed: 0, held });
        return true;
      },
      now,
    }),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    isCrowded: () => crowded,
    rest: () => new Promise((resolve) => setImmediate(resolve)),
    now,
  });
  return {
    pass,
    states,
    writes,
    /** At once, since it was asked last. */
    most() {
      const since = most;
      most = running;
      return since;
    },
    crowd(isCrowded: boolean) {
      crowded = isCrowded;
    },
    confirm(confirmed: number) {
      notes.confirmed = confirmed;
    },
    /** After each write. */
    during(callback: () => void) {
      during = callback;
    },
    loseElection() {
      elected = false;
    },
  };
}

t.test('writes what differs, a few at a time, and nothing the second time', async (t) => {
  const { pass, writes, most } = start(200, () => ({ asked: true }));
  const report = await pass('all');
  t.equal(writes.length, 200);
  t.equal(most(), 24, 'at once');
  t.equal(report.written.length, 200);
  t.equal((await pass('all')).written.length, 0);
});

t.test('while admissions come closely it writes fewer at once, and as many again when they are over', async (t) => {
  const world = start(200, () => ({ asked: true }));
  const seen: number[] = [];
  world.crowd(true);
  world.during(() => {
    const { length } = world.writes;
    if (length === 60 || length === 120 || length === 160) seen.push(world.most());
    if (length === 60) world.crowd(false);
    if (length === 120) world.crowd(true);
    if (length === 150) world.most();
  });
  const { written } = await world.pass('all');
  t.same(seen, [4, 24, 4]);
  t.equal(written.length, 200);
});

t.test('one that fails keeps nobody else from its change', async (t) => {
  const { pass } = start(
    50,
    () => ({ asked: true }),
    (i) => (i === 7 ? 'quota' : 'written'),
  );
  const { written } = await pass('all');
  t.same(
    written.filter(({ outcome }) => outcome !== 'written').map(({ namespace, outcome }) => `${namespace} ${outcome}`),
    ['n7 quota'],
  );
  t.equal(written.length, 50);
});

t.test('elected no more, it writes no more', async (t) => {
  const world = start(200, () => ({ asked: true }));
  const running = world.pass('all');
  await new Promise((resolve) => setImmediate(resolve));
  world.loseElection();
  const { written } = await running;
  t.ok(world.writes.length < 60, `${world.writes.length} writes were under way`);
  t.ok(written.some(({ outcome }) => outcome === 'not-elected'));
});

t.test('looks at each namespace again right before it writes', async (t) => {
  const world = start(60, () => ({ asked: true }));
  const running = world.pass('all');
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 40; i < 60; i++) world.states.set(`n${i}`, { present: right });
  await running;
  t.notOk(
    world.writes.some((write) => Number(write.split(' n')[1]) >= 40),
    'somebody else was faster',
  );
});

t.test('the guard: many removals wait until so many are confirmed', async (t) => {
  const rows = [
    [100, 10, 'gone'],
    [100, 11, 'held'],
    [20, 10, 'gone'],
    [1_000, 100, 'gone'],
    [1_000, 101, 'held'],
  ] as const;
  for (const [count, removals, expected] of rows) {
    const world = start(count, (i) => ({ present: right, takesPart: i >= removals }));
    const { held } = await world.pass('all');
    t.equal(held, expected === 'held' ? removals : 0, `${removals} of ${count}`);
    t.equal(world.writes.length, expected === 'held' ? 0 : removals);
    if (expected === 'gone') continue;
    world.confirm(removals - 1);
    t.equal((await world.pass('all')).held, removals, 'fewer were confirmed');
    world.confirm(removals);
    t.match(await world.pass('all'), { held: 0, postponed: [] });
    t.equal(world.writes.length, removals);
  }
});

t.test('small steps are one big one', async (t) => {
  const world = start(100, () => ({ present: right }));
  for (let i = 0; i < 12; i++) {
    world.states.set(`n${i}`, { present: right, takesPart: false });
    const { held } = await world.pass('all');
    t.equal(held, i < 10 ? 0 : i - 9, `after ${i + 1}`);
  }
});

t.test('a look at a few takes nothing away, but says that there is something', async (t) => {
  const world = start(100, (i) => ({ present: right, takesPart: i > 0 }));
  t.match(await world.pass(new Set(['n0', 'n1'])), { held: 0, postponed: ['n0'], looked: 2 });
  t.same(world.writes, []);
});

t.test('what turns into a removal while a pass writes was counted by nobody, and waits for the next', async (t) => {
  const emptied = renderingOf([]);
  const world = start(200, () => ({ asked: true }));
  world.during(() => {
    if (world.writes.length !== 50) return;
    // Somebody breaks a selector: no namespace may use anything any more.
    for (const name of world.states.keys()) world.states.set(name, { present: right, rendering: emptied });
  });
  const report = await world.pass('all');
  t.ok(world.writes.length < 80, `${world.writes.length} writes were under way`);
  t.ok(report.postponed.length > 100, `${report.postponed.length} are left`);
  world.during(() => undefined);
  const from = world.writes.length;
  t.ok((await world.pass('all')).held > 100);
  t.equal(world.writes.length, from);
});

t.test('what is refused is reported', async (t) => {
  const { pass } = start(3, (i) => (i === 1 ? { present: observed({ ours: false }) } : { present: right }));
  t.same([...(await pass('all')).refused], [['n1', 'foreign']]);
});
