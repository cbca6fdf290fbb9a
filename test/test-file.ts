// One test file as a process of its own: started, read, and ended if it takes too long. Not by tap's own runner, which loads
// what it needs to measure coverage into each test and into every program that a test starts, so that neither would be what is
// shipped, and both take twice as long.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Outcome {
  /** Else at least one is counted as failed. */
  readonly passed: boolean;
  readonly counts: Readonly<Record<'pass' | 'fail' | 'skip' | 'todo', number>>;
  /** What people want to see of it: remarks, and failures whole. */
  readonly lines: readonly string[];
  /** Lines with a planted login. They are not among the others. */
  readonly leaks: number;
}

/** Of a file that does not give itself another, in seconds; tap's own, which says what was under way. */
const TIME_OUT_S = 600;
/** More than any gives itself: what is not ended by tap then never will be. */
const KILL_MS = 2_000_000;
/** See there what they do. */
const PRELOADED = ['--import=./test/kubeconfig-only.ts', '--import=./test/ended.ts'];
/** A planted login, plain or in base64 as at the start of a text or behind `robot:`. */
const PLANTED = /canary-[0-9a-f]{17}|Y2FuYXJ5L[A-Za-z0-9+/]{24}/;
const REMARK = /^\s*# (?!Subtest|time=|\{ )/;

const running = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // It takes along what it started.
    for (const child of running) child.kill('SIGALRM');
    process.exit(1);
  });
}

export async function runTestFile(file: string): Promise<Outcome> {
  const env = { ...process.env, TAP_TIMEOUT: `${TIME_OUT_S}` };
  const child = spawn(process.execPath, [...PRELOADED, file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const killing = setTimeout(() => child.kill('SIGKILL'), KILL_MS);
  const read = reading(child);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(killing);
  running.delete(child);
  const { totals, lines, leaks } = read;
  const count = (what: string) => Number(new RegExp(`\\b${what}: (\\d+)`).exec(totals)?.[1] ?? 0);
  const counts = { pass: count('pass'), fail: count('fail'), skip: count('skip'), todo: count('todo') };
  const passed = status === 0 && counts.fail === 0 && counts.pass > 0;
  // One that is killed, or ends before its tests.
  if (!passed && counts.fail === 0) {
    counts.fail = 1;
    lines.push(`not ok - it failed no test and passed ${counts.pass}, and ended with ${status ?? child.signalCode}`);
  }
  return { passed, counts, lines, leaks };
}

/** Fills itself while the child prints. */
function reading({ stdout, stderr }: ChildProcess) {
  const read = { totals: '', lines: [] as string[], leaks: 0 };
  let failure: number | undefined;
  function see(line: string, shown: boolean): void {
    if (PLANTED.test(line)) read.leaks++;
    else if (shown) read.lines.push(line);
  }
  if (stdout === null || stderr === null) throw new Error('its output is not piped');
  createInterface({ input: stderr }).on('line', (line) => see(line, true));
  createInterface({ input: stdout }).on('line', (line) => {
    read.totals = /^# \{ ([^}]*) \}$/.exec(line)?.[1] ?? read.totals;
    const indent = line.search(/\S/);
    const belongs = failure !== undefined && indent > failure;
    if (!belongs) failure = /^\s*not ok /.test(line) ? indent : undefined;
    see(line, failure !== undefined || REMARK.test(line));
  });
  return read;
}
