// What is said as Kubernetes Events: Pods that were missed, pull Secrets that are left as they are, credentials that are refused.
import type { Client } from '../cluster/client.ts';
import { type EventAbout, type EventText, writeEvent } from '../cluster/event-writer.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { REFUSE_REASONS, type RefuseReason } from '../core/reason.ts';
import type { CatalogProblem } from '../credentials/catalog.ts';
import { describeSecret } from '../credentials/snapshot.ts';
import { createEventQueue } from '../sync/event-queue.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Refusal } from '../telemetry/sync.ts';
import type { Cluster } from './cluster-ports.ts';
import type { Credentials } from './credentials-in-force.ts';
import { later } from './later.ts';

export interface EventsOptions {
  readonly client: Client;
  readonly cluster: Pick<Cluster, 'view'>;
  readonly credentials: Credentials;
  /** Pullpass's own namespace. */
  readonly own: string;
  /** Whether this replica is elected, by the clock. */
  readonly mayWrite: () => boolean;
  readonly metrics: Pick<Metrics, 'events'>;
}

export function createEvents({ client, cluster, credentials, own, mayWrite, metrics }: EventsOptions) {
  const { now } = SYSTEM_TIME;
  const queue = createEventQueue<EventText>({
    write: async (event) => (mayWrite() ? writeEvent(client, event, now()) : 'unavailable'),
    count: (outcome) => metrics.events.inc({ outcome }),
    now,
    later,
  });

  function sayRefused(refusals: readonly Refusal[]): void {
    for (const { namespace, reason } of refusals) {
      const uid = cluster.view.pullSecret(namespace)?.uid;
      if (uid === undefined) continue;
      const about = secretAbout(namespace, credentials.inForce().settings.name, uid);
      const message = `the pull Secret is left as it is: ${REFUSE_REASONS[reason as RefuseReason]}`;
      queue.say({ about, type: 'Warning', reason: 'PullSecretRefused', message });
    }
  }

  function sayProblems(problems: readonly CatalogProblem[]): void {
    for (const { kind, credential, problem, where } of problems) {
      // A configured credential may have the name of a Secret that lost against it.
      const uid = where === describeSecret(credential) ? credentials.secretUid(credential) : undefined;
      if (uid === undefined || (kind !== 'refused' && kind !== 'shadowed')) continue;
      const reason = kind === 'refused' ? 'CredentialRefused' : 'CredentialShadowed';
      queue.say({ about: secretAbout(own, credential, uid), type: 'Warning', reason, message: problem });
    }
  }

  return {
    say: queue.say,
    sayRefused,
    sayProblems,
    start(): void {
      sayProblems(credentials.inForce().catalog.problems);
    },
    async stop(): Promise<void> {
      queue.stop();
    },
  };
}

function secretAbout(namespace: string, name: string, uid: string): EventAbout {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name, uid };
}
