// What is counted and said of missed Pods: each is said once, and counted as long as it is there.
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export interface MissedReportOptions {
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'pendingPods' | 'missedPods' | 'missedPodsIn'>;
  /** Whether metrics may carry the name of a namespace. */
  readonly byNamespace: () => boolean;
}

interface MissedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly isStuck: boolean;
}

/** So many of one look have a line each, the next ones share one, and the rest are counted. */
const NAMED = 20;
const LISTED = 500;

export function createMissedReport({ log, metrics, byNamespace }: MissedReportOptions) {
  let said = new Set<string>();
  let last: ReadonlyMap<string, readonly string[]> = new Map();

  function measure(missed: readonly MissedPod[], pending: number): void {
    last = namesByNamespace(missed);
    metrics.pendingPods.set(pending);
    metrics.missedPods.set(missed.length);
    metrics.missedPodsIn.reset();
    if (byNamespace()) for (const { namespace } of missed) metrics.missedPodsIn.inc({ namespace });
  }

  return {
    observe({ missed, pending }: { readonly missed: readonly MissedPod[]; readonly pending: number }): void {
      const fresh = missed.filter(({ uid }) => !said.has(uid));
      for (const { namespace, name, isStuck } of fresh.slice(0, NAMED)) {
        log.warn({ namespace, name, isStuck }, 'a Pod does not list the pull Secret that it needs');
      }
      if (fresh.length > NAMED) {
        const pods = fresh.slice(NAMED, NAMED + LISTED).map(({ namespace, name }) => `${namespace}/${name}`);
        log.warn({ more: fresh.length - NAMED, pods }, 'further Pods do not list the pull Secret that they need');
      }
      said = new Set(missed.map(({ uid }) => uid));
      measure(missed, pending);
    },
    /** Names of the missed Pods of the last look, by their namespace. */
    missed: () => last,
    clear(): void {
      said = new Set();
      measure([], 0);
    },
  };
}

function namesByNamespace(missed: readonly MissedPod[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { namespace, name } of missed) {
    const others = names.get(namespace);
    if (others === undefined) names.set(namespace, [name]);
    else others.push(name);
  }
  return names;
}
