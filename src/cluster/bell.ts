// Wakes the one loop that waits for it. A ring that comes while nobody waits is kept, and several are one.
import type { Time } from './time.ts';

export interface Bell {
  ring(): void;
  /** Resolves when it rings, or rang since it was last heard, or when the time is up; without a time it waits for ever. */
  heard(withinMs?: number): Promise<void>;
}

export function hangBell(time: Pick<Time, 'sleep'>): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async heard(withinMs) {
      if (!rung) {
        const waiting = new AbortController();
        wake = () => waiting.abort();
        const { signal } = waiting;
        const ring = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        await (withinMs === undefined ? ring : time.sleep(withinMs, signal));
        wake = undefined;
      }
      rung = false;
    },
  };
}
