// What is said and counted of credentials: how old their logins are, when they expire, and what is wrong, once.
import t from 'tap';
import { createCatalogReport } from '../../src/telemetry/credentials.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

interface Problem {
  readonly credential: string;
  readonly kind: string;
  readonly where: string;
  readonly problem: string;
}

interface Times {
  readonly obtained?: number;
  readonly expires?: number;
}

interface Given {
  readonly names?: readonly string[];
  readonly problems?: readonly Problem[];
  readonly kept?: Readonly<Record<string, Readonly<Record<string, Times>>>>;
}

function start() {
  const metrics = createMetrics();
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const report = createCatalogReport<Problem>(
    { info: write('info'), warn: write('warn') } as unknown as Logger,
    metrics,
  );
  return {
    lines,
    observe: ({ names = [], problems = [], kept = {} }: Given) =>
      report({
        credentials: names.map((name) => ({ name })),
        problems,
        kept: new Map(
          Object.entries(kept).map(([name, logins]) => [name, { logins: new Map(Object.entries(logins)) }]),
        ),
      }),
    async samples(name: string): Promise<readonly string[]> {
      const text = await metrics.registry.getSingleMetricAsString(`pullpass_${name}`);
      return text.split('\n').flatMap((line) => (line.startsWith('pullpass_') ? [line.slice('pullpass_'.length)] : []));
    },
  };
}

t.test('the oldest login of a credential, and the one that expires first, in seconds', async (t) => {
  const { observe, samples } = start();
  const rows: readonly (readonly [because: string, kept: Given['kept'], obtained: string[], expiry: string[]])[] = [
    ['nothing is kept', {}, [], []],
    ['of a Secret or file nothing is known', { a: { 'a.io': {} } }, [], []],
    ['a program gave it', { a: { 'a.io': { obtained: 5_000 } } }, ['{credential="a"} 5'], []],
    [
      'and said how long it holds',
      { a: { 'a.io': { obtained: 5_000, expires: 65_500 } } },
      ['{credential="a"} 5'],
      ['{credential="a"} 65.5'],
    ],
    [
      'several',
      {
        a: { 'a.io': { obtained: 7_000, expires: 90_000 }, 'b.io': { obtained: 6_000, expires: 80_000 }, 'c.io': {} },
        b: { 'b.io': { obtained: 9_000 } },
      },
      ['{credential="a"} 6', '{credential="b"} 9'],
      ['{credential="a"} 80'],
    ],
    ['a credential that is gone', { b: { 'b.io': { obtained: 9_000 } } }, ['{credential="b"} 9'], []],
  ];
  for (const [because, kept, obtained, expiry] of rows) {
    observe(kept === undefined ? {} : { kept });
    const named = (name: string, values: readonly string[]) => values.map((value) => `${name}${value}`);
    t.same(
      await samples('login_obtained_timestamp_seconds'),
      named('login_obtained_timestamp_seconds', obtained),
      because,
    );
    t.same(await samples('login_expiry_timestamp_seconds'), named('login_expiry_timestamp_seconds', expiry), because);
  }
});

const problem = (kind: string, credential = 'a'): Problem => ({ credential, kind, where: 'Secret a', problem: 'x' });

t.test('a problem is said when it appears, and counted as long as it is there', async (t) => {
  const { observe, samples, lines } = start();
  const rows: readonly (readonly [problems: readonly Problem[], fresh: number, counted: readonly string[]])[] = [
    [[problem('refused')], 1, ['{kind="refused"} 1']],
    [[problem('refused')], 0, ['{kind="refused"} 1']],
    [[problem('refused'), problem('refused', 'b')], 1, ['{kind="refused"} 2']],
    [[problem('source')], 1, ['{kind="source"} 1']],
    [[], 0, []],
    [[problem('refused')], 1, ['{kind="refused"} 1']],
  ];
  for (const [problems, fresh, counted] of rows) {
    lines.length = 0;
    t.equal(observe({ problems }).length, fresh);
    const said = lines.filter((line) => line.startsWith('warn a credential has a problem'));
    t.equal(said.length, fresh, JSON.stringify(problems));
    t.same(
      await samples('credential_problems'),
      counted.map((value) => `credential_problems${value}`),
    );
  }
});

t.test('which credentials are in force is said when that changes, also that there are none', async (t) => {
  const { observe, samples, lines } = start();
  for (const names of [[], [], ['a', 'b'], ['a', 'b'], ['a']]) observe({ names });
  t.same(
    lines,
    ['[]', '["a","b"]', '["a"]'].map((names) => `info credentials in force {"credentials":${names}}`),
  );
  t.same(await samples('credentials'), ['credentials 1']);
});
