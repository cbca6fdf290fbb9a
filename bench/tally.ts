// What comes of one job: times, answers and processor time, added up over its turns.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Outcome } from './job.ts';
import type { Line, Prepared } from './line.ts';
import { closedLoop, openLoop } from './loops.ts';
import { cpuNs } from './process-cost.ts';
import { latencyOf } from './statistics.ts';

export interface Tally {
  readonly job: Job;
  /** One turn. Rejects if an answer was wrong, or none came. */
  offer(seconds: number): Promise<void>;
  outcome(): Outcome;
}

const PATIENCE_S = 30;
/** What a server does about requests that it has answered, as writing its log, belongs to them. */
const AFTERWARDS_MS = 60;
const REFUSED = 'status 503';

export function startTally(job: Job, lines: readonly Line[], requests: readonly Prepared[]): Tally {
  const { pid, behind, rate, requests: most = Number.POSITIVE_INFINITY } = job;
  const all: number[] = [];
  let began: number | undefined;
  let [refused, seconds, serverNs, behindNs, ownUs] = [0, 0, 0, 0, 0];
  const behindCpuNs = (): number => (behind === undefined ? 0 : cpuNs(behind));

  return {
    job,
    async offer(turn) {
      const options = { lines, requests, first: all.length, seconds: turn, most: most - all.length };
      if (options.most <= 0) return;
      began ??= Date.now();
      const own = process.cpuUsage();
      const before = [performance.now(), cpuNs(pid), behindCpuNs()] as const;
      const loop = rate === undefined ? closedLoop(options) : openLoop(options, rate);
      const { times, problems } = await Promise.race([loop, tooLate(turn)]);
      seconds += (performance.now() - before[0]) / 1_000;
      const { user, system } = process.cpuUsage(own);
      ownUs += user + system;
      await sleep(AFTERWARDS_MS);
      serverNs += cpuNs(pid) - before[1];
      behindNs += behindCpuNs() - before[2];
      for (const time of times) all.push(time);
      if (rate !== undefined) {
        refused += problems.get(REFUSED) ?? 0;
        problems.delete(REFUSED);
      }
      if (problems.size > 0) throw new Error([...problems].map(([what, count]) => `${count} × ${what}`).join(', '));
    },
    outcome() {
      const requests = all.length;
      const cpuUs = serverNs / 1_000 / requests;
      const busy = ownUs / 1e6 / seconds;
      const outcome = { requests, refused, began: began ?? 0, seconds, cpuUs, latency: latencyOf(all), busy };
      return behind === undefined ? outcome : { ...outcome, behindCpuUs: behindNs / 1_000 / requests };
    },
  };
}

/** Rejects when the last answer is long overdue. */
async function tooLate(seconds: number): Promise<never> {
  await sleep((seconds + PATIENCE_S) * 1_000, undefined, { ref: false });
  throw new Error(`an answer is missing for ${PATIENCE_S} s`);
}
