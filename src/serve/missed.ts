// Puts the look for missed Pods together: the list out of the cluster, the decision out of the view and the credentials in
// force, the Events, and the repair.
import { setImmediate } from 'node:timers/promises';
import type { Client } from '../cluster/client.ts';
import { listPendingPods } from '../cluster/pending-pods.ts';
import { deletePod } from '../cluster/pod-restart.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { planEnsure } from '../core/ensure-plan.ts';
import { namespaceRefusal } from '../core/participation.ts';
import type { Labels } from '../core/selector.ts';
import { PLAIN_SERVICE_ACCOUNT } from '../core/surroundings.ts';
import { createMissedPods, type MissedPod, type PodEvent } from '../sync/missed-pods.ts';
import { createRepair } from '../sync/repair.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createMissedReport } from '../telemetry/missed-pods.ts';
import type { Cluster } from './cluster-ports.ts';
import type { Credentials } from './credentials-in-force.ts';
import { later } from './later.ts';

export interface MissedOptions {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly credentials: Credentials;
  /** Pullpass's own namespace. */
  readonly own: string;
  readonly mayWrite: () => boolean;
  /** Whether this replica answers admissions. */
  readonly serves: () => boolean;
  readonly say: (event: PodEvent) => void;
  /** Namespaces where a Pod waits for the pull Secret. */
  readonly onAwaited: (namespaces: ReadonlySet<string>) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function createMissed(options: MissedOptions) {
  const { client, cluster, credentials, own, say, mayWrite, log, metrics } = options;
  const { view } = cluster;
  const { now, random } = SYSTEM_TIME;
  const config = () => credentials.inForce().config;
  const pullSecretName = config().pullSecret.name;
  let stopping = new AbortController();

  /** The labels of a namespace that takes part. */
  function labelsOf(namespace: string): Labels | undefined {
    const state = view.namespace(namespace);
    if (state === undefined || state.terminating) return undefined;
    const refusal = namespaceRefusal(namespace, state.labels, { namespaces: config().namespaces, own });
    return refusal === undefined ? state.labels : undefined;
  }

  function isReady({ namespace, needs }: MissedPod): boolean {
    const labels = labelsOf(namespace);
    if (labels === undefined || !options.serves() || !mayWrite()) return false;
    const plan = planEnsure(view.pullSecret(namespace), needs, credentials.inForce().renderings.of(labels));
    return plan.act === 'nothing' && plan.reason === 'present';
  }

  const report = createMissedReport({ log, metrics, byNamespace: () => config().metrics.namespaces });
  const repair = createRepair({
    enabled: () => config().missedPods.repair === 'restart',
    perMinute: () => config().missedPods.restartsPerMinute,
    isReady,
    async restart(pod) {
      const outcome = await deletePod(client, pod);
      log.info({ namespace: pod.namespace, name: pod.name, outcome }, 'a missed Pod is made anew');
      return outcome;
    },
    say,
    count: (outcome) => metrics.podRestarts.inc({ outcome }),
    now,
    later,
  });
  const missed = createMissedPods({
    list: () => listPendingPods(client, stopping.signal, (namespace) => labelsOf(namespace) !== undefined),
    labels: labelsOf,
    policy: () => credentials.inForce().policy,
    around({ namespace, subject }) {
      // A Pod that lists the pull Secret waits for it, whatever became of its ServiceAccount.
      const isListed = subject.listed?.includes(pullSecretName) ?? false;
      const known = view.serviceAccount(namespace, subject.serviceAccount);
      const serviceAccount = known ?? (isListed ? PLAIN_SERVICE_ACCOUNT : undefined);
      return serviceAccount && { serviceAccount, pullSecret: view.pullSecret(namespace) };
    },
    pullSecretName,
    awaited: options.onAwaited,
    say,
    repair: repair.offer,
    report: report.observe,
    failed(error) {
      const expected = error instanceof Error && ['ApiUnavailable', 'Refused'].includes(error.name);
      const cause = expected ? { why: error.message } : { stack: stackOf(error) };
      log.warn(cause, 'the Pending Pods could not be looked at');
    },
    breathe: () => setImmediate(),
    random,
    later,
  });
  return {
    /** Names of Pods, by their namespace. */
    last: report.missed,
    start() {
      stopping = new AbortController();
      missed.start();
    },
    async stop() {
      stopping.abort();
      repair.stop();
      await missed.stop();
      report.clear();
    },
  };
}
