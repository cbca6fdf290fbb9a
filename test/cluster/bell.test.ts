import t from 'tap';
import { hangBell } from '../../src/cluster/bell.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';

t.test('a ring is heard by who waits, and kept for who does not', async (t) => {
  const bell = hangBell(SYSTEM_TIME);
  const heard: string[] = [];
  const waiting = bell.heard().then(() => heard.push('waited'));
  t.same(heard, []);
  bell.ring();
  bell.ring();
  await waiting;
  bell.ring();
  await bell.heard();
  t.same(heard, ['waited']);
});

t.test('several rings are one, and waiting may have an end', async (t) => {
  const bell = hangBell(SYSTEM_TIME);
  bell.ring();
  bell.ring();
  await bell.heard(10_000);
  const began = performance.now();
  await bell.heard(30);
  t.ok(performance.now() - began >= 25, 'nothing was left of them');
  const long = bell.heard(10_000);
  bell.ring();
  await long;
  t.ok(performance.now() - began < 5_000);
});
