// Puts sync together: the planner's situations out of the view and the credentials in force, the writes out of the cluster,
// the loop that decides when, and the Secret that keeps the logins. It runs on the elected replica only; a pass asks the
// clock before each write whether it still is.
import { setImmediate } from 'node:timers/promises';
import type { Client } from '../cluster/client.ts';
import { noteRemovals, writeLoginsSecret } from '../cluster/logins-secret.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { ANNOTATION_CONFIRM_REMOVAL, LOGINS_SECRET_NAME } from '../core/names.ts';
import { namespaceRefusal } from '../core/participation.ts';
import type { Labels } from '../core/selector.ts';
import type { Situation } from '../core/sync-plan.ts';
import { createKeepLogins } from '../sync/keep-logins.ts';
import { createLoop, type SyncLoop } from '../sync/loop.ts';
import { createPass } from '../sync/pass.ts';
import { createRemovalGuard } from '../sync/removals.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createSyncReport, type Refusal, type SyncReport } from '../telemetry/sync.ts';
import type { Cluster } from './cluster-ports.ts';
import type { Credentials } from './credentials-in-force.ts';
import { later } from './later.ts';

export interface SyncOptions {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly credentials: Credentials;
  /** Pullpass's own namespace. */
  readonly own: string;
  /** Whether this replica is elected, by the clock. */
  readonly mayWrite: () => boolean;
  /** Namespaces where a Pod waits for the pull Secret. */
  readonly awaited: () => ReadonlySet<string>;
  /** Whether so many admissions come that writes should give way. */
  readonly isCrowded: () => boolean;
  readonly onRefused: (refusals: readonly Refusal[]) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Sync extends SyncLoop {
  readonly report: SyncReport;
  /** What a pass decides by, of the pull Secret under the present name. */
  situation(namespace: string): Situation;
}

/** An admission takes less. */
const REST_MS = 20;
const NO_LABELS: Labels = {};
const NO_NOTES = { confirmed: 0, held: 0 };

export function createSync(options: SyncOptions): Sync {
  const { client, cluster, credentials, own, mayWrite, log, metrics } = options;
  const { now, random } = SYSTEM_TIME;
  const { view, former } = cluster;
  // Neither changes while it runs.
  const { name: presentName, formerNames } = credentials.inForce().config.pullSecret;
  const report = createSyncReport({
    log,
    metrics,
    now,
    byNamespace: () => credentials.inForce().config.metrics.namespaces,
    confirm: (removals) =>
      credentials.loginsSecret()?.ours
        ? `kubectl -n ${own} annotate --overwrite secret ${LOGINS_SECRET_NAME} ${ANNOTATION_CONFIRM_REMOVAL}=${removals}`
        : `it cannot be confirmed while the Secret ${LOGINS_SECRET_NAME} is missing or not ours`,
  });

  function situation(namespace: string): Situation {
    const { config, renderings } = credentials.inForce();
    const state = view.namespace(namespace);
    const labels = state?.labels ?? NO_LABELS;
    const everywhere = config.pullSecret.distribution === 'everywhere';
    return {
      alive: state !== undefined && !state.terminating,
      takesPart: namespaceRefusal(namespace, labels, { namespaces: config.namespaces, own }) === undefined,
      asked:
        everywhere ||
        view.vanishedPullSecrets().has(namespace) ||
        options.awaited().has(namespace) ||
        former.isIn(namespace),
      present: view.pullSecret(namespace),
      rendering: renderings.of(labels),
    };
  }

  /** The same but for what is there, which the one under the present name is to follow. */
  function situationOfFormer(namespace: string, name: string): Situation {
    const successor = situation(namespace);
    const followed = successor.present?.ours === true;
    return { ...successor, present: former.get(namespace, name), former: { followed } };
  }

  async function noteHeld(held: number): Promise<boolean> {
    const secret = credentials.loginsSecret();
    if (!secret?.ours || !mayWrite()) return false;
    const noted = await noteRemovals(client, own, secret, held);
    if ('written' in noted) credentials.observeLoginsSecret(noted.written);
    else log.warn({ why: noted.failed }, 'it could not be noted how many removals wait for a confirmation');
    return 'written' in noted;
  }

  const removals = createRemovalGuard({
    notes() {
      const secret = credentials.loginsSecret();
      return secret?.ours ? { confirmed: secret.confirmedRemovals, held: secret.heldRemovals } : NO_NOTES;
    },
    note: noteHeld,
    now,
  });

  const pass = createPass({
    namespaces: view.namespaces,
    names: [presentName, ...formerNames],
    situation: (namespace, name) => (name === presentName ? situation(namespace) : situationOfFormer(namespace, name)),
    settings: () => credentials.inForce().settings,
    mayWrite,
    write: ({ namespace, name }, change) =>
      cluster.carryOut(namespace, change, { ...credentials.inForce().settings, name }, mayWrite),
    removals,
    breathe: () => setImmediate(),
    isCrowded: options.isCrowded,
    rest: () => SYSTEM_TIME.sleep(REST_MS),
    now,
  });

  const keepLogins = createKeepLogins({
    wanted: () => credentials.inForce().kept,
    present: credentials.loginsSecret,
    mayWrite,
    async write(texts, seen) {
      const result = await writeLoginsSecret(client, own, texts, seen);
      if ('failed' in result) return result;
      credentials.observeLoginsSecret(result.written);
      return {};
    },
    report(outcome) {
      metrics.loginsKept.inc({ outcome: outcome.outcome });
      if (outcome.outcome !== 'kept') log.error({ why: outcome.problem }, 'the logins could not be kept');
    },
  });

  const loop = createLoop({
    pass,
    prepare: keepLogins,
    report: (result) => options.onRefused(report.observe(result)),
    contested(namespace) {
      metrics.contested.inc();
      log.warn(
        { namespace },
        'somebody keeps undoing what is written to the pull Secret, so it is left to the interval',
      );
    },
    fault: (error) => log.error({ stack: stackOf(error) }, 'a pass of sync failed because of a fault of ours'),
    later,
    random,
    now,
  });
  return {
    ...loop,
    report,
    situation,
    start() {
      removals.begin();
      former.start();
      loop.start();
    },
    async stop() {
      await loop.stop();
      await former.stop();
    },
  };
}
