// What a replica says of itself and, if it is elected, of credentials and namespaces: the answer behind `pullpass status`, which
// `explain` and `check` read too. No login is in it, nor anything that one could be made of. Times are milliseconds since the epoch.
import type { RefuseReason } from './reason.ts';
import type { LabelSelector } from './selector.ts';
import type { WorkloadSetting } from './workload.ts';

export interface ReplicaStatus {
  /** Of this form. A reader must refuse any other. */
  readonly version: 1;
  readonly replica: string;
  /** What is missing until it is ready, in words. */
  readonly notReady?: string;
  readonly certificate: { readonly expires?: number; readonly trusted: boolean };
  readonly settings: StatusSettings;
  /** Why the configuration file that is there now is not in force, a line for each problem. */
  readonly refusedConfiguration: readonly string[];
  /** How the live webhook configuration differs from the settings, in words. */
  readonly webhookDifferences: readonly string[];
  readonly credentials: readonly CredentialStatus[];
  /**
   * Problems that belong to no credential in force: a docker config file that cannot be read, a labelled Secret that is refused.
   * `credential` is empty if it concerns a file as a whole.
   */
  readonly problems: readonly StatusProblem[];
  /** Absent on a replica that is not elected. */
  readonly sync?: SyncStatus;
}

export interface StatusSettings {
  /** Pullpass's own namespace. */
  readonly own: string;
  readonly webhookConfiguration: string;
  readonly service: string;
  readonly namespaces: LabelSelector;
  readonly workloads: readonly WorkloadSetting[];
  readonly pullSecret: {
    readonly name: string;
    readonly formerNames: readonly string[];
    readonly type: string;
    readonly distribution: 'on-demand' | 'everywhere';
    readonly graceMs: number;
  };
  readonly requireNamespaces: boolean;
  readonly credentialHealth: boolean;
  readonly repair: 'off' | 'restart';
}

export interface CredentialStatus {
  readonly name: string;
  /** Where it comes from: `Secret ghcr`, `docker config /etc/pullpass/harbor.json`. */
  readonly where: string;
  /** In the order in which they were written. */
  readonly patterns: readonly PatternStatus[];
  /** Texts of patterns. */
  readonly except: readonly string[];
  readonly namespaces?: LabelSelector;
  /** How many namespaces that take part may use it. */
  readonly admits: number;
  readonly problems: readonly StatusProblem[];
  /** By host, where credential health is on and the host was tried. */
  readonly health: readonly { readonly host: string; readonly result: string }[];
}

export interface PatternStatus {
  readonly text: string;
  readonly hasLogin: boolean;
  readonly obtained?: number;
  readonly expires?: number;
}

export interface StatusProblem {
  readonly kind: 'refused' | 'shadowed' | 'no-login' | 'source' | 'leaving';
  readonly credential: string;
  readonly where: string;
  readonly problem: string;
}

export interface SyncStatus {
  /** When the last pass over everything ended. */
  readonly lastPass?: number;
  /** Removals that wait for a confirmation, and the command that gives it. */
  readonly held: number;
  readonly confirm?: string;
  readonly takingPart: number;
  /**
   * Namespaces with a Secret of our name, a refusal, a write that failed or a missed Pod, or the one that was asked for; sorted by
   * name. Where there are too many, those with something wrong come in first.
   */
  readonly namespaces: readonly NamespaceStatus[];
  /** So many are left out of `namespaces`. */
  readonly more: number;
}

export interface NamespaceStatus {
  readonly name: string;
  readonly takesPart: boolean;
  readonly pullSecret?: PullSecretStatus;
  readonly refused?: RefuseReason;
  /** Why the last write of its pull Secret failed: the outcome, and what the API server said. */
  readonly failed?: string;
  /** Names of Pods, of the last look; at most a hundred. */
  readonly missedPods: readonly string[];
  /** So many are left out of `missedPods`. */
  readonly moreMissedPods: number;
}

export interface PullSecretStatus {
  readonly ours: boolean;
  /** Of what its annotation names. */
  readonly credentials: readonly string[];
  /** Of the docker config in it. */
  readonly keys: readonly string[];
  /** Whether it is ours and as it should be now. */
  readonly fresh: boolean;
  /** What a pass would do about it, with the reason; absent: nothing. */
  readonly change?: string;
  readonly created?: number;
  /** When it is due to be deleted, as nobody is meant to use it any more. */
  readonly leaves?: number;
}
