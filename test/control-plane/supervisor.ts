// Starts etcd, kube-apiserver and kube-controller-manager as its children and ends them, by their ids, when it is told to
// or when its standard input closes. It is a process of its own so that nothing is left running when a test is killed:
// the kernel closes the pipe, whatever happened to the test.
//
// Standard input: one JSON line with the plan, then `stop NAME` / `start NAME` lines. Standard output: `pid NAME PID`,
// `exit NAME CODE` lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface SupervisedProcess {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly log: string;
}

const plan = new Map<string, SupervisedProcess>();
const running = new Map<string, ChildProcess>();

function start(name: string): void {
  const entry = plan.get(name);
  if (entry === undefined || running.has(name)) return;
  const log = openSync(entry.log, 'a');
  const child = spawn(entry.command, [...entry.args], { stdio: ['ignore', log, log] });
  running.set(name, child);
  say(`pid ${name} ${child.pid ?? 0}`);
  child.on('error', () => say(`exit ${name} -1`));
  child.on('exit', (code) => {
    running.delete(name);
    say(`exit ${name} ${code ?? -1}`);
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function endAll(): void {
  for (const child of running.values()) child.kill('SIGKILL');
  process.exit(0);
}

// Whoever reads may be gone already: that must not keep the children alive.
process.stdout.on('error', endAll);
// Ctrl-C goes to the whole group of a terminal: the parent ends us in good order by closing our input.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, endAll);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [verb, name = ''] = line.split(' ');
  if (verb === 'start') start(name);
  else if (verb === 'stop') running.get(name)?.kill('SIGKILL');
  else for (const entry of JSON.parse(line) as SupervisedProcess[]) plan.set(entry.name, entry);
});
lines.on('close', endAll);
