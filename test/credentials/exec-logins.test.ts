// When which program is asked, in simulated time; and that the answers of a credential's hosts make one reading.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import type { ConfiguredCredential } from '../../src/config/schema.ts';
import { authorityOf } from '../../src/core/policy.ts';
import { type ExecAnswer, failed } from '../../src/credentials/exec-answer.ts';
import { openExecLogins } from '../../src/credentials/exec-logins.ts';
import type { Known } from '../../src/credentials/host-asker.ts';
import { runProgram } from '../../src/credentials/program.ts';
import type { SourceReading } from '../../src/credentials/source.ts';
import { patternOf } from '../core/given.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
/** What a timer of Node can wait for. */
const TIMER_MAX = 2 ** 31 - 1;

function credentials(...entries: readonly string[]): readonly ConfiguredCredential[] {
  const loaded = loadConfig(`credentials:\n${entries.map((entry) => `  - ${entry}\n`).join('')}`, '/etc/pullpass.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config.credentials;
}

function provider(name: string, match: string, more = ''): string {
  return `{ name: ${name}, match: [${match}], source: { credentialProvider: { command: ${name} } }${more} }`;
}

function good(host: string, password: string, holdsMs?: number): ExecAnswer {
  return {
    ok: true,
    entries: [{ pattern: patternOf(host), login: { username: 'u', password } }],
    holdsMs,
    problems: [],
  };
}

interface Setup {
  /** What the program says about a host at a time; a promise that stays open is a program that runs on. */
  readonly answer?: (host: string, at: number) => ExecAnswer | Promise<ExecAnswer>;
  readonly known?: (credential: string, pattern: string) => Known | undefined;
  readonly random?: () => number;
  readonly askedWith?: () => string;
}

function simulate(configured: readonly ConfiguredCredential[], setup: Setup = {}) {
  const {
    answer = (host) => good(host, 'x'),
    known = () => undefined,
    random = () => 0,
    askedWith = () => 'same',
  } = setup;
  let now = 100 * DAY;
  const began = now;
  const due = new Set<{ readonly at: number; readonly callback: () => void }>();
  const asked: { readonly credential: string; readonly host: string; readonly at: number }[] = [];
  const readings = new Map<string, SourceReading>();
  const failures: string[] = [];
  const programs = openExecLogins({
    programOf({ name, source }) {
      if (source.kind === 'dockerConfig') return undefined;
      return async ([first = patternOf('none.example')], signal) => {
        const host = authorityOf(first);
        asked.push({ credential: name, host, at: now - began });
        const stopped = new Promise<ExecAnswer>((resolve) => {
          signal.addEventListener('abort', () => resolve(failed('stopped', 'it was stopped')), { once: true });
        });
        return Promise.race([answer(host, now - began), stopped]);
      };
    },
    askedWith,
    known,
    random,
    now: () => now,
    onReading: ({ name }, reading) => void readings.set(name, reading),
    onFailure: (credential, reason) => void failures.push(`${credential} ${reason}`),
    later(ms, callback) {
      if (!(ms >= 0 && ms <= TIMER_MAX)) throw new Error(`no timer can wait for ${ms} ms`);
      const entry = { at: now + ms, callback };
      due.add(entry);
      return () => void due.delete(entry);
    },
  });
  programs.configure(configured);
  async function until(at: number): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = [...due].filter((entry) => entry.at <= began + at).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      due.delete(next);
      now = Math.max(now, next.at);
      next.callback();
    }
    now = began + at;
  }
  const times = (credential: string): readonly number[] =>
    asked.filter((call) => call.credential === credential).map(({ at }) => at);
  return { programs, asked, times, readings, failures, until, began, pending: () => due.size };
}

t.test('one call for each literal host of a credential, and one reading of all of them', async (t) => {
  const { programs, asked, readings, until, began } = simulate(
    credentials(
      provider('ecr', 'a.example.com, a.example.com/team/, b.example.com, "a.example.com:5000"'),
      provider('twin', 'a.example.com/other'),
      '{ name: file, match: [f.example.com], source: { dockerConfig: /config.json } }',
    ),
    { answer: (host) => (host === 'b.example.com' ? failed('exit', 'it ended with code 1') : good(host, host)) },
  );
  t.equal(asked.length, 0, 'nobody is asked before the start');
  programs.start();
  programs.start();
  await until(0);
  t.same(asked.map(({ credential, host }) => `${credential} ${host}`).sort(), [
    'ecr a.example.com',
    'ecr a.example.com:5000',
    'ecr b.example.com',
    'twin a.example.com',
  ]);
  t.same([...(readings.get('ecr')?.logins ?? [])].map(([pattern, { password }]) => [pattern, password]).sort(), [
    ['a.example.com', 'a.example.com'],
    ['a.example.com/team/', 'a.example.com'],
    ['a.example.com:5000', 'a.example.com:5000'],
  ]);
  t.match(readings.get('ecr')?.problems, [/^it ended with code 1; the last good login/]);
  t.notOk(readings.has('file'));
  t.same(
    [...programs.states()],
    [
      ['ecr', { lastSuccess: undefined, nextAttempt: began + SECOND, failures: 1 }],
      ['twin', { lastSuccess: began, nextAttempt: began + 15 * MINUTE, failures: 0 }],
    ],
    'a credential is as well off as the worst of its hosts',
  );
});

t.test('four programs run at once at most, and the others get their turn', async (t) => {
  const hosts = Array.from({ length: 20 }, (_, i) => `r${i}.example.com`);
  let running = 0;
  let most = 0;
  const { programs, asked, until } = simulate(credentials(provider('many', hosts.join(', '))), {
    async answer(host) {
      most = Math.max(most, ++running);
      await sleep(5);
      running--;
      return good(host, 'x');
    },
  });
  programs.start();
  await until(0);
  while (asked.length < hosts.length || running > 0) await sleep(5);
  t.equal(most, 4);
  await programs.stop();
});

t.test('for every duration, the login is renewed before it ends and never in a hurry', async (t) => {
  for (const holdsMs of [30 * SECOND, 5 * MINUTE, HOUR, 6 * HOUR, 12 * HOUR]) {
    for (const chance of [0, 0.5, 0.999]) {
      const { programs, times, until } = simulate(credentials(provider('ecr', 'a.example.com')), {
        answer: (host) => good(host, 'x', holdsMs),
        random: () => chance,
      });
      programs.start();
      await until(4 * holdsMs);
      const pauses = times('ecr')
        .slice(1)
        .map((at, i) => at - (times('ecr')[i] ?? 0));
      t.ok(pauses.length >= 4 && pauses.every((pause) => pause < holdsMs * 0.7 && pause > holdsMs / 2), `${holdsMs}`);
    }
  }
});

t.test('an answer for a century is asked again the next day', async (t) => {
  const { programs, times, until } = simulate(credentials(provider('ecr', 'a.example.com')), {
    answer: (host) => good(host, 'x', 876_000 * HOUR),
  });
  programs.start();
  await until(3 * DAY);
  t.same(times('ecr'), [0, DAY, 2 * DAY, 3 * DAY]);
});

t.test('credentials that began together do not go on together', async (t) => {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
  const { programs, asked, until } = simulate(
    credentials(...names.map((name) => provider(name, `${name}.example.com`))),
    { answer: (host) => good(host, 'x', 6 * HOUR), random },
  );
  programs.start();
  await until(5 * HOUR);
  const second = asked.slice(names.length).map(({ at }) => at);
  t.equal(second.length, names.length);
  const minutes = new Set(second.map((at) => Math.floor(at / MINUTE)));
  t.ok(minutes.size > 20, `${minutes.size} different minutes`);
  t.ok(Math.max(...second) - Math.min(...second) > 20 * MINUTE);
});

t.test('an hour of failures: the last login stays, tries are few, and they go on', async (t) => {
  const isAway = (at: number): boolean => at > 0 && at < 5 * HOUR;
  const { programs, times, readings, failures, until } = simulate(credentials(provider('ecr', 'a.example.com')), {
    answer: (host, at) =>
      isAway(at) ? failed('timeout', 'it gave no answer') : good(host, at === 0 ? 'old' : 'new', 6 * HOUR),
    random: () => 0.5,
  });
  programs.start();
  await until(5 * HOUR - SECOND);
  const tries = times('ecr').length - 1;
  t.ok(tries > 12 && tries < 30, `${tries} tries`);
  t.equal(readings.get('ecr')?.logins.get('a.example.com')?.password, 'old');
  t.match(programs.states().get('ecr'), { failures: tries });
  t.same(
    failures,
    times('ecr')
      .slice(1)
      .map(() => 'ecr timeout'),
  );
  await until(5 * HOUR + 5 * MINUTE);
  t.equal(readings.get('ecr')?.logins.get('a.example.com')?.password, 'new');
  t.same(readings.get('ecr')?.problems, []);
  t.match(programs.states().get('ecr'), { failures: 0 });
});

t.test('an answer without a login takes none away, and is asked again soon', async (t) => {
  const { programs, times, readings, until } = simulate(credentials(provider('gar', 'a.example.com')), {
    answer: (host, at) =>
      at > 0 && at < 20 * MINUTE
        ? { ok: true, entries: [], holdsMs: undefined, problems: [] }
        : good(host, `from ${at}`),
  });
  programs.start();
  await until(15 * MINUTE);
  const reading = readings.get('gar');
  t.equal(reading?.logins.get('a.example.com')?.password, 'from 0');
  t.match(reading?.missing.get('a.example.com'), /^source has no entry/);
  await until(25 * MINUTE);
  t.ok(times('gar').length > 8, `${times('gar').length} calls`);
  t.match(readings.get('gar')?.logins.get('a.example.com')?.password, /^from 1[2-4]\d{5}$/);
  t.equal(readings.get('gar')?.missing.size, 0);
});

t.test('an answer that lacks one pattern of two keeps to its time', async (t) => {
  const { programs, times, until } = simulate(credentials(provider('ecr', 'a.example.com/x/, a.example.com/y/')), {
    answer: () => good('a.example.com/x/', 'x', HOUR),
  });
  programs.start();
  await until(30 * MINUTE);
  t.equal(times('ecr').length, 1);
});

t.test('a new leader asks at once for what is not kept, and later for what is', async (t) => {
  const at = 100 * DAY;
  const kept: Readonly<Record<string, Known>> = {
    'fresh.example.com': { asked: 'same', obtained: at - HOUR, expires: at + 5 * HOUR },
    'half.example.com/a/': { asked: 'same', obtained: at - HOUR, expires: at + 5 * HOUR },
    'due.example.com': { asked: 'same', obtained: at - 5 * HOUR, expires: at + HOUR },
    'ended.example.com': { asked: 'same', obtained: at - 9 * HOUR, expires: at - 3 * HOUR },
    'silent.example.com': { asked: 'same', obtained: at - 10 * MINUTE },
    'ahead.example.com': { asked: 'same', obtained: at + 300 * DAY, expires: at + 300 * DAY + 6 * HOUR },
    'skewed.example.com': { asked: 'same', obtained: at + 5 * MINUTE, expires: at + 5 * MINUTE + 6 * HOUR },
    'other.example.com': { asked: 'other', obtained: at - HOUR, expires: at + 5 * HOUR },
    'undated.example.com': { asked: 'same' },
  };
  const hosts = ['fresh', 'due', 'ended', 'silent', 'ahead', 'skewed', 'other', 'undated', 'new'].map(
    (host) => `${host}.example.com`,
  );
  const { programs, asked, until } = simulate(
    credentials(provider('ecr', [...hosts, 'half.example.com/a/', 'half.example.com/b/'].join(', '))),
    { known: (_, pattern) => kept[pattern], answer: (host) => good(host, 'x', 6 * HOUR) },
  );
  programs.start();
  await until(4 * HOUR - 1);
  const firsts = Object.fromEntries(asked.toReversed().map(({ host, at }) => [host.replace('.example.com', ''), at]));
  t.same(firsts, {
    ...{ due: 0, ended: 0, undated: 0, new: 0, half: 0, ahead: 0, other: 0 },
    ...{ silent: 5 * MINUTE, fresh: 3 * HOUR },
  });
});

t.test(
  'a new configuration: what is unchanged keeps its time, what is new or changed is asked, what is gone ends',
  async (t) => {
    const before = credentials(
      provider('same', 'a.example.com'),
      provider('changed', 'b.example.com'),
      provider('gone', 'c.example.com'),
    );
    const kept = (): Known => ({ asked: 'same', obtained: 100 * DAY - MINUTE, expires: 101 * DAY });
    const { programs, asked, until, pending } = simulate(before, {
      known: kept,
      answer: (host) => good(host, 'x', DAY),
    });
    programs.start();
    await until(MINUTE);
    t.equal(asked.length, 0, 'all that is kept is fresh');
    const after = credentials(
      provider('same', 'a.example.com', ', namespaces: { matchLabels: { team: a } }'),
      '{ name: changed, match: [b.example.com], source: { credentialProvider: { command: changed, args: [other] } } }',
      provider('new', 'd.example.com'),
    );
    programs.configure(after);
    await until(2 * MINUTE);
    t.same(
      asked.map(({ credential }) => credential),
      ['changed', 'new'],
    );
    programs.configure(
      credentials(provider('same', 'a.example.com'), provider('changed', 'b.example.com')).slice(0, 1),
    );
    await until(20 * HOUR);
    t.same(
      asked.map(({ credential }) => credential),
      ['changed', 'new', 'same'],
    );
    t.equal(pending(), 1, 'nobody waits for what is gone');
  },
);

t.test('stopped in the middle: programs end, their answers are dropped, nothing goes on', async (t) => {
  const hosts = Array.from({ length: 6 }, (_, i) => `r${i}.example.com`);
  const open = Promise.withResolvers<ExecAnswer>();
  const { programs, asked, readings, until, pending } = simulate(
    credentials(provider('slow', hosts.join(', ')), provider('quick', 'q.example.com')),
    { answer: (host) => (host === 'q.example.com' ? good(host, 'x') : open.promise) },
  );
  programs.start();
  await until(0);
  t.equal(asked.length, 4, 'four run, the others wait for their turn');
  await programs.stop();
  open.resolve(good('r0.example.com', 'late'));
  await until(HOUR);
  t.equal(readings.size, 0);
  t.equal(pending(), 0);
  const [calls] = [asked.length];
  programs.start();
  await until(2 * HOUR);
  t.ok(asked.length > calls, 'it can be started again');
  t.ok(readings.has('quick'));
});

t.test('a real program ends before the stop does', async (t) => {
  const running = Promise.withResolvers<void>();
  const readings: string[] = [];
  let ended = false;
  const programs = openExecLogins({
    programOf: () => async (_, signal) => {
      running.resolve();
      const call = { command: 'sleep', args: ['300'], input: '', timeoutMs: 250_000, signal };
      const result = await runProgram({ ...call, env: { PATH: process.env.PATH ?? '' } });
      ended = true;
      return failed(result.ok ? 'exit' : result.failure, '');
    },
    askedWith: () => 'same',
    known: () => undefined,
    onReading: ({ name }) => void readings.push(name),
    onFailure: (credential) => void readings.push(credential),
    now: Date.now,
    random: Math.random,
    later(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  });
  programs.configure(credentials(provider('ecr', 'a.example.com')));
  programs.start();
  await running.promise;
  await programs.stop();
  t.ok(ended);
  t.same(readings, []);
});

t.test('asked for by hand: now, once, and with a new schedule', async (t) => {
  const open = Promise.withResolvers<void>();
  const { programs, times, until, began } = simulate(
    credentials(provider('a', 'a.example.com'), provider('b', 'b.example.com')),
    {
      async answer(host, at) {
        if (at === MINUTE) await open.promise;
        return good(host, `${at}`);
      },
    },
  );
  programs.start();
  await until(MINUTE);
  t.same(programs.states().get('a'), { lastSuccess: began, nextAttempt: began + 15 * MINUTE, failures: 0 });
  const asking = [programs.refresh('a'), programs.refresh('a'), programs.refresh()];
  await until(MINUTE);
  open.resolve();
  await Promise.all(asking);
  t.same(
    [times('a'), times('b')],
    [
      [0, MINUTE],
      [0, MINUTE],
    ],
  );
  await until(16 * MINUTE);
  t.same(times('a'), [0, MINUTE, 16 * MINUTE]);
  await programs.stop();
  await programs.refresh();
  t.equal(times('a').length, 3);
  t.same([...programs.states()], []);
});
