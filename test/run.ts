// Runs the tests with tap and ends with one plain line, `N passed, N failed, N skipped`, for people and for CI alike. It
// prints a line per file, what tests remark (seeds, figures) and every failure whole. Arguments are test files; without
// any all of them run, in rounds that fit what they need of the machine. Everything that a test prints, shown here or not, is
// searched for the logins that tests plant.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { createInterface } from 'node:readline';

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
/** A planted login, plain or in base64 as at the start of a text or behind `robot:`. */
const PLANTED = /canary-[0-9a-f]{17}|Y2FuYXJ5L[A-Za-z0-9+/]{24}/;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const sum = { pass: 0, fail: 0, skip: 0, todo: 0 };
let leaks = 0;

/** @returns whether all passed */
function run(args: readonly string[]): Promise<boolean> {
  const child = spawn('tap', ['--reporter=tap', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let totals = '';
  let failure: number | undefined;
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (PLANTED.test(line)) leaks++;
    else process.stderr.write(`${line}\n`);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (PLANTED.test(line)) return void leaks++;
    const indent = line.search(/\S/);
    totals = /^# \{ ([^}]*) \}$/.exec(line)?.[1] ?? totals;
    if (failure !== undefined && indent > failure) return print(line);
    failure = /^\s*not ok /.test(line) ? indent : undefined;
    const remark = /^\s*# (?!Subtest|time=|No coverage|\{ )/.test(line);
    if (failure !== undefined || remark || /^ok .*\.test\.ts/.test(line)) print(line);
  });
  return new Promise((resolve) => {
    child.on('close', (status) => {
      for (const what of Object.keys(sum) as (keyof typeof sum)[]) {
        sum[what] += Number(new RegExp(`\\b${what}: (\\d+)`).exec(totals)?.[1] ?? 0);
      }
      resolve(status === 0);
    });
  });
}

const [named, all] = [process.argv.slice(2), globSync('test/**/*.test.ts').sort()];
const special = [...PATIENT, ...HEAVY, ...ALONE];
const missing = special.filter((file) => !all.includes(file));
if (missing.length > 0) throw new Error(`there is no ${missing.join()}`);
const others = all.filter((file) => !special.includes(file));
/** Each round is runs side by side. */
const wholeSuite = [
  [
    ['--jobs=2', ...PATIENT],
    ['--jobs=3', ...others],
  ],
  [['--jobs=2', ...HEAVY]],
  [['--jobs=1', ...ALONE]],
];
const passed: boolean[] = [];
for (const round of named.length > 0 ? [[named]] : wholeSuite) passed.push(...(await Promise.all(round.map(run))));

const skipped = sum.skip + sum.todo;
if (leaks > 0) print(`not ok - a planted login was printed, in ${leaks} lines that are not shown`);
print(`${sum.pass} passed, ${sum.fail + leaks} failed, ${skipped} skipped`);
// Nothing run, or something skipped, is no success.
process.exitCode = passed.every(Boolean) && sum.pass > 0 && skipped === 0 && leaks === 0 ? 0 : 1;
