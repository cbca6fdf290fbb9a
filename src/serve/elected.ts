// What only one replica does: sync, asking programs for logins, looking for missed Pods, trying logins. It begins when this
// replica is elected and ends when it is no more; every write asks the clock again in between.
import type { Client } from '../cluster/client.ts';
import { holdLease, type Lease } from '../cluster/lease.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { LEASE_NAME } from '../core/names.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Cluster } from './cluster-ports.ts';
import type { Credentials } from './credentials-in-force.ts';
import { createEvents } from './events.ts';
import { createHealth } from './health.ts';
import { createMissed } from './missed.ts';
import { createPrograms } from './programs.ts';
import { createSync } from './sync.ts';
import { createWebhookScope } from './webhook-scope.ts';

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
  /** Whether this replica answers admissions. */
  readonly serves: () => boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Elected {
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
  const { client, cluster, credentials, own, identity, metrics } = options;
  let lease: Lease | undefined;
  const mayWrite = (): boolean => lease?.held() ?? false;
  const events = createEvents(options);
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
  const duties: readonly Duty[] = [
    createPrograms(options),
    sync,
    missed,
    events,
    createHealth(options),
    createWebhookScope(options),
  ];

  async function end(): Promise<void> {
    metrics.elected.set(0);
    await Promise.allSettled(duties.map((duty) => duty.stop()));
    sync.report.clear();
  }

  return {
    stand() {
      lease = holdLease({
        client,
        namespace: own,
        name: LEASE_NAME,
        identity,
        time: SYSTEM_TIME,
        log: cluster.log,
        onGained() {
          metrics.elected.set(1);
          for (const duty of duties) duty.start();
        },
        onLost: () => void end(),
      });
    },
    async stop() {
      await end();
      await lease?.release();
    },
  };
}
