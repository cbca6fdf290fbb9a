// What a replica does while something happens to it: what its callers wait for, how long its handler takes by its own log, the
// longest turn of its event loop, and its memory.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type ServeProcess } from '../test/serve/installation.ts';
import type { Latency, Outcome } from './job.ts';
import { memoryOf } from './process-cost.ts';
import { latencyOf } from './statistics.ts';

export interface Window {
  readonly name: string;
  readonly outcome: Outcome;
  readonly handler: Latency;
  /** Milliseconds. */
  readonly longestTurn: number;
  /** MiB, at the end; and the most since the process began. */
  readonly resident: number;
  readonly peak: number;
}

/** Before it the load is steady. */
const LEAD_MS = 1_000;

/** @param serve was started with test/serve/turn-meter.mjs, which a signal asks */
export async function watchWindow(
  serve: ServeProcess,
  name: string,
  load: () => Promise<Outcome>,
  act: () => Promise<void>,
): Promise<Window> {
  const from = serve.output().length;
  const asked = turnsIn(serve.output()).length;
  process.kill(serve.pid, 'SIGUSR2');
  const loading = load();
  const acting = sleep(LEAD_MS).then(act);
  const [outcome] = await Promise.all([loading, acting]).catch((error: unknown) => {
    throw new Error(`${name}: ${error}\n${lastWords(serve.output())}`);
  });
  process.kill(serve.pid, 'SIGUSR2');
  // The first signal of all only begins; each further one says what was since the one before.
  const wanted = asked === 0 ? 1 : asked + 2;
  await eventually('the longest turn', async () => turnsIn(serve.output()).length >= wanted || undefined);
  const text = serve.output().slice(from);
  const { resident, peak } = memoryOf(serve.pid);
  return {
    name,
    outcome,
    handler: handlerTimes(text, outcome.began),
    longestTurn: turnsIn(text).at(-1) ?? Number.NaN,
    resident,
    peak,
  };
}

/** Of its log, without the decisions. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => !line.includes('"msg":"admission"'));
  return lines.slice(-20).join('\n');
}

function turnsIn(output: string): number[] {
  return [...output.matchAll(/^longest turn ([0-9.]+) ms$/gm)].map(([, ms]) => Number(ms));
}

/** Each decision is a line of the log, with when it was and how long it took. Before the load there are its first requests. */
function handlerTimes(output: string, began: number): Latency {
  const lines = output.matchAll(/"time":"([^"]+)"[^\n]*"ms":([0-9.]+)[^\n]*"msg":"admission"/g);
  return latencyOf([...lines].flatMap(([, time = '', ms]) => (Date.parse(time) < began ? [] : [Number(ms)])));
}
