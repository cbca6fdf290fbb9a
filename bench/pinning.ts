// Which processor a process may use. The server under test has one for itself; the load and whatever else must run, the API
// server among it, share the other, and what is no part of the measurement there steps back for the load.
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

export const SERVER_CPU = 0;
export const LOAD_CPU = 1;

let possible: boolean | undefined;

/** Needs two processors and `taskset`; without them figures are taken, and said to be, without it. */
export function canPin(): boolean {
  possible ??= cpus().length >= 2 && hasTaskset();
  return possible;
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The command that starts a program there. */
export function pinned(cpu: number, command: string, args: readonly string[]): [command: string, args: string[]] {
  return canPin() ? ['taskset', ['-c', String(cpu), command, ...args]] : [command, [...args]];
}

/** For a process that runs already: all its threads, and those that they will start. */
export async function pin(pid: number, cpu: number): Promise<void> {
  if (canPin()) await promisify(execFile)('taskset', ['-a', '-c', '-p', String(cpu), String(pid)]);
}

/** Takes it back to all of them. */
export async function unpin(pid: number): Promise<void> {
  const all = `0-${cpus().length - 1}`;
  if (canPin()) await promisify(execFile)('taskset', ['-a', '-c', '-p', all, String(pid)]);
}

/** Whoever else wants the processor comes first: by thread, and by session where the kernel shares time among those. */
export async function stepBack(pid: number): Promise<void> {
  const threads = readdirSync(`/proc/${pid}/task`);
  await promisify(execFile)('renice', ['-n', '19', '-p', ...threads]).catch(() => undefined);
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '19');
  } catch {
    // The kernel does not share time by session.
  }
}
