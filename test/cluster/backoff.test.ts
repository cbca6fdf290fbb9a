import t from 'tap';
import { backoff } from '../../src/cluster/backoff.ts';

t.test('doubles up to 5 s in the first minute, up to 30 s later, and begins anew after a reset', async (t) => {
  let now = 0;
  const pause = backoff({ now: () => now, random: () => 0 });
  const first = Array.from({ length: 8 }, () => pause.next());
  t.same(first, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  now = 60_000;
  t.equal(pause.next(), 25_600);
  t.equal(pause.next(), 30_000);
  pause.reset();
  t.equal(pause.next(), 100);
  t.equal(pause.next(), 200, 'the first minute begins with the outage');
});

t.test('chance shortens by at most half', async (t) => {
  const pause = backoff({ now: () => 0, random: () => 0.999 });
  t.ok(pause.next() >= 50);
});
