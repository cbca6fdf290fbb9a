// What was found out about a cluster before anything is judged: plain values, so that a judgement can be tested without one.
import type { ReplicaStatus } from '../core/replica-status.ts';
import type { LabelSelector, Labels } from '../core/selector.ts';
import type { Clouds } from './clouds.ts';
import type { Competitor } from './competitors.ts';
import type { EndpointSlice, Named, Pod, Service, WebhookConfiguration } from './objects.ts';
import type { Act, Reading, Trial, Unread } from './ports.ts';

/** What was asked for on the command line, and what a configuration file says of it. */
export interface Asked {
  /** Pullpass's own namespace. */
  readonly namespace: string;
  readonly webhookConfiguration: string;
  readonly service: string;
  readonly serviceAccount: string;
}

/** What the rest is compared with. */
export interface Settings {
  readonly from: 'replica' | 'file' | 'defaults';
  readonly namespaces: LabelSelector;
  readonly workloads: readonly { readonly group: string; readonly kind: string }[];
  readonly pullSecrets: readonly string[];
  /** Unknown without a replica or a file. */
  readonly repair?: 'off' | 'restart';
}

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
  readonly leaving: boolean;
}

/** A Secret of the pull Secret's name. */
export interface SecretSeen {
  readonly namespace: string;
  readonly name: string;
  /** Of which installation, if it carries our mark. */
  readonly instance?: string;
}

export interface Facts {
  readonly asked: Asked;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly version: Reading<string>;
  readonly clouds: Clouds;
  readonly namespaces: Reading<readonly Namespace[]>;
  /** Those whose name is that of the pull Secret. */
  readonly secrets: Reading<readonly SecretSeen[]>;
  /** All of the cluster. */
  readonly webhooks: Reading<readonly WebhookConfiguration[]>;
  readonly competitors: readonly Reading<readonly Competitor[]>[];
}

export interface FactsBefore extends Facts {
  /** Resources of admissionregistration.k8s.io/v1. */
  readonly admissionResources: Reading<readonly string[]>;
  /** Those that whoever asks may not do. */
  readonly cannotInstall: Reading<readonly Act[]>;
  /** Rights of Pullpass that whoever asks has not, and so may not give. */
  readonly cannotGrant: Reading<readonly Act[]>;
  readonly clusterRole: Reading<Named>;
  readonly service: Reading<Service>;
  /** What is wrong with the configuration file; absent: none was named. */
  readonly configuration?: { readonly file: string; readonly problems: readonly string[] };
}

export interface FactsAfter extends Facts {
  readonly own: Reading<Named>;
  readonly pods: Reading<readonly Pod[]>;
  readonly service: Reading<Service>;
  readonly slices: Reading<readonly EndpointSlice[]>;
  /** That of the name that was asked for. */
  readonly webhook: Reading<WebhookConfiguration>;
  readonly scopeDifferences: readonly string[];
  /** The certificate of the CA in pullpass-ca, PEM; empty where a replica says all that it is needed for. */
  readonly ca: Reading<string>;
  /** Those that Pullpass may not do. */
  readonly missingRights: Reading<readonly Act[]>;
  readonly replica: { readonly status: ReplicaStatus; readonly pod: string } | { readonly unavailable: string };
  readonly trial: Trying;
}

export type Trying =
  /** Why there is nothing to try. */
  { readonly nothing: string } | ({ readonly namespace: string; readonly image: string } & Trial) | Unread;

export function statusOf({ replica }: Pick<FactsAfter, 'replica'>): ReplicaStatus | undefined {
  return 'status' in replica ? replica.status : undefined;
}
