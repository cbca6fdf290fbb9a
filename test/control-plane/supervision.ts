// The parent's side of supervisor.ts: starts it, and knows from its lines what runs and what ended by itself.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SupervisedProcess } from './supervisor.ts';

export interface Supervision {
  readonly pids: ReadonlyMap<string, number>;
  /** Names of processes that ended since their start without having been told to. */
  readonly failed: ReadonlySet<string>;
  start(name: string): void;
  /** Resolves when it is gone, at once if it does not run. */
  kill(name: string): Promise<void>;
  /** Resolves when all are gone, and the folder too; may be called again. */
  end(): Promise<void>;
}

export function supervise(plan: readonly SupervisedProcess[], folder: string): Supervision {
  const child = startSupervisor(folder);
  const pids = new Map<string, number>();
  const up = new Set<string>();
  const failed = new Set<string>();
  const waiting = new Map<string, () => void>();
  const gone = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  child.stdin.on('error', () => undefined); // it has ended, which `gone` says
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, name = '', value = ''] = line.split(' ');
    if (what === 'pid') return void pids.set(name, Number(value));
    pids.delete(name);
    up.delete(name);
    const told = waiting.get(name);
    if (told === undefined) failed.add(name);
    else told();
  });
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  return {
    pids,
    failed,
    start(name) {
      up.add(name);
      failed.delete(name);
      waiting.delete(name);
      child.stdin.write(`start ${name}\n`);
    },
    async kill(name) {
      if (!up.has(name)) return;
      const exited = new Promise<void>((resolve) => waiting.set(name, resolve));
      child.stdin.write(`stop ${name}\n`);
      await Promise.race([exited, gone]);
    },
    async end() {
      child.stdin.end();
      await gone;
    },
  };
}

/**
 * A session of its own: Ctrl-C goes to the parent alone, whose end then ends everything in good order. And a bare
 * environment: a proxy or a kubeconfig of the developer must not reach the control plane.
 */
function startSupervisor(folder: string) {
  return spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), folder], {
    detached: true,
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
