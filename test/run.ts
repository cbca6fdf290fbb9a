// Runs the test files and ends with one plain line, `N passed, N failed, N skipped`, for people and for CI alike. It
// prints a line per file, what tests remark (seeds, figures) and every failure whole. Arguments are test files; without
// any all of them run, in rounds that fit what they need of the machine. Everything that a test prints, shown here or not, is
// searched for the logins that tests plant.
import { globSync } from 'node:fs';
import { runTestFile } from './test-file.ts';

interface Queue {
  /** So many files at a time. */
  readonly jobs: number;
  readonly files: readonly string[];
}

/** They wait more than they work, so they begin at once, two beside the others. */
const PATIENT = [
  'test/check/certificates-and-rights.test.ts',
  'test/explain/reasons.test.ts',
  'test/faults/idle.test.ts',
  'test/serve/bars.test.ts',
  'test/serve/credential-health.test.ts',
  'test/serve/leader.test.ts',
  'test/serve/missed-pods.test.ts',
  'test/serve/stubborn.test.ts',
];
/** They load the machine: after those, two at a time. */
const HEAVY = [
  'test/faults/ca.test.ts',
  'test/faults/certificate-files.test.ts',
  'test/image/image.test.ts',
  'test/install/upgrade.test.ts',
];
/** They measure time or memory: last, each alone. */
const ALONE = [
  'test/faults/api-path.test.ts',
  'test/faults/overload.test.ts',
  'test/faults/rollout.test.ts',
  'test/faults/slow-clients.test.ts',
  'test/faults/start.test.ts',
  'test/inject/speed.test.ts',
  'test/serve/rotation.test.ts',
  'test/serve/scale.test.ts',
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const sum = { pass: 0, fail: 0, skip: 0, todo: 0, leaks: 0 };

async function run({ jobs, files }: Queue): Promise<void> {
  const waiting = [...files];
  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const began = performance.now();
      const { passed, counts, lines, leaks } = await runTestFile(file);
      for (const line of lines) print(`    ${line}`);
      print(`${passed ? 'ok' : 'not ok'} - ${file} # ${((performance.now() - began) / 1_000).toFixed(1)} s`);
      for (const what of ['pass', 'fail', 'skip', 'todo'] as const) sum[what] += counts[what];
      sum.leaks += leaks;
    }
  }
  await Promise.all(Array.from({ length: jobs }, work));
}

const [named, all] = [process.argv.slice(2), globSync('test/**/*.test.ts').sort()];
const special = [...PATIENT, ...HEAVY, ...ALONE];
const missing = special.filter((file) => !all.includes(file));
if (missing.length > 0) throw new Error(`there is no ${missing.join()}`);
const others = all.filter((file) => !special.includes(file));
/** Each round is queues side by side. */
const wholeSuite: Queue[][] = [
  [
    { jobs: 2, files: PATIENT },
    { jobs: 3, files: others },
  ],
  [{ jobs: 2, files: HEAVY }],
  [{ jobs: 1, files: ALONE }],
];
for (const round of named.length > 0 ? [[{ jobs: 4, files: named }]] : wholeSuite) await Promise.all(round.map(run));

const failed = sum.fail + sum.leaks;
const skipped = sum.skip + sum.todo;
if (sum.leaks > 0) print(`not ok - a planted login was printed, in ${sum.leaks} lines that are not shown`);
print(`${sum.pass} passed, ${failed} failed, ${skipped} skipped`);
// Nothing run, or something skipped, is no success.
process.exitCode = failed === 0 && sum.pass > 0 && skipped === 0 ? 0 : 1;
