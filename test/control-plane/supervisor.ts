// Starts etcd, kube-apiserver and kube-controller-manager as its children and ends them, by their ids, when it is told to
// or when its standard input closes. It is a process of its own so that nothing is left when a test is killed: the kernel
// closes the pipe, whatever happened to the test. Its last act is to remove the folder, which holds an administrator's key.
//
// Argument: the folder. Standard input: one JSON line with the plan, then `stop NAME` / `start NAME` lines. Standard output:
// `pid NAME PID`, `exit NAME CODE` lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SupervisedProcess {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly log: string;
}

const folder = process.argv[2];
const plan = new Map<string, SupervisedProcess>();
const running = new Map<string, ChildProcess>();

function start(name: string): void {
  const entry = plan.get(name);
  if (entry === undefined || running.has(name)) return;
  const log = openSync(entry.log, 'a');
  const child = spawn(entry.command, [...entry.args], {
    stdio: ['ignore', log, log],
    // Memory there is, and time that Go's collector does not take is time for the tests.
    env: { ...process.env, GOGC: '400' },
  });
  closeSync(log);
  running.set(name, child);
  say(`pid ${name} ${child.pid ?? 0}`);
  child.on('error', () => ended(name, -1));
  child.on('exit', (code) => ended(name, code ?? -1));
}

function ended(name: string, code: number): void {
  running.delete(name);
  say(`exit ${name} ${code}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Waits until they are gone: who asked may look for them at once, and a living one would write into the folder again. */
async function endAll(): Promise<void> {
  const gone = [...running.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of running.values()) child.kill('SIGKILL');
  await Promise.all(gone);
  // A kubectl that was cut off may write into its cache once more before it notices that nobody answers.
  for (let i = 0; i < 4; i++) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    await sleep(100);
  }
  process.exit(0);
}

// Whoever reads may be gone already; the end of standard input says so too, and ends everything.
process.stdout.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endAll);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [verb, name = ''] = line.split(' ');
  if (verb === 'start') start(name);
  else if (verb === 'stop') running.get(name)?.kill('SIGKILL');
  else for (const entry of JSON.parse(line) as SupervisedProcess[]) plan.set(entry.name, entry);
});
lines.on('close', endAll);
