// Starts the load program and gives it jobs, one after the other.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Ending } from './ending.ts';
import type { Job, Outcome, Reply, Work } from './job.ts';
import { LOAD_CPU, pinned } from './pinning.ts';

export interface Load {
  /** Rejects if a single answer was wrong. */
  run(job: Job): Promise<Outcome>;
  /** Several, in turns. */
  alternate(work: Work): Promise<readonly Outcome[]>;
}

export function startLoad(ending: Ending): Load {
  const program = join(import.meta.dirname, 'load.ts');
  const child = spawn(...pinned(LOAD_CPU, process.execPath, [program]), {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const gone = new Promise<never>((_, reject) => child.once('exit', () => reject(new Error('the load has ended'))));
  gone.catch(() => undefined);
  ending.add(() => child.stdin.end());
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => undefined);

  async function alternate(work: Work): Promise<readonly Outcome[]> {
    child.stdin.write(`${JSON.stringify(work)}\n`);
    const { value } = await Promise.race([replies.next(), gone]);
    const reply: Reply = JSON.parse(value ?? '{"failed":"the load has ended"}');
    if ('failed' in reply) throw new Error(reply.failed);
    return reply.outcomes;
  }

  return { alternate, run: async (job) => (await alternate({ jobs: [job] }))[0] as Outcome };
}
