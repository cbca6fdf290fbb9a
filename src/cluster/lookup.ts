// What the admission door asks about a namespace or a ServiceAccount. In the steady state the view answers at once. What the
// view lacks, or does not know as good yet, is usually on its way: a moment is waited for the watch, then the API server
// itself is asked. The surprising rule: a spent budget of live reads is not the last word, the watch gets more time then.
// Whoever asked leaves when its time is over; a live read goes on, and serves those who come after.
import type { Labels } from '../core/selector.ts';
import type { ServiceAccountState } from '../core/surroundings.ts';
import type { Live, LiveReads } from './live-reads.ts';
import type { Time } from './time.ts';
import type { NamespaceState, View } from './view.ts';

export interface LookupOptions {
  readonly view: Pick<View, 'namespace' | 'serviceAccount' | 'subscribe'>;
  readonly live: Pick<LiveReads, 'namespace' | 'serviceAccount'>;
  /** How long the watch may take before a live read. */
  readonly waitMs?: number;
  /** How much longer it may take when the live read could not tell. */
  readonly patienceMs?: number;
  readonly time: Pick<Time, 'sleep'>;
}

/** What the view knows is not promised but given, so that nobody has to wait a turn for it. */
type AtOnceOrLater<T> = T | Promise<T>;

export interface Lookup {
  /**
   * @param isGood whether these labels need no second look; what is found otherwise comes from a live read
   * @param withinMs after that the answer is "unknown"
   */
  namespace(name: string, isGood: (labels: Labels) => boolean, withinMs: number): AtOnceOrLater<Live<NamespaceState>>;
  serviceAccount(namespace: string, name: string, withinMs: number): AtOnceOrLater<Live<ServiceAccountState>>;
}

export function lookup({ view, live, waitMs = 30, patienceMs = 300, time }: LookupOptions): Lookup {
  async function settle<T>({ key, read, ask }: Question<T>, withinMs: number): Promise<Live<T>> {
    // Aborted as soon as there is nothing to wait for: the value is there, the time is over, or all is done.
    const enough = new AbortController();
    const unsubscribe = view.subscribe(key, () => {
      if (read() !== undefined) enough.abort();
    });
    const seen = (): Live<T> | undefined => {
      const value = read();
      return value === undefined ? undefined : { found: value };
    };
    void time.sleep(Math.max(0, withinMs), enough.signal).then(() => enough.abort());
    try {
      await time.sleep(waitMs, enough.signal);
      const inTime = seen();
      if (inTime) return inTime;
      const answer = enough.signal.aborted ? undefined : await Promise.race([ask(), aborted(enough.signal)]);
      if (answer && !('unknown' in answer)) return answer;
      if (answer) await time.sleep(patienceMs, enough.signal);
      return seen() ?? answer ?? { unknown: 'not found out in time' };
    } finally {
      unsubscribe();
      enough.abort();
    }
  }

  return {
    namespace(name, isGood, withinMs) {
      function read(): NamespaceState | undefined {
        const state = view.namespace(name);
        return state && isGood(state.labels) ? state : undefined;
      }
      const state = read();
      if (state) return { found: state };
      return settle({ key: name, read, ask: () => live.namespace(name) }, withinMs);
    },
    serviceAccount(namespace, name, withinMs) {
      const read = () => view.serviceAccount(namespace, name);
      const state = read();
      if (state) return { found: state };
      const key = `${namespace}/${name}`;
      return settle({ key, read, ask: () => live.serviceAccount(namespace, name) }, withinMs);
    },
  };
}

interface Question<T> {
  readonly key: string;
  /** What the view knows, if that is good. */
  readonly read: () => T | undefined;
  readonly ask: () => Promise<Live<T>>;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
