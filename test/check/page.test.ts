// The page and the loop around it, without a cluster.
import t from 'tap';
import { type CheckOptions, check, passes } from '../../src/check/check.ts';
import type { Result } from '../../src/check/finding.ts';
import { DEFAULT_SETTINGS } from '../../src/check/gather.ts';
import { formatJson, formatPage } from '../../src/check/page.ts';
import type { CheckPorts } from '../../src/check/ports.ts';
import { paintWith } from '../../src/command-line/paint.ts';
import { BEFORE_IT } from './given.ts';

const result = (group: string, state: Result['state'], name: string): Result => ({
  ...{ group, state, check: name, text: `${name} it is` },
  hints: state === 'ok' ? [] : ['do', { run: `kubectl get ${name} --with=${'x'.repeat(30)} --and=${'y'.repeat(30)}` }],
});
const RESULTS = [
  result('One', 'ok', 'a'),
  result('Two', 'warn', 'b'),
  result('Three', 'ok', 'c'),
  result('Three', 'fail', 'd'),
];
const page = (results: readonly Result[], verbose: boolean, colours = false): string =>
  formatPage(results, { verbose, columns: 80, paint: paintWith(colours) });

t.test('what failed comes first, and what is well is counted', async (t) => {
  t.equal(
    page(RESULTS, false),
    `Three (1 ok)
fail  d it is [d]
      do
        kubectl get d --with=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx \\
          --and=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy

Two
warn  b it is [b]
      do
        kubectl get b --with=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx \\
          --and=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy

ok    One (1)

2 ok, 1 warning, 1 failed
see https://github.com/pullpass/pullpass/blob/main/docs/check.md
`,
  );
});

t.test('line by line in order, and what failed once more at the end', async (t) => {
  const text = page(RESULTS, true);
  t.match(text, /^One\nok {4}a it is \[a\]\n\nTwo\nwarn {2}b it is/);
  t.match(text, /\nWhat failed\nfail {2}d it is \[d\]\n\n2 ok, 1 warning, 1 failed\nsee [^\n]+\n$/);
  t.notMatch(page(RESULTS.slice(0, 2), true), 'What failed');
});

t.test('colours say nothing that words do not', async (t) => {
  const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  t.not(page(RESULTS, true, true), page(RESULTS, true));
  t.equal(page(RESULTS, true, true).replaceAll(colour, ''), page(RESULTS, true));
});

t.test('JSON has all, with hints as lines', async (t) => {
  const all = JSON.parse(formatJson(RESULTS));
  t.equal(all.length, 4);
  t.same(Object.keys(all[0]), ['group', 'check', 'state', 'text', 'docs']);
  t.match(all[1].hint, /^do\nkubectl get b --with=x+ --and=y+$/);
});

t.test('a warning passes, unless that is not wanted', async (t) => {
  t.equal(passes(RESULTS, false), false);
  t.equal(passes(RESULTS.slice(0, 3), false), true);
  t.equal(passes(RESULTS.slice(0, 3), true), false);
  t.equal(passes(RESULTS.slice(0, 1), true), true);
});

/** A cluster whose API server is away at first. */
function away(tries: number) {
  let now = 0;
  let asked = 0;
  const ports = {
    document: async () =>
      ++asked <= tries ? { unavailable: 'connection refused' } : { found: { gitVersion: 'v1.20.0' } },
    get: async () => ({ absent: true }),
    list: async () => ({ found: [] }),
    may: async () => ({ found: true }),
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  } as unknown as CheckPorts;
  const told: string[] = [];
  const options: CheckOptions = {
    ...{ asked: BEFORE_IT.asked, settings: DEFAULT_SETTINGS, pre: true, strict: false, waitMs: 7_000 },
    onTry: (results) => void told.push(results.map(({ check: name }) => name).join()),
  };
  return { ports, options, told, took: () => now };
}

t.test('without an API server that is all there is to say, and it is asked again while there is time', async (t) => {
  const { ports, options, told, took } = away(99);
  const results = await check(ports, options);
  t.match(results, [{ check: 'api-server', state: 'fail', text: /cannot be asked: connection refused/ }]);
  t.equal(results.length, 1);
  t.same(told, ['api-server', 'api-server', 'api-server']);
  t.equal(took(), 6_000, 'never longer than was asked for');
  t.equal((await check(away(99).ports, { ...options, waitMs: 0 })).length, 1);
});

t.test('the last page counts', async (t) => {
  const { ports, options, told } = away(1);
  const results = await check(ports, options);
  t.ok(results.some(({ check: name, state }) => name === 'kubernetes-version' && state === 'fail'));
  t.equal(told.length, 3);
});
