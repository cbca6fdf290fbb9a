// How long to wait before the next try: 100 ms, doubled each time, up to 30 s, each shortened by chance by at most half so
// that replicas do not knock together. The surprising rule: in the first minute of an outage the ceiling is 5 s, because an
// API server that restarts is back within seconds and everybody waits for us then.
import type { Time } from './time.ts';

const FIRST_MS = 100;
const CEILING_MS = 30_000;
const EARLY_CEILING_MS = 5_000;
const EARLY_MS = 60_000;

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number;
  /** Call when things went well: the next failure begins a new outage. */
  reset(): void;
}

export function backoff(time: Pick<Time, 'now' | 'random'>): Backoff {
  let tries = 0;
  let since = 0;
  return {
    next() {
      if (tries === 0) since = time.now();
      const ceiling = time.now() - since < EARLY_MS ? EARLY_CEILING_MS : CEILING_MS;
      const full = Math.min(ceiling, FIRST_MS * 2 ** Math.min(tries, 16));
      tries += 1;
      return full * (1 - time.random() / 2);
    },
    reset() {
      tries = 0;
    },
  };
}
