// The load, as a program of its own on a processor of its own. It reads work from its standard input, one line of JSON each, and
// writes what came out for each. Before anything is timed, every request is sent once and its answer verified; while it is timed,
// the status and the length of each answer are. It ends when its standard input does.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Job, Reply, Work } from './job.ts';
import { type Line, openLine, type Prepared, prepare } from './line.ts';
import type { Post } from './posts.ts';
import { randomFrom } from './random.ts';
import { takeTurns } from './rounds.ts';
import { startTally, type Tally } from './tally.ts';

const read = new Map<string, readonly Post[]>();
const random = randomFrom(4);

function preparedFrom(path: string): readonly Prepared[] {
  const posts: readonly Post[] = read.get(path) ?? JSON.parse(readFileSync(path, 'utf8'));
  read.set(path, posts);
  return posts.map(prepare);
}

async function work({ jobs, turnSeconds }: Work): Promise<Reply> {
  const opened = new Map<string, readonly Line[]>();

  async function linesTo({ target, connections }: Job): Promise<readonly Line[]> {
    const key = JSON.stringify(target);
    const lines = opened.get(key) ?? (await Promise.all(Array.from({ length: connections }, () => openLine(target))));
    opened.set(key, lines);
    return lines;
  }

  async function prepareJob(job: Job): Promise<Tally> {
    const [lines, requests] = [await linesTo(job), preparedFrom(job.posts)];
    await Promise.all(
      lines.map(async (line, i) => {
        const own = requests.filter((_, index) => index % lines.length === i);
        // The first request of a connection may be answered in another way than those that follow.
        for (const request of [...own.slice(0, 1), ...own]) await line.verify(request);
      }),
    );
    return startTally(job, lines, requests);
  }

  try {
    const tallies: Tally[] = [];
    for (const job of jobs) tallies.push(await prepareJob(job).catch(fail(job)));
    const seconds = Math.max(...jobs.map((job) => job.seconds));
    await takeTurns(tallies, { seconds, turnSeconds, random }, (tally, turn) =>
      tally.offer(turn).catch(fail(tally.job)),
    );
    return { outcomes: tallies.map((tally) => tally.outcome()) };
  } finally {
    for (const line of [...opened.values()].flat()) line.close();
  }
}

function fail({ name }: Job): (error: unknown) => never {
  return (error) => {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  };
}

const asked = createInterface({ input: process.stdin });
asked.on('close', () => process.exit());
for await (const line of asked) {
  const reply = await work(JSON.parse(line)).catch(
    (error: unknown): Reply => ({ failed: error instanceof Error ? error.message : String(error) }),
  );
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
