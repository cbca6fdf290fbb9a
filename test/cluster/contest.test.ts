import t from 'tap';
import { contest } from '../../src/cluster/contest.ts';

function at(start = 0) {
  const clock = { now: start };
  return { clock, fight: contest({ now: () => clock.now }) };
}

t.test('the first are answered at once, then more and more slowly', async (t) => {
  const { fight } = at();
  const holds = Array.from({ length: 69 }, () => {
    fight.undone();
    return fight.holdBackMs();
  });
  t.same(holds.slice(0, 60), Array(60).fill(0));
  t.same(holds.slice(60), [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
});

t.test('who undoes it every five seconds or more rarely is answered at once for ever', async (t) => {
  const { clock, fight } = at();
  for (let i = 0; i < 500; i++) {
    clock.now += 5_000;
    fight.undone();
    t.equal(fight.holdBackMs(), 0);
  }
});

t.test('it is over soon after they stop, and what follows is new', async (t) => {
  const { clock, fight } = at();
  for (let i = 0; i < 100; i++) fight.undone();
  t.equal(fight.isNew(), true);
  t.equal(fight.isNew(), false);
  clock.now += 35_000;
  t.equal(fight.holdBackMs(), 0);
  fight.undone();
  t.equal(fight.isNew(), false, 'too little has been forgotten');
  clock.now += 400_000;
  fight.undone();
  t.equal(fight.isNew(), true);
});

t.test('a clock that goes back makes nobody wait', async (t) => {
  const { clock, fight } = at(1_000_000);
  fight.undone();
  clock.now = 0;
  fight.undone();
  t.equal(fight.holdBackMs(), 0);
});
