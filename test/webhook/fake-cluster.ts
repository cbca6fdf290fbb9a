// A cluster of one namespace in memory, as far as ensure sees it, with a clock that stands still unless it is moved. What the
// API server holds and what the watches know of it are two things, as they are in truth.
import type { PullSecretState } from '../../src/core/surroundings.ts';
import type { PullSecretWrite, WriteFailure } from '../../src/webhook/ensure.ts';

export const TYPE = 'kubernetes.io/dockerconfigjson';

export function secret(credentials: readonly string[], ours = true): PullSecretState {
  const keys = new Set(credentials.map((name) => `${name}.io`));
  return { uid: 'u', resourceVersion: '1', type: TYPE, ours, credentials, keys };
}

export function fakeCluster(known?: PullSecretState) {
  let actual = known;
  let seen = known;
  let clock = 0;
  let refreshes = 0;
  const writes: PullSecretWrite[] = [];
  const failures: WriteFailure[] = [];
  const sleepers: { until: number; wake: () => void; signal: AbortSignal }[] = [];
  let gate: Promise<void> = Promise.resolve();
  return {
    writes,
    refreshes: () => refreshes,
    failNext: (...reasons: WriteFailure[]) => failures.push(...reasons),
    /** Somebody else changes it; the watches do not know yet. */
    becomes(state: PullSecretState | undefined) {
      actual = state;
    },
    learns: () => {
      seen = actual;
    },
    holdWrites(): () => void {
      const held = Promise.withResolvers<void>();
      gate = held.promise;
      return held.resolve;
    },
    pass(ms: number) {
      clock += ms;
      for (const { until, wake } of sleepers) if (until <= clock) wake();
    },
    /** Sleeps that nobody has ended. */
    asleep: () => sleepers.filter(({ until, signal }) => until > clock && !signal.aborted).length,
    ports: {
      present: () => seen,
      async refresh() {
        refreshes++;
        seen = actual;
      },
      async write(request: PullSecretWrite) {
        writes.push(request);
        await gate;
        const failure =
          failures.shift() ?? (request.seen === undefined && actual !== undefined ? 'conflict' : undefined);
        if (failure !== undefined) return { failed: failure };
        actual = secret(request.annotations['pullpass.dev/credentials']?.split(',') ?? []);
        seen = actual;
        return { written: actual };
      },
      sleep: (ms: number, signal: AbortSignal) =>
        new Promise<void>((wake) => {
          sleepers.push({ until: clock + ms, wake, signal });
          signal.addEventListener('abort', () => wake());
        }),
      now: () => clock,
    },
  };
}
