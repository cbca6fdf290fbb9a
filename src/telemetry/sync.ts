// What is counted and said of sync. A pass that changed nothing says nothing; a refusal is said when it appears.
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What a pass reports; only what is read here. */
export interface PassReport {
  readonly scope: 'all' | ReadonlySet<string>;
  readonly written: readonly {
    readonly namespace: string;
    readonly act: string;
    readonly reason: string;
    readonly outcome: string;
    readonly why?: string;
  }[];
  readonly refused: ReadonlyMap<string, string>;
  readonly held: number;
  readonly pullSecrets: number;
  readonly ms: number;
}

export interface SyncReportOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** Whether metrics may carry the name of a namespace. */
  readonly byNamespace: () => boolean;
  /** The command that confirms so many removals. */
  readonly confirm: (removals: number) => string;
}

export interface Refusal {
  readonly namespace: string;
  readonly reason: string;
}

export interface SyncReport {
  /** @returns the refusals that are new */
  observe(report: PassReport): readonly Refusal[];
  refused(): ReadonlyMap<string, string>;
  /** Where the last write failed: the outcome, and what the API server said. */
  failed(): ReadonlyMap<string, string>;
  /** When all namespaces were last looked at, in milliseconds since the epoch. */
  lastPass(): number | undefined;
  /** Removals that wait, and the command that confirms them. */
  held(): { readonly removals: number; readonly confirm: string } | undefined;
  /** Another replica is elected: what this one knew is not reported any longer. */
  clear(): void;
}

/** So many failures or refusals of one pass have a line each; of the next refusals the names share one. */
const NAMED = 20;
const LISTED = 500;
const DONE: ReadonlySet<string> = new Set(['written', 'deleted']);

export function createSyncReport({ log, metrics, now, byNamespace, confirm }: SyncReportOptions): SyncReport {
  const refused = new Map<string, string>();
  const failed = new Map<string, string>();
  let held = 0;
  let lastPass: number | undefined;

  function takeRefusals({ scope, refused: found }: PassReport): readonly Refusal[] {
    const fresh: Refusal[] = [];
    for (const namespace of scope === 'all' ? [...refused.keys()] : scope) {
      if (!found.has(namespace)) refused.delete(namespace);
    }
    for (const [namespace, reason] of found) {
      if (refused.get(namespace) !== reason) fresh.push({ namespace, reason });
      refused.set(namespace, reason);
    }
    return fresh;
  }

  /** A namespace that was looked at, and where nothing failed, has no failure any more. */
  function takeFailures({ scope, written }: PassReport): void {
    for (const namespace of scope === 'all' ? [...failed.keys()] : scope) failed.delete(namespace);
    for (const { namespace, outcome, why } of written) {
      if (DONE.has(outcome) || outcome === 'not-elected') continue;
      failed.set(namespace, why === undefined ? outcome : `${outcome}: ${why}`);
    }
  }

  function sayChanges({ scope, written, ms }: PassReport): void {
    if (written.length === 0) return;
    const counts: Record<string, number> = {};
    for (const { act, reason, outcome } of written) {
      const what = `${act} ${reason} ${outcome}`;
      counts[what] = (counts[what] ?? 0) + 1;
    }
    for (const [what, count] of Object.entries(counts)) {
      const [act = '', reason = '', outcome = ''] = what.split(' ');
      metrics.changes.inc({ act, reason, outcome }, count);
    }
    log.info({ scope: scope === 'all' ? 'all' : 'some', changes: counts, ms: Math.round(ms) }, 'pull Secrets changed');
    const failed = written.filter(({ outcome }) => !DONE.has(outcome));
    for (const { namespace, act, reason, outcome, why } of failed.slice(0, NAMED)) {
      log.warn({ namespace, act, reason, outcome, why }, 'a pull Secret was not changed');
    }
    if (failed.length > NAMED) log.warn({ more: failed.length - NAMED }, 'further pull Secrets were not changed');
  }

  function sayHeld(report: PassReport): void {
    if (report.scope !== 'all') return;
    metrics.heldRemovals.set(report.held);
    if (report.held > 0 && report.held !== held) {
      log.error(
        { removals: report.held, confirm: confirm(report.held) },
        'more pull Secrets would be deleted or emptied than is likely meant, so none is until it is confirmed',
      );
    }
    if (report.held === 0 && held > 0) log.info({}, 'no removal waits for a confirmation any more');
    held = report.held;
  }

  return {
    observe(report) {
      const scope = report.scope === 'all' ? 'all' : 'some';
      metrics.passes.inc({ scope });
      metrics.passDuration.observe({ scope }, report.ms / 1_000);
      if (scope === 'all') {
        lastPass = now();
        metrics.lastPass.set(lastPass / 1_000);
        metrics.pullSecrets.set(report.pullSecrets);
      }
      takeFailures(report);
      sayChanges(report);
      sayHeld(report);
      const fresh = takeRefusals(report);
      for (const { namespace, reason } of fresh.slice(0, NAMED)) {
        log.warn({ namespace, reason }, 'a pull Secret is left as it is although it is not what it should be');
      }
      if (fresh.length > NAMED) {
        const names = fresh.slice(NAMED, NAMED + LISTED).map(({ namespace, reason }) => `${namespace}: ${reason}`);
        log.warn({ more: fresh.length - NAMED, names }, 'further pull Secrets are left as they are');
      }
      measureRefusals(refused, metrics, byNamespace());
      return fresh;
    },
    refused: () => refused,
    failed: () => failed,
    lastPass: () => lastPass,
    held: () => (held === 0 ? undefined : { removals: held, confirm: confirm(held) }),
    clear() {
      refused.clear();
      failed.clear();
      held = 0;
      lastPass = undefined;
      metrics.heldRemovals.set(0);
      metrics.pullSecrets.reset();
      measureRefusals(refused, metrics, false);
    },
  };
}

function measureRefusals(refused: ReadonlyMap<string, string>, metrics: Metrics, byNamespace: boolean): void {
  metrics.refused.reset();
  metrics.refusedIn.reset();
  for (const [namespace, reason] of refused) {
    metrics.refused.inc({ reason });
    if (byNamespace) metrics.refusedIn.set({ namespace, reason }, 1);
  }
}
