// Runs the tests with tap and ends with one plain line, `N passed, N failed, N skipped`, for people and for CI alike. It
// prints a line per file, what tests remark (seeds, figures) and every failure whole. Arguments are test files; without
// any all of them run. Everything that a test prints, shown here or not, is searched for the logins that tests plant.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A planted login, plain or in base64 as at the start of a text or behind `robot:`. */
const PLANTED = /canary-[0-9a-f]{17}|Y2FuYXJ5L[A-Za-z0-9+/]{24}/;

const child = spawn('tap', ['--reporter=tap', ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'pipe'] });
let leaks = 0;
let totals = '';
let failure: number | undefined;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

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

child.on('close', (status) => {
  const count = (what: string): number => Number(new RegExp(`\\b${what}: (\\d+)`).exec(totals)?.[1] ?? 0);
  const skipped = count('skip') + count('todo');
  if (leaks > 0) print(`not ok - a planted login was printed, in ${leaks} lines that are not shown`);
  print(`${count('pass')} passed, ${count('fail') + leaks} failed, ${skipped} skipped`);
  // Nothing run, or something skipped, is no success.
  process.exitCode = status === 0 && count('pass') > 0 && skipped === 0 && leaks === 0 ? 0 : 1;
});
