// What the admission door asks about a namespace or a ServiceAccount. In the steady state the view answers at once. What the
// view lacks, or does not know as good yet, is usually on its way: a moment is waited for the watch, then the API server
// itself is asked. The surprising rule: a spent budget of live reads is not the last word, the watch gets more time then.
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

export interface Lookup {
  /** @param isGood whether these labels need no second look; what is found otherwise comes from a live read */
  namespace(name: string, isGood: (labels: Labels) => boolean): Promise<Live<NamespaceState>>;
  serviceAccount(namespace: string, name: string): Promise<Live<ServiceAccountState>>;
}

export function lookup({ view, live, waitMs = 30, patienceMs = 300, time }: LookupOptions): Lookup {
  async function settle<T>(key: string, read: () => T | undefined, ask: () => Promise<Live<T>>): Promise<Live<T>> {
    const arrived = new AbortController();
    const unsubscribe = view.subscribe(key, () => {
      if (read() !== undefined) arrived.abort();
    });
    const seen = (): Live<T> | undefined => {
      const value = read();
      return value === undefined ? undefined : { found: value };
    };
    try {
      await time.sleep(waitMs, arrived.signal);
      const inTime = seen();
      if (inTime) return inTime;
      const answer = await Promise.race([ask(), aborted(arrived.signal)]);
      if (answer && !('unknown' in answer)) return answer;
      if (answer) await time.sleep(patienceMs, arrived.signal);
      return seen() ?? answer ?? { unknown: 'it changed while it was looked up' };
    } finally {
      unsubscribe();
    }
  }

  return {
    namespace(name, isGood) {
      function read(): NamespaceState | undefined {
        const state = view.namespace(name);
        return state && isGood(state.labels) ? state : undefined;
      }
      const state = read();
      return state ? Promise.resolve({ found: state }) : settle(name, read, () => live.namespace(name));
    },
    serviceAccount(namespace, name) {
      const read = () => view.serviceAccount(namespace, name);
      const state = read();
      if (state) return Promise.resolve({ found: state });
      return settle(`${namespace}/${name}`, read, () => live.serviceAccount(namespace, name));
    },
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
