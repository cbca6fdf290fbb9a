// The two ways of offering load. Closed: each connection sends its next request when it has its answer, which finds what a
// request costs. Open: requests are due by the clock whatever comes back, and wait for a free connection if they must, which
// finds what latency a caller sees: that wait counts. A timer that is late is this program's fault and does not.
import type { Line, Prepared } from './line.ts';

export interface Offered {
  /** Milliseconds of each request, from when it was due. */
  readonly times: number[];
  readonly problems: Map<string, number>;
}

export interface LoopOptions {
  readonly lines: readonly Line[];
  readonly requests: readonly Prepared[];
  /** The index of the request that is sent first. */
  readonly first: number;
  readonly seconds: number;
  readonly most: number;
}

/** Resolves when all that was sent is answered. */
export function closedLoop({ lines, requests, first, seconds, most }: LoopOptions): Promise<Offered> {
  const [times, problems]: [number[], Map<string, number>] = [[], new Map()];
  const until = performance.now() + seconds * 1_000;
  let sent = 0;
  return new Promise((resolve) => {
    let idle = 0;

    function next(line: Line): void {
      const began = performance.now();
      if (began >= until || sent >= most) {
        idle += 1;
        if (idle === lines.length) resolve({ times, problems });
        return;
      }
      const request = requests[(first + sent++) % requests.length];
      if (request === undefined) throw new Error('there is nothing to send');
      line.send(request, (problem) => {
        times.push(performance.now() - began);
        if (problem === undefined) return next(line);
        count(problems, problem);
        // A connection that is gone would fail for ever.
        setImmediate(next, line);
      });
    }

    for (const line of lines) next(line);
  });
}

export function openLoop({ lines, requests, first, seconds, most }: LoopOptions, rate: number): Promise<Offered> {
  const [times, problems]: [number[], Map<string, number>] = [[], new Map()];
  const free = [...lines];
  const waiting: number[] = [];
  const total = Math.min(most, Math.floor(seconds * rate));
  const began = performance.now();
  let [offered, sent] = [0, 0];
  return new Promise((resolve) => {
    function send(line: Line, due: number): void {
      const request = requests[(first + sent++) % requests.length];
      if (request === undefined) throw new Error('there is nothing to send');
      line.send(request, (problem) => {
        times.push(performance.now() - due);
        if (problem !== undefined) count(problems, problem);
        const next = waiting.shift();
        if (next === undefined) free.push(line);
        else setImmediate(send, line, next);
      });
    }

    const ticking = setInterval(() => {
      const now = performance.now();
      const due = Math.min(total, Math.floor(((now - began) * rate) / 1_000));
      for (; offered < due; offered++) {
        const line = takeFrom(free);
        if (line === undefined) waiting.push(now);
        else send(line, now);
      }
      if (times.length < total) return;
      clearInterval(ticking);
      resolve({ times, problems });
    }, 1);
  });
}

/** The one that was used last, as an API server does, so that others may be idle until the server closes them. */
function takeFrom(free: Line[]): Line | undefined {
  const line = free.pop();
  return line === undefined || line.isOpen() ? line : takeFrom(free);
}

function count(problems: Map<string, number>, problem: string): void {
  problems.set(problem, (problems.get(problem) ?? 0) + 1);
}
