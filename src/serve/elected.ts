// What only one replica does: sync, asking programs for logins, looking for missed Pods, trying logins. It begins when this
// replica is elected and ends when it is no more; every write asks the clock again in between.
import type { Client } from '../cluster/client.ts';
import { holdLease, type Lease } from '../cluster/lease.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { LEASE_NAME } from '../core/names.ts';
import type { HealthOutcome } from '../registry/credential-health.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Cluster } from './cluster-ports.ts';
import type { Credentials } from './credentials-in-force.ts';
import { createEvents } from './events.ts';
import { createHealth } from './health.ts';
import { createMissed } from './missed.ts';
import { createPrograms } from './programs.ts';
import { createSync, type Sync } from './sync.ts';
import { createWebhookScope, type LiveWebhooks } from './webhook-scope.ts';

export interface ElectedOptions {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly credentials: Credentials;
  /** Pullpass's own namespace. */
  readonly own: string;
  /** Unique among the replicas. */
  readonly identity: string;
  /** What programs that are asked for logins may see of. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Name of the MutatingWebhookConfiguration. */
  readonly webhookConfiguration: string;
  /** The same as it is in the cluster. */
  readonly live: LiveWebhooks;
  /** Whether this replica answers admissions. */
  readonly serves: () => boolean;
  /** Whether so many come that sync should give way. */
  readonly isCrowded: () => boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** What the elected replica knows beside the others. */
export interface Insight extends Pick<Sync, 'situation' | 'report'> {
  /** Of the last look: names by namespace. */
  readonly missedPods: ReadonlyMap<string, readonly string[]>;
  readonly health: readonly HealthOutcome[];
}

export interface Elected {
  /** undefined: it is not elected. */
  insight(): Insight | undefined;
  /** From now on this replica may be elected. */
  stand(): void;
  /** Ends the duties and gives the Lease up. */
  stop(): Promise<void>;
}

/** Something that runs on the elected replica only. */
interface Duty {
  start(): void;
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
}

export function createElected(options: ElectedOptions): Elected {
  const { client, cluster, credentials, own, identity, log, metrics } = options;
  let lease: Lease | undefined;
  let ending = false;
  const mayWrite = (): boolean => !ending && lease !== undefined && lease.held();
  const events = createEvents({ ...options, mayWrite });
  let awaited: ReadonlySet<string> = new Set();
  const sync = createSync({ ...options, mayWrite, awaited: () => awaited, onRefused: events.sayRefused });
  const missed = createMissed({
    ...options,
    mayWrite,
    say: events.say,
    onAwaited(namespaces) {
      awaited = namespaces;
      for (const namespace of namespaces) sync.nudge(namespace);
    },
  });
  cluster.onNews(sync.nudge);
  credentials.onChange((problems) => {
    sync.nudgeAll();
    if (mayWrite()) events.sayProblems(problems);
  });
  const health = createHealth(options);
  const duties: readonly Duty[] = [createPrograms(options), sync, missed, events, health, createWebhookScope(options)];

  function begin(): void {
    metrics.elected.set(1);
    for (const duty of duties) duty.start();
  }

  async function end(): Promise<void> {
    metrics.elected.set(0);
    await Promise.allSettled(duties.map((duty) => duty.stop()));
    sync.report.clear();
  }

  /** Whoever is elected again begins when all has ended that began before. */
  let turn: Promise<void> = Promise.resolve();
  function inTurn(work: () => void | Promise<void>): Promise<void> {
    turn = turn.then(work).catch((error: unknown) => {
      log.error({ stack: stackOf(error) }, 'a duty of the elected replica failed because of a fault of ours');
    });
    return turn;
  }

  return {
    insight: () =>
      mayWrite()
        ? { situation: sync.situation, report: sync.report, missedPods: missed.last(), health: health.results() }
        : undefined,
    stand() {
      lease = holdLease({
        client,
        namespace: own,
        name: LEASE_NAME,
        identity,
        time: SYSTEM_TIME,
        log: cluster.log,
        onGained: () => void inTurn(begin),
        onLost: () => void inTurn(end),
      });
    },
    async stop() {
      // A long pass must not keep the Lease from the next one.
      ending = true;
      await inTurn(end);
      await lease?.release();
    },
  };
}
