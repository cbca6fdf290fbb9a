// The load, as a program of its own on a processor of its own. It reads jobs from its standard input, one line of JSON each, and
// writes an outcome for each. Before anything is timed, every request is sent once and its answer verified; while it is timed, the
// status and the length of each answer are. It ends when its standard input does.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Outcome, Reply } from './job.ts';
import { openLine, type Prepared, prepare } from './line.ts';
import { closedLoop, openLoop } from './loops.ts';
import type { Post } from './posts.ts';
import { cpuNs } from './process-cost.ts';
import { latencyOf } from './statistics.ts';

const PATIENCE_S = 30;
const REFUSED = 'status 503';
const read = new Map<string, readonly Post[]>();

function preparedFrom(path: string): readonly Prepared[] {
  const posts: readonly Post[] = read.get(path) ?? JSON.parse(readFileSync(path, 'utf8'));
  read.set(path, posts);
  return posts.map(prepare);
}

async function work(job: Job): Promise<Outcome> {
  const requests = preparedFrom(job.posts);
  const lines = await Promise.all(Array.from({ length: job.connections }, () => openLine(job.target)));
  try {
    await Promise.all(
      lines.map(async (line, i) => {
        const own = requests.filter((_, index) => index % lines.length === i);
        // The first request of a connection may be answered in another way than those that follow.
        for (const request of [...own.slice(0, 1), ...own]) await line.verify(request);
      }),
    );
    const options = { lines, requests, seconds: job.seconds, most: job.requests ?? Number.POSITIVE_INFINITY };
    const own = process.cpuUsage();
    const first = Date.now();
    const [began, cpu] = [performance.now(), cpuNs(job.pid)];
    const loop = job.rate === undefined ? closedLoop(options) : openLoop(options, job.rate);
    const { times, problems } = await Promise.race([loop, tooLate(job.seconds)]);
    const [spentNs, seconds] = [cpuNs(job.pid) - cpu, (performance.now() - began) / 1_000];
    const { user, system } = process.cpuUsage(own);
    const refused = job.rate === undefined ? 0 : (problems.get(REFUSED) ?? 0);
    if (refused > 0) problems.delete(REFUSED);
    if (problems.size > 0) throw new Error([...problems].map(([what, count]) => `${count} × ${what}`).join(', '));
    const [count, busy] = [times.length, (user + system) / 1e6 / seconds];
    const cpuUs = spentNs / 1_000 / count;
    return { requests: count, refused, began: first, seconds, cpuUs, latency: latencyOf(times), busy };
  } finally {
    for (const line of lines) line.close();
  }
}

/** Rejects when the last answer is long overdue. */
async function tooLate(seconds: number): Promise<never> {
  await sleep((seconds + PATIENCE_S) * 1_000, undefined, { ref: false });
  throw new Error(`an answer is missing for ${PATIENCE_S} s`);
}

const jobs = createInterface({ input: process.stdin });
jobs.on('close', () => process.exit());
for await (const line of jobs) {
  const reply: Reply = await work(JSON.parse(line)).then(
    (outcome) => ({ outcome }),
    (error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }),
  );
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
