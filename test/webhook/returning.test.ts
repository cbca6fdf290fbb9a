import t from 'tap';
import { rememberReturning } from '../../src/webhook/returning.ts';

t.test('the time of a review counts from when it first came', async (t) => {
  const returning = rememberReturning();
  t.equal(returning.first('a', 1_000), 1_000);
  returning.sentAway('a', 1_000);
  t.equal(returning.first('a', 4_000), 1_000);
  returning.sentAway('a', 4_000);
  t.equal(returning.first('a', 7_000), 1_000, 'and not from the second time');
  t.equal(returning.first('b', 7_000), 7_000);
});

t.test('it is forgotten when nobody can wait any more, and never more than some are remembered', async (t) => {
  const returning = rememberReturning();
  returning.sentAway('a', 1_000);
  t.equal(returning.first('a', 31_000), 31_000);
  for (let i = 0; i <= 2_000; i++) returning.sentAway(`u${i}`, 40_000);
  t.equal(returning.first('u0', 41_000), 41_000);
  t.equal(returning.first('u2000', 41_000), 40_000);
});
