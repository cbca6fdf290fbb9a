// The arithmetic of the tables, what is taken for an answer, and how results are kept.
import t from 'tap';
import { problemOf } from '../../bench/answers.ts';
import { readAnswer } from '../../bench/http-answer.ts';
import { readPlan } from '../../bench/plan.ts';
import { randomFrom } from '../../bench/random.ts';
import { withSection } from '../../bench/results.ts';
import { pairedRounds, takeTurns } from '../../bench/rounds.ts';
import { latencyOf, median, medianDifference, medianRatio, slope } from '../../bench/statistics.ts';
import { bars, figure, ratio, table } from '../../bench/table.ts';

t.test('medians are of what belongs together', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.ok(Number.isNaN(median([])));
  // The machine was ten times slower in the second round, for both.
  t.equal(medianRatio([1, 10, 1], [2, 20, 2]), 0.5);
  t.equal(medianDifference([5, 50, 6], [1, 45, 1]), 5);
});

t.test('percentiles are values that were seen', async (t) => {
  const times = Array.from({ length: 1_000 }, (_, i) => 1_000 - i);
  t.same(latencyOf(times), { p50: 500, p99: 990, p999: 999, max: 1_000 });
  t.same(latencyOf([7]), { p50: 7, p99: 7, p999: 7, max: 7 });
});

t.test('a slope is what it grows by', async (t) => {
  t.equal(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    2,
  );
  t.equal(
    slope([
      [0, 4],
      [5, 4],
      [10, 4],
    ]),
    0,
  );
});

t.test('figures have three digits that count', async (t) => {
  t.same([0.04131, 4.126, 41.26, 412.6, 4_126.2, Number.NaN].map(figure), [
    '0.041',
    '4.13',
    '41.3',
    '413',
    '4,126',
    '–',
  ]);
  t.same([0.0871, 0.913, 1.2].map(ratio), ['0.087', '0.91', '1.20']);
  t.equal(table(['a', 'b'], [['x', '1']]), '| a | b |\n| --- | --: |\n| x | 1 |');
});

t.test('a bar is reached up to its bound, and never by no figure', async (t) => {
  const reached = (value: number): string | undefined =>
    bars([{ text: 'x', value, atMost: 1 }])
      .split('\n')
      .at(-1)
      ?.split(' | ')
      .at(-1)
      ?.replace(' |', '');
  t.same([0.5, 1, 1.01, Number.NaN].map(reached), ['yes', 'yes', 'no', 'no']);
});

t.test('what each round gives is kept by server, and the first round does not count', async (t) => {
  let asked = 0;
  const measured = await pairedRounds({ rounds: 3, say: () => undefined }, async (isWarmUp) => {
    t.equal(isWarmUp, asked === 0);
    asked += 1;
    return [`a${asked}`, `b${asked}`];
  });
  t.same(measured, [
    ['a2', 'a3', 'a4'],
    ['b2', 'b3', 'b4'],
  ]);
});

t.test('each server has its turn, in changing order, until all had their time', async (t) => {
  const order: string[] = [];
  const servers = ['a', 'b', 'c', 'd'];
  const options = { seconds: 1.5, turnSeconds: 0.25, random: randomFrom(1) };
  await takeTurns(servers, options, async (server, seconds) => {
    t.equal(seconds, 0.25);
    order.push(server);
  });
  t.equal(order.length, 24);
  const rounds = Array.from({ length: 6 }, (_, i) => order.slice(i * 4, i * 4 + 4));
  for (const round of rounds) t.same([...round].sort(), servers);
  t.ok(new Set(rounds.map((round) => round.join())).size > 1);
  await takeTurns(['a'], { seconds: 1.5, random: randomFrom(1) }, async (_, seconds) => {
    t.equal(seconds, 1.5, 'at once');
  });
});

const REVIEW = { kind: 'review', uid: 'u', adds: 'entry' } as const;

function answer(response: object): string {
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

function patched(path: string, name = 'pullpass-dockercfg'): string {
  const patch = Buffer.from(JSON.stringify([{ value: { name }, path, op: 'add' }])).toString('base64');
  return answer({ uid: 'u', allowed: true, patchType: 'JSONPatch', patch });
}

t.test('only a right answer is one', async (t) => {
  t.equal(problemOf(REVIEW, 200, patched('/spec/imagePullSecrets/-')), undefined);
  t.equal(problemOf(REVIEW, 200, patched('/spec/imagePullSecrets/1')), undefined, 'the same place by its number');
  const wrong: readonly (readonly [number, string, RegExp])[] = [
    [500, 'oops', /^status 500/],
    [200, 'oops', /^no JSON/],
    [200, '{}', /^no AdmissionReview/],
    [200, answer({ uid: 'u', allowed: false }), /^not allowed/],
    [200, answer({ uid: 'v', allowed: true }), /^uid v/],
    [200, answer({ uid: 'u', allowed: true }), /^patch \[\]/],
    [200, patched('/spec/imagePullSecrets/0'), /^patch/],
    [200, patched('/spec/imagePullSecrets'), /^patch/],
    [200, patched('/spec/imagePullSecrets/-', 'other'), /^patch/],
  ];
  for (const [status, body, problem] of wrong) t.match(problemOf(REVIEW, status, body), problem);
  t.match(problemOf({ ...REVIEW, adds: 'nothing' }, 200, patched('/spec/imagePullSecrets/-')), /^patch/);
  const made = (...names: readonly string[]): string =>
    JSON.stringify({ kind: 'Pod', spec: { imagePullSecrets: names.map((name) => ({ name })) } });
  t.equal(problemOf({ kind: 'pod', listed: ['a', 'b'] }, 201, made('a', 'b')), undefined);
  t.match(problemOf({ kind: 'pod', listed: ['a', 'b'] }, 201, made('a')), /lists "a"/);
});

t.test('an answer is whole when its length or its last chunk is there', async (t) => {
  const head = 'HTTP/1.1 201 Created\r\nContent-Type: x\r\n';
  const whole = { status: 201, body: 'äbc' };
  const texts = [
    `${head}Content-Length: 4\r\n\r\näbc`,
    `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nä\r\n2\r\nbc\r\n0\r\n\r\n`,
  ];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    t.same(readAnswer(bytes), whole);
    for (let length = 0; length < bytes.length; length++) t.equal(readAnswer(bytes.subarray(0, length)), undefined);
  }
});

t.test('a run of one part keeps what is known of the others', async (t) => {
  const one = withSection('', 'memory', '## Memory\n\nold');
  const two = withSection(one, 'webhook', '## CPU');
  t.match(two, /## CPU[\s\S]*## Memory\n\nold/);
  const three = withSection(two, 'memory', '## Memory\n\nnew');
  t.match(three, /## CPU[\s\S]*## Memory\n\nnew/);
  t.notMatch(three, 'old');
  t.equal(withSection(three, 'memory', '## Memory\n\nnew'), three);
});

t.test('what was asked for is said back', async (t) => {
  const { parts, rounds, out, command } = readPlan(['--only', 'e2e,webhook', '--rounds', '9'], {});
  t.same([parts, rounds, out], [['webhook', 'e2e'], 9, 'bench/results.md']);
  t.equal(command, 'npm run bench -- --only e2e,webhook --rounds 9');
  t.equal(readPlan(['--quick'], {}).out, undefined, 'a quick look overwrites nothing');
  t.equal(readPlan([], { FULL: '1' }).command, 'FULL=1 npm run bench');
  for (const args of [['--only', 'all'], ['--rounds', '0'], ['--sizes', '2,x'], ['--fast']])
    t.throws(() => readPlan(args, {}));
});
