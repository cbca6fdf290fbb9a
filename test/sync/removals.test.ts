// Whether removals may go, over time, restarts and writes that fail.
import t from 'tap';
import { createRemovalGuard } from '../../src/sync/removals.ts';

function start(notes = { confirmed: 0, held: 0 }) {
  let [now, works] = [1_000_000, true];
  const noted: number[] = [];
  const guard = () =>
    createRemovalGuard({
      notes: () => notes,
      async note(held) {
        noted.push(held);
        if (works) Object.assign(notes, { confirmed: 0, held });
        return works;
      },
      now: () => now,
    });
  return {
    guard,
    notes,
    noted,
    wait(ms: number) {
      now += ms;
    },
    breakNotes(broken: boolean) {
      works = !broken;
    },
  };
}

const MINUTES = 60_000;

t.test('what is held stays held, however long it waits, and across a restart', async (t) => {
  const { guard, notes, noted, wait } = start();
  const first = guard();
  t.equal(await first.admit(100, 1_000), true);
  for (let i = 0; i < 100; i++) first.count();
  t.equal(await first.admit(85, 900), false, 'together they are many');
  t.equal(notes.held, 85);
  wait(11 * MINUTES);
  t.equal(await first.admit(85, 900), false, 'waiting is no consent');
  t.equal(await guard().admit(85, 900), false, 'and a restart is none');
  t.same(noted, [85], 'which is noted once');
  notes.confirmed = 85;
  t.equal(await first.admit(85, 900), true);
  t.same(notes, { confirmed: 0, held: 0 }, 'the confirmation is used up');
});

t.test('small ones after a while are free again, if nothing waits', async (t) => {
  const { guard, wait } = start();
  const one = guard();
  await one.admit(100, 1_000);
  for (let i = 0; i < 100; i++) one.count();
  wait(11 * MINUTES);
  t.equal(await one.admit(85, 900), true);
});

t.test('what is not wanted any more waits no more', async (t) => {
  const { guard, notes } = start();
  const one = guard();
  t.equal(await one.admit(500, 1_000), false);
  t.equal(await one.admit(0, 1_000), true);
  t.same(notes, { confirmed: 0, held: 0 });
  t.equal(await one.admit(5, 1_000), true);
});

t.test('a confirmation that cannot be used up confirms nothing', async (t) => {
  const { guard, notes, breakNotes } = start();
  const one = guard();
  await one.admit(500, 1_000);
  notes.confirmed = 500;
  breakNotes(true);
  t.equal(await one.admit(500, 1_000), false);
  breakNotes(false);
  t.equal(await one.admit(500, 1_000), true);
  t.equal(await one.admit(500, 1_000), false, 'and it is good once');
});

t.test('a confirmation that nothing waits for is taken back', async (t) => {
  const { guard, notes } = start({ confirmed: 200, held: 0 });
  t.equal(await guard().admit(3, 1_000), true);
  t.equal(notes.confirmed, 0);
});

t.test('elected again, it goes by what is noted, not by what it knew', async (t) => {
  const { guard, notes } = start();
  const one = guard();
  t.equal(await one.admit(500, 1_000), false);
  Object.assign(notes, { confirmed: 0, held: 0 });
  one.begin();
  t.equal(await one.admit(1, 1_000), true, 'somebody confirmed it while another was elected');
  const other = start();
  const two = other.guard();
  await two.admit(500, 1_000);
  two.begin();
  t.equal(await two.admit(1, 1_000), false, 'it waits still');
});
