// When a program is asked again, in simulated time.
import t from 'tap';
import { type ExecAnswer, failed } from '../../src/credentials/exec-answer.ts';
import { type Known, openHostAsker } from '../../src/credentials/host-asker.ts';
import { patternOf } from '../core/given.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const PATTERN = patternOf('r.acme.io');

function good(password: string, holdsMs?: number): ExecAnswer {
  return { ok: true, entries: [{ pattern: PATTERN, login: { username: 'u', password } }], holdsMs, problems: [] };
}

interface Options {
  readonly refreshMs?: number;
  readonly known?: () => Known | undefined;
  readonly random?: number;
}

function start(answers: (at: number) => ExecAnswer, options: Options = {}) {
  let now = 0;
  /** How far the clock on the wall is from the one that timers go by. */
  let jumped = 0;
  const asked: number[] = [];
  const due: { at: number; callback: () => void }[] = [];
  const asker = openHostAsker([PATTERN], options.refreshMs ?? 15 * MINUTE, {
    async ask(_, signal) {
      asked.push(now);
      const answer = answers(now);
      return signal.aborted ? failed('stopped', 'it was stopped') : answer;
    },
    askedWith: 'same',
    known: () => options.known?.(),
    onChange: () => undefined,
    onFailure: () => undefined,
    now: () => now + jumped,
    random: () => options.random ?? 0,
    later(ms, callback) {
      const entry = { at: now + ms, callback };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry) >>> 0, 1);
    },
  });
  asker.start();
  return {
    asker,
    asked,
    password: () => asker.reading()?.logins.get('r.acme.io')?.password,
    jump(ms: number): void {
      jumped += ms;
    },
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

t.test('an answer that says how long it holds is renewed ahead of that, earlier or later by chance', async (t) => {
  for (const [random, expected] of [
    [0, 4 * HOUR],
    [0.999, 3.4 * HOUR],
  ] as const) {
    const { asked, until } = start(() => good('x', 6 * HOUR), { random });
    await until(5 * HOUR);
    t.equal(asked.length, 2);
    t.ok(Math.abs((asked[1] ?? 0) - expected) < MINUTE, `asked again after ${(asked[1] ?? 0) / HOUR} h`);
  }
});

t.test('one that does not say is asked at the interval; never sooner than every 10 seconds', async (t) => {
  const slow = start(() => good('x'));
  await slow.until(HOUR);
  t.equal(slow.asked.length, 5, 'at once and four times in an hour');
  const eager = start(() => good('x', SECOND));
  await eager.until(MINUTE);
  t.same(eager.asked.slice(0, 3), [0, 10 * SECOND, 20 * SECOND]);
});

t.test('an hour of failures takes nothing away, and asks at growing pauses for ever', async (t) => {
  let away = false;
  const { asker, asked, password, until } = start((at) =>
    away ? failed('exit', 'it ended with code 1') : good(at === 0 ? 'old' : 'new', 6 * HOUR),
  );
  await until(MINUTE);
  away = true;
  await until(5 * HOUR);
  const during = asked.length - 1;
  t.equal(password(), 'old', 'the last good login');
  t.match(asker.reading()?.problems, [/it ended with code 1; the last good login/]);
  t.ok(during >= 12 && during <= 24, `${during} tries in an hour`);
  away = false;
  await until(5 * HOUR + 5 * MINUTE);
  t.equal(password(), 'new', 'within the longest pause after it is back');
});

t.test('near the expiry it is asked at least every 30 seconds', async (t) => {
  const { asked, until } = start((at) => (at === 0 ? good('x', HOUR) : failed('timeout', 'slow')));
  await until(HOUR);
  const last = asked.filter((at) => at > 51 * MINUTE);
  t.ok(last.length >= 15, `${last.length} tries in the last 9 minutes`);
});

t.test('what another replica was given a while ago is good until it is due', async (t) => {
  const fresh = start(() => good('x', 6 * HOUR), {
    known: () => ({ asked: 'same', obtained: -HOUR, expires: 5 * HOUR }),
  });
  await fresh.until(2 * HOUR);
  t.equal(fresh.asked.length, 0, 'not asked yet');
  await fresh.until(3 * HOUR + MINUTE);
  t.equal(fresh.asked.length, 1, 'asked when it was due');
  const unknown = start(() => good('x'), {});
  await unknown.until(0);
  t.equal(unknown.asked.length, 1, 'asked at once');
});

t.test('an answer that comes after the end changes nothing', async (t) => {
  const { asker, asked, until } = start(() => good('x'));
  asker.stop();
  await until(HOUR);
  t.equal(asked.length, 0);
  t.equal(asker.reading(), undefined);
});

t.test(
  'a machine that slept asks within a minute after it is awake, one whose clock is set back asks in time',
  async (t) => {
    for (const [what, jump] of [
      ['slept', 8 * HOUR],
      ['its clock was set back', -20 * HOUR],
    ] as const) {
      const { asked, until, jump: jumpBy } = start(() => good('x', 6 * HOUR));
      await until(HOUR);
      jumpBy(jump);
      await until(jump > 0 ? HOUR + MINUTE : 4 * HOUR);
      t.equal(asked.length, 2, what);
      await until(jump > 0 ? 4 * HOUR : 7 * HOUR);
      t.equal(asked.length, 2, `${what}, and goes on by the new clock`);
    }
  },
);

t.test('what is kept is trusted only if it was asked with the same, not long ahead of our clock', async (t) => {
  const fresh = { asked: 'same', obtained: -HOUR, expires: 5 * HOUR };
  for (const [because, known, calls] of [
    ['it is fresh', fresh, 0],
    ['a clock that is a little ahead', { ...fresh, obtained: 5 * MINUTE }, 0],
    ['a clock that is far ahead', { ...fresh, obtained: 5 * MINUTE + 1 }, 1],
    ['another command or environment', { ...fresh, asked: 'other' }, 1],
    ['nobody knows with what', { obtained: -HOUR, expires: 5 * HOUR }, 1],
  ] as const) {
    const { asked, until } = start(() => good('x', 6 * HOUR), { known: () => known });
    await until(MINUTE);
    t.equal(asked.length, calls, because);
  }
});

t.test('what was kept is lost before this one asked: it asks soon, and once', async (t) => {
  let known: Known | undefined = { asked: 'same', obtained: -HOUR, expires: 5 * HOUR };
  const { asked, until } = start(() => good('x', 6 * HOUR), { known: () => known });
  await until(30 * MINUTE);
  t.equal(asked.length, 0);
  known = undefined;
  await until(31 * MINUTE);
  t.equal(asked.length, 1);
  await until(2 * HOUR);
  t.equal(asked.length, 1, 'its own answer counts');
});
