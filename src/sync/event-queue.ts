// Says things as Kubernetes Events without holding anybody up: each thing once an hour, so many in a second, a bounded queue.
// What did not fit is not remembered as said, so whoever finds it again says it again.

export interface Sayable {
  readonly about: { readonly uid: string };
  readonly reason: string;
  readonly message: string;
}

export interface EventQueuePorts<E extends Sayable> {
  /** Never rejects. */
  write(event: E): Promise<'written' | 'gone' | 'forbidden' | 'unavailable'>;
  count(outcome: 'written' | 'gone' | 'forbidden' | 'unavailable' | 'repeated' | 'dropped'): void;
  now(): number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  later(ms: number, callback: () => void): () => void;
}

export interface EventQueue<E extends Sayable> {
  say(event: E): void;
  stop(): void;
}

const PER_SECOND = 25;
const BURST = 50;
const REMEMBER_MS = 60 * 60 * 1_000;
const QUEUE_MAX = 5_000;
const REMEMBER_MAX = 20_000;
const TRIES = 3;

export function createEventQueue<E extends Sayable>(ports: EventQueuePorts<E>): EventQueue<E> {
  const said = new Map<string, number>();
  const queue: { readonly event: E; readonly key: string; tries: number }[] = [];
  let tokens = BURST;
  let filled = ports.now();
  let cancel: (() => void) | undefined;

  function refill(): void {
    const now = ports.now();
    tokens = Math.min(BURST, tokens + (Math.max(0, now - filled) / 1_000) * PER_SECOND);
    filled = now;
  }

  function drain(): void {
    cancel = undefined;
    refill();
    while (tokens >= 1) {
      const next = queue.shift();
      if (next === undefined) return;
      tokens -= 1;
      void send(next);
    }
    cancel ??= ports.later(1_000 / PER_SECOND, drain);
  }

  async function send(entry: (typeof queue)[number]): Promise<void> {
    const outcome = await ports.write(entry.event);
    entry.tries += 1;
    if (outcome === 'unavailable' && entry.tries < TRIES && queue.length < QUEUE_MAX) {
      queue.push(entry);
      cancel ??= ports.later(1_000 * 2 ** entry.tries, drain);
      return;
    }
    if (outcome === 'unavailable') said.delete(entry.key);
    ports.count(outcome);
  }

  /** Times only grow, so the oldest come first. */
  function forget(now: number): void {
    for (const [key, at] of said) {
      if (now - at < REMEMBER_MS && said.size <= REMEMBER_MAX) return;
      said.delete(key);
    }
  }

  return {
    say(event) {
      const now = ports.now();
      const key = `${event.about.uid} ${event.reason} ${event.message}`;
      forget(now);
      if (said.has(key)) {
        ports.count('repeated');
        return;
      }
      if (queue.length >= QUEUE_MAX) {
        ports.count('dropped');
        return;
      }
      said.set(key, now);
      queue.push({ event, key, tries: 0 });
      cancel ??= ports.later(0, drain);
    },
    stop() {
      cancel?.();
      cancel = undefined;
      for (const { key } of queue.splice(0)) said.delete(key);
    },
  };
}
