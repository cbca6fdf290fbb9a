// When logins are tried, in simulated time.
import t from 'tap';
import { type HealthOutcome, openCredentialHealth } from '../../src/registry/credential-health.ts';
import type { HealthResult } from '../../src/registry/try-login.ts';

const [MINUTE, HOUR] = [60_000, 3_600_000];

function start(answer: (password: string) => HealthResult) {
  let now = 0;
  const tried: string[] = [];
  const due: { at: number; callback: () => void }[] = [];
  let outcomes: readonly HealthOutcome[] = [];
  const health = openCredentialHealth({
    async tryLogin({ host, login }) {
      tried.push(`${host} ${login.password} at ${Math.round(now / MINUTE)} min`);
      return answer(login.password);
    },
    intervalMs: () => 6 * HOUR,
    onResults: (next) => {
      outcomes = next;
    },
    random: () => 0,
    later(ms, callback) {
      const entry = { at: now + ms, callback };
      due.push(entry);
      return () => {
        const at = due.indexOf(entry);
        if (at >= 0) due.splice(at, 1);
      };
    },
  });
  return {
    health,
    tried,
    results: () => outcomes.map(({ credential, host, result }) => `${credential} ${host} ${result}`),
    async until(at: number) {
      for (;;) {
        const next = due.filter((entry) => entry.at <= at).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        now = next.at;
        next.callback();
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = at;
    },
  };
}

const target = (credential: string, host: string, password: string) => ({
  credential,
  host,
  login: { username: 'robot', password },
});

t.test('a login that works is tried at the interval, once for all who share it', async (t) => {
  const { health, tried, results, until } = start(() => 'accepted');
  health.update([target('a', 'r.io', 'x'), target('b', 'r.io', 'x'), target('a', 'r.io', 'x')]);
  await until(13 * HOUR);
  t.same(tried, ['r.io x at 0 min', 'r.io x at 360 min', 'r.io x at 720 min']);
  t.same(results(), ['a r.io accepted', 'b r.io accepted']);
});

t.test(
  'a login that was refused is not tried again until it changes, also when another replica was elected meanwhile',
  async (t) => {
    const { health, tried, results, until } = start((password) => (password === 'old' ? 'refused' : 'accepted'));
    health.update([target('a', 'r.io', 'old')]);
    await until(48 * HOUR);
    t.same(tried, ['r.io old at 0 min']);
    health.update([target('a', 'r.io', 'old')]);
    health.stop();
    health.update([target('a', 'r.io', 'old')]);
    await until(96 * HOUR);
    t.equal(tried.length, 1);
    t.same(results(), ['a r.io refused']);
    health.update([target('a', 'r.io', 'new')]);
    await until(96 * HOUR + MINUTE);
    t.same(tried.slice(1), ['r.io new at 5760 min']);
    t.same(results(), ['a r.io accepted']);
  },
);

t.test('a registry that is away is asked at growing pauses; one that asks for patience has it', async (t) => {
  const away = start(() => 'unreachable');
  away.health.update([target('a', 'r.io', 'x')]);
  await away.until(40 * MINUTE);
  t.same(
    away.tried.map((text) => text.split(' at ')[1]),
    ['0 min', '5 min', '15 min', '35 min'],
  );
  const busy = start(() => 'rate-limited');
  busy.health.update([target('a', 'r.io', 'x')]);
  await busy.until(5 * HOUR);
  t.equal(busy.tried.length, 1);
});

t.test('what is gone is neither tried nor reported', async (t) => {
  const { health, tried, results, until } = start(() => 'accepted');
  health.update([target('a', 'r.io', 'x')]);
  health.update([]);
  await until(HOUR);
  t.same(tried, []);
  t.same(results(), []);
});
