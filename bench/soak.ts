// How much memory a replica holds while it is kept busy for a long time, and whether that grows.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Latency } from './job.ts';
import type { Load } from './loading.ts';
import { openDrain } from './log-drain.ts';
import { pin, SERVER_CPU } from './pinning.ts';
import { memoryOf } from './process-cost.ts';
import type { Scale } from './scale.ts';
import { slope } from './statistics.ts';

export interface SoakOptions {
  readonly scale: Scale;
  readonly load: Load;
  /** A file with the requests. */
  readonly posts: string;
  readonly minutes: number;
  readonly say: (text: string) => void;
}

export interface Growth {
  readonly rate: number;
  /** MiB at moments of interest. */
  readonly moments: readonly { readonly name: string; readonly resident: number }[];
  /** MiB from the moment on that the bar names, ten minutes, and at the end. */
  readonly held: readonly { readonly minutes: number; readonly resident: number }[];
  /** MiB an hour, by least squares over the second half. */
  readonly perHour: number;
  readonly latency: Latency;
}

const RATE = 1_000;
const HELD_FROM_MIN = 10;
const SAMPLES_MIN = 20;
const SAMPLE_MAX_MS = 5_000;

export async function soak({ scale, load, posts, minutes, say }: SoakOptions): Promise<Growth> {
  const drain = openDrain(scale.site.folder);
  const serve = await scale.start({ log: drain.descriptor });
  drain.handedOver();
  await pin(serve.pid, SERVER_CPU);
  await sleep(6_000);
  const seconds = minutes * 60;
  const before = memoryOf(serve.pid).resident;
  say(`${RATE}/s for ${minutes} min`);
  const job = {
    name: 'pullpass',
    target: { port: serve.port },
    pid: serve.pid,
    posts,
    connections: 32,
    seconds,
    rate: RATE,
  };
  let over = false;
  const loading = load.run(job).finally(() => (over = true));
  // Seen below; until then it must not end the process.
  loading.catch(() => undefined);
  const samples: (readonly [hours: number, resident: number])[] = [];
  const began = performance.now();
  while (!over) {
    await sleep(Math.min(SAMPLE_MAX_MS, (seconds * 1_000) / SAMPLES_MIN));
    samples.push([(performance.now() - began) / 3_600_000, memoryOf(serve.pid).resident]);
  }
  const { latency } = await loading;
  const after = (wanted: number): number => samples.find(([hours]) => hours * 60 >= wanted)?.[1] ?? Number.NaN;
  const atEnd = samples.at(-1)?.[1] ?? Number.NaN;
  await serve.stop();
  const timed = [
    ...[1, HELD_FROM_MIN]
      .filter((minute) => minute < minutes)
      .map((minute) => ({ minutes: minute, resident: after(minute) })),
    { minutes, resident: atEnd },
  ];
  const moments = [
    { name: 'at rest', resident: before },
    ...timed.map((moment) => ({ name: `after ${moment.minutes} min`, resident: moment.resident })),
    { name: 'at most', resident: Math.max(...samples.map(([, resident]) => resident)) },
  ];
  const held = timed.filter((moment) => moment.minutes >= HELD_FROM_MIN || moment.minutes === minutes);
  return { rate: RATE, moments, held, perHour: slope(samples.slice(Math.floor(samples.length / 2))), latency };
}
