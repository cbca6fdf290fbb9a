// Decides when a pass takes place: at once for namespaces that there is news of, for all when the credentials or the
// configuration changed, at an interval in any case, when a deletion is due, and again after a failure with growing pauses.
// Never two at once; what comes meanwhile makes one more. A trigger carries no work: a pass always looks for itself.
import type { Pass, PassReport } from './pass.ts';

export interface LoopPorts {
  readonly pass: Pass;
  /** Before a pass over everything: what it goes by is put where every replica finds it. Never rejects. */
  prepare(): Promise<void>;
  report(report: PassReport): void;
  /** Somebody keeps undoing what is written in a namespace; said once in an interval. */
  contested(namespace: string): void;
  /** A fault of ours. */
  fault(error: unknown): void;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  later(ms: number, callback: () => void): () => void;
  /** At least 0 and below 1. */
  random(): number;
  now(): number;
}

export interface SyncLoop {
  /** There is news of a namespace. One where somebody keeps undoing what is written is left to the interval. */
  nudge(namespace: string): void;
  nudgeAll(): void;
  start(): void;
  /** Resolves when no write is under way any more. */
  stop(): Promise<void>;
}

/** A missed event costs one interval. */
export const INTERVAL_MS = 60_000;
/** News come in swarms: a moment is waited for the others. */
const GATHER_MS = 10;
/** What would be taken away in a few namespaces waits for a look at all of them. */
const REMOVAL_GATHER_MS = 1_000;
const REST_MS = 1_000;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 30_000;
/** What a second look soon may mend; the others wait for the interval. */
const RETRIED: ReadonlySet<string> = new Set(['conflict', 'unavailable', 'quota', 'forbidden']);
/** Writes in one namespace between two looks at all, after which somebody else is taken to be at work there. */
const CONTESTED = 60;
/** A timer cannot hold more. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export function createLoop(ports: LoopPorts): SyncLoop {
  const { later, now } = ports;
  const dirty = new Set<string>();
  let all = false;
  let started = false;
  let running: Promise<void> | undefined;
  let forgotten = now();
  /** Where a write failed: how often in a row, and when it is tried again. */
  const failing = new Map<string, { readonly tries: number; readonly at: number }>();
  const repairs = new Map<string, number>();
  const timers = new Map<string, { readonly at: number; readonly cancel: () => void }>();

  /** The earlier of two times wins. */
  function at(name: string, ms: number, callback: () => void): void {
    const due = now() + ms;
    const known = timers.get(name);
    if (known !== undefined && known.at <= due) return;
    known?.cancel();
    const cancel = later(Math.min(ms, TIMER_MAX_MS), () => {
      timers.delete(name);
      callback();
    });
    timers.set(name, { at: due, cancel });
  }

  function wake(): void {
    if (started && running === undefined) at('wake', GATHER_MS, run);
  }

  function nudgeAll(): void {
    all = true;
    wake();
  }

  function run(): void {
    if (!started || running !== undefined) return;
    running = turn()
      .catch(ports.fault)
      .finally(() => {
        running = undefined;
        if (started && (all || dirty.size > 0)) wake();
      });
  }

  async function turn(): Promise<void> {
    const scope = all ? 'all' : new Set(dirty);
    all = false;
    dirty.clear();
    if (scope === 'all') {
      at('interval', INTERVAL_MS * (1 - ports.random() / 10), nudgeAll);
      forgetRepairs();
      await ports.prepare();
    }
    const report = await ports.pass(scope);
    ports.report(report);
    plan(report);
  }

  /** Once in an interval, however many looks there are. */
  function forgetRepairs(): void {
    if (now() - forgotten < INTERVAL_MS) return;
    forgotten = now();
    repairs.clear();
  }

  function plan({ scope, written, postponed, due }: PassReport): void {
    if (postponed.length > 0) postpone(postponed);
    // Whoever is not elected any more is stopped; the others were late with a renewal, and left work behind.
    if (written.some(({ outcome }) => outcome === 'not-elected')) at('rest', REST_MS, nudgeAll);
    if (due !== undefined) at('due', Math.max(REMOVAL_GATHER_MS, due - now()), nudgeAll);
    const failed = new Set<string>();
    for (const { namespace, outcome } of written) {
      if (scope !== 'all') countRepair(namespace);
      if (RETRIED.has(outcome)) failed.add(namespace);
    }
    const undecided = new Set(postponed);
    for (const namespace of scope === 'all' ? [...failing.keys()] : scope) {
      if (!failed.has(namespace) && !undecided.has(namespace)) failing.delete(namespace);
    }
    for (const namespace of failed) {
      const tries = (failing.get(namespace)?.tries ?? 0) + 1;
      const pause = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 16)) * (1 - ports.random() / 2);
      failing.set(namespace, { tries, at: now() + pause });
    }
    planRetry();
  }

  /** A removal that failed waits for its own pause too, or a look at all of them would come every second. */
  function postpone(namespaces: readonly string[]): void {
    let soonest = RETRY_MAX_MS;
    for (const namespace of namespaces) {
      const entry = failing.get(namespace);
      soonest = Math.min(soonest, entry === undefined ? 0 : entry.at - now());
      // The look at all of them decides when it is tried again.
      if (entry !== undefined) failing.set(namespace, { ...entry, at: now() + RETRY_MAX_MS });
    }
    at('removals', Math.max(REMOVAL_GATHER_MS, soonest), nudgeAll);
  }

  function countRepair(namespace: string): void {
    const count = (repairs.get(namespace) ?? 0) + 1;
    repairs.set(namespace, count);
    if (count === CONTESTED) ports.contested(namespace);
  }

  /** Each namespace has pauses of its own: one that fails for ever makes no other wait. */
  function planRetry(): void {
    if (failing.size === 0) return;
    let next = Number.POSITIVE_INFINITY;
    for (const entry of failing.values()) next = Math.min(next, entry.at);
    at('retry', Math.max(0, next - now()), () => {
      for (const [namespace, entry] of failing) if (entry.at <= now() + GATHER_MS) dirty.add(namespace);
      wake();
    });
  }

  return {
    nudge(namespace) {
      if (!started || (repairs.get(namespace) ?? 0) >= CONTESTED) return;
      dirty.add(namespace);
      wake();
    },
    nudgeAll,
    start() {
      started = true;
      nudgeAll();
    },
    async stop() {
      started = false;
      for (const { cancel } of timers.values()) cancel();
      timers.clear();
      dirty.clear();
      failing.clear();
      await running;
    },
  };
}
