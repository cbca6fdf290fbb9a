// Memory and the event loop in clusters of a thousand and ten thousand namespaces: at rest, and under a steady load while nothing
// else happens, while every resource is listed anew, and while a rotated login is written everywhere. Then how memory grows under
// twice that load, by the minute.
import { join } from 'node:path';
import { eventually, type ServeProcess } from '../../test/serve/installation.ts';
import { disturb } from '../disturbances.ts';
import { type Ending, withEnding } from '../ending.ts';
import { type Load, startLoad } from '../loading.ts';
import { pin, SERVER_CPU } from '../pinning.ts';
import type { Plan } from '../plan.ts';
import { reviewPost } from '../posts.ts';
import type { Section } from '../results.ts';
import { makeReviews } from '../reviews.ts';
import { openScale, type Scale } from '../scale.ts';
import { putAside, writePosts } from '../site.ts';
import { type Growth, soak } from '../soak.ts';
import { type Bar, bars, figure, type Row, table } from '../table.ts';
import { type Window, watchWindow } from '../window.ts';

const STEADY = { rate: 500, kilobytes: 8 };
const PRELOAD = join(import.meta.dirname, '..', '..', 'test', 'serve', 'turn-meter.mjs');
const RESIDENT_MAX_MIB = 120;

export function memory(plan: Plan): Promise<Section> {
  return sections(plan).then((found) => ({
    part: 'memory',
    title: 'Memory and the event loop',
    body: [...found.map(({ body }) => body), `### Bars\n\n${bars(found.flatMap((one) => one.bars))}`].join('\n\n'),
  }));
}

interface Found {
  readonly body: string;
  readonly bars: readonly Bar[];
}

async function sections(plan: Plan): Promise<Found[]> {
  const counts = plan.quick ? [200] : plan.full ? [1_000, 10_000] : [1_000];
  const found: Found[] = [];
  for (const count of counts) {
    // Half an hour is for the largest.
    const lasting = plan.quick ? 0.1 : plan.full && count === counts.at(-1) ? plan.minutes : 1;
    found.push(await withEnding((ending) => measure(ending, plan, count, lasting)));
  }
  return found;
}

async function measure(ending: Ending, plan: Plan, count: number, minutes: number): Promise<Found> {
  const say = (text: string): void => plan.say(`memory, ${count} namespaces: ${text}`);
  const scale = await openScale(ending, count, say);
  await putAside(scale.site.plane);
  const load = startLoad(ending);
  const windows = await disturbed({ scale, load, plan, count, say });
  const growth = await grown({ scale, load, count, say }, minutes);
  return {
    body: [`### ${count.toLocaleString('en-US')} namespaces`, describe(windows), growth.text].join('\n\n'),
    bars: [...windows.flatMap((one) => barsOf(one, count)), ...growth.bars],
  };
}

interface Trial {
  readonly scale: Scale;
  readonly load: Load;
  readonly plan: Plan;
  readonly count: number;
  readonly say: (text: string) => void;
}

function posts({ site, places }: Scale, kilobytes: number): string {
  const reviews = makeReviews({ bytes: kilobytes * 1_024, count: 64, places });
  const host = 'pullpass.pullpass-system.svc';
  return writePosts(
    site,
    `memory-${kilobytes}`,
    reviews.map((review) => reviewPost(review, host)),
  );
}

async function disturbed({ scale, load, plan, count, say }: Trial): Promise<Window[]> {
  const serve = await scale.start({ preload: PRELOAD });
  await pin(serve.pid, SERVER_CPU);
  await settle(serve);
  const base = {
    name: 'pullpass',
    target: { port: serve.port },
    pid: serve.pid,
    posts: posts(scale, STEADY.kilobytes),
    ...{ connections: 32, rate: STEADY.rate },
  };
  // Compiles what is needed, and does not count.
  await load.run({ ...base, seconds: plan.quick ? 2 : 10 });
  const windows: Window[] = [];
  for (const { name, seconds, act } of disturb({ scale, serve, count, quick: plan.quick })) {
    say(`${name}, ${seconds} s`);
    windows.push(await watchWindow(serve, name, () => load.run({ ...base, seconds }), act));
  }
  await serve.stop();
  return windows;
}

/** It is elected, its first pass is over, and what the start needed is given back. */
async function settle(serve: ServeProcess): Promise<void> {
  const passes = async (): Promise<true | undefined> =>
    (await serve.metric('pullpass_sync_pass_duration_seconds_count', { scope: 'all' })) > 0 || undefined;
  await eventually('the first pass', passes);
  const until = Date.now() + 6_000;
  await eventually('rest', async () => Date.now() > until || undefined);
}

async function grown(
  { scale, load, count, say }: Omit<Trial, 'plan'>,
  minutes: number,
): Promise<{ text: string; bars: Bar[] }> {
  const growth = await soak({ scale, load, posts: posts(scale, 7), minutes, say });
  const rows: Row[] = growth.moments.map(({ name, resident }) => [name, figure(resident)]);
  const { perHour, latency } = growth;
  const text = [
    `${growth.rate.toLocaleString('en-US')}/s of 7 KB for ${minutes} min:`,
    table(['resident', 'MiB'], rows),
    `Slope over the second half ${figure(perHour)} MiB/h; p99 ${figure(latency.p99)} ms, p99.9 ${figure(latency.p999)} ms.`,
  ].join('\n\n');
  return { text, bars: residentBars(growth, count) };
}

function residentBars({ held }: Growth, count: number): Bar[] {
  return held.map(({ minutes, resident }) => ({
    text: `${count.toLocaleString('en-US')} namespaces: resident after ${minutes} min`,
    value: resident,
    atMost: RESIDENT_MAX_MIB,
    unit: ' MiB',
  }));
}

function describe(windows: readonly Window[]): string {
  const head = [
    '500/s of 8 KB while',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'max ms',
    'handler p99',
    'handler p99.9',
    'longest turn ms',
    'CPU µs',
    'MiB',
    'peak MiB',
  ];
  const rows = windows.map(({ name, outcome, handler, longestTurn, resident, peak }) => [
    name,
    ...[outcome.latency.p50, outcome.latency.p99, outcome.latency.p999, outcome.latency.max].map(figure),
    ...[handler.p99, handler.p999, longestTurn, outcome.cpuUs, resident, peak].map(figure),
  ]);
  return table(head, rows);
}

/** The handler's own time is what was promised; what callers wait is held to the same. */
function barsOf({ name, outcome, handler }: Window, count: number): Bar[] {
  const text = `${count.toLocaleString('en-US')} namespaces, ${name}`;
  const times = [
    ['handler', handler],
    ['caller', outcome.latency],
  ] as const;
  return [
    { text: `${text}: refused`, value: outcome.refused, atMost: 0 },
    ...times.flatMap(([whose, { p99, p999 }]) => [
      { text: `${text}: p99, ${whose}`, value: p99, atMost: 5, unit: ' ms' },
      { text: `${text}: p99.9, ${whose}`, value: p999, atMost: 20, unit: ' ms' },
    ]),
  ];
}
