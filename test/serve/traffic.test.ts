// Whether admissions come closely, by a clock in the test's hand.
import t from 'tap';
import { watchTraffic } from '../../src/serve/traffic.ts';
import type { Verdict } from '../../src/webhook/admission.ts';

t.test('twenty a second are dense, from one look to the next', async (t) => {
  let time = 0;
  const verdict: Verdict = { couldNotTell: 'no matter' };
  const { admit, isDense } = watchTraffic(
    async () => verdict,
    () => time,
  );
  const come = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) t.equal(await admit({} as never, 1_000), verdict);
  };
  t.equal(isDense(), false);
  await come(2);
  t.equal(isDense(), false, 'too early to tell');
  time += 100;
  t.equal(isDense(), true);
  await come(1);
  time += 99;
  t.equal(isDense(), true, 'too early to tell');
  time += 1;
  t.equal(isDense(), false);
  await come(100);
  time += 60_000;
  t.equal(isDense(), false, 'a hundred in a minute are few');
  await come(20);
  time += 1_000;
  t.equal(isDense(), true);
});
