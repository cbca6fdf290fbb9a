// When logins are tried, in simulated time.
import t from 'tap';
import type { HealthResult } from '../../src/registry/try-login.ts';
import { HOUR, MINUTE, start, target } from './simulated-health.ts';

t.test('a login that works is tried at the interval, once for all who share it', async (t) => {
  const { health, tried, results, until } = start(() => 'accepted');
  health.update([target('a', 'r.io', 'x'), target('b', 'r.io', 'x'), target('a', 'r.io', 'x')]);
  await until(13 * HOUR);
  t.same(tried, ['r.io x at 0 min', 'r.io x at 360 min', 'r.io x at 720 min']);
  t.same(results(), ['a r.io accepted', 'b r.io accepted']);
});

t.test('what was removed, replaced or switched off while it waited for its turn is not sent', async (t) => {
  const changes = {
    replaced: [target('x', 'c.io', 'new')],
    removed: [],
  };
  for (const [change, targets] of Object.entries(changes)) {
    const slow = Promise.withResolvers<HealthResult>();
    const { health, tried, until } = start(() => slow.promise);
    const busy = [target('x', 'a.io', 'p'), target('x', 'b.io', 'p')];
    health.update([...busy, target('x', 'c.io', 'old')]);
    await until(MINUTE);
    t.equal(tried.length, 2, 'two at a time');
    health.update([...busy, ...targets]);
    slow.resolve('accepted');
    await until(2 * MINUTE);
    t.same(tried.slice(2), targets.length === 0 ? [] : ['c.io new at 1 min'], change);
  }
  const slow = Promise.withResolvers<HealthResult>();
  const { health, tried, until } = start(() => slow.promise);
  health.update(['a.io', 'b.io', 'c.io'].map((host) => target('x', host, 'p')));
  await until(MINUTE);
  health.stop();
  slow.resolve('accepted');
  await until(HOUR);
  t.equal(tried.length, 2, 'switched off');
});

t.test('a registry that is away is asked at growing pauses; one that asks for patience has it', async (t) => {
  const away = start(() => 'unreachable');
  away.health.update([target('a', 'r.io', 'x')]);
  await away.until(40 * MINUTE);
  t.same(
    away.tried.map((text) => text.split(' at ')[1]),
    ['0 min', '5 min', '15 min', '35 min'],
  );
  for (const result of ['rate-limited', 'forbidden'] as const) {
    const often = start(() => result, { interval: MINUTE });
    often.health.update([target('a', 'r.io', 'x')]);
    await often.until(59 * MINUTE);
    t.equal(often.tried.length, 1, `${result}: not sooner than after an hour`);
  }
  for (const result of ['rate-limited', 'forbidden', 'token-refused', 'unexpected'] as const) {
    const busy = start(() => result);
    busy.health.update([target('a', 'r.io', 'x')]);
    await busy.until(5 * HOUR);
    t.equal(busy.tried.length, 1);
    await busy.until(7 * HOUR);
    t.equal(busy.tried.length, 2, `${result} is not for good`);
  }
});

t.test('what is gone is neither tried nor reported', async (t) => {
  const { health, tried, results, until } = start(() => 'accepted');
  health.update([target('a', 'r.io', 'x')]);
  health.update([]);
  await until(HOUR);
  t.same(tried, []);
  t.same(results(), []);
});
