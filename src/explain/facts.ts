// What is known of an object and of all that decides about it: plain values, read before anything is concluded. No data of a
// Secret is among them, only the keys in it.
import type { ReplicaStatus } from '../core/replica-status.ts';
import type { Labels } from '../core/selector.ts';
import type { ServiceAccountState } from '../core/surroundings.ts';
import type { WebhookEntry } from '../core/webhook-reach.ts';
import type { Kind } from './kinds.ts';

/** One answer of the API server; `forbidden`: whoever asks may not know. */
export type Read<T> =
  | { readonly found: T }
  | { readonly missing: 'absent' }
  | { readonly missing: 'forbidden' }
  | { readonly missing: 'unknown'; readonly why: string };

export type Fields = Readonly<Record<string, unknown>>;

export type Target =
  | { readonly form: 'live'; readonly kind: Kind; readonly name: string }
  | { readonly form: 'manifest'; readonly kind: Kind; readonly name: string; readonly where: string }
  | { readonly form: 'image'; readonly image: string };

export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly target: Target;
  /** As it is in the cluster or in the file; for an image a Pod with it. */
  readonly object: Fields;
  readonly kind: Kind;
  /** The Pod that it is, or makes; undefined where nothing has the form of one. */
  readonly pod: Fields | undefined;
  readonly namespace: { readonly name: string; readonly read: Read<NamespaceFact> };
  readonly webhook: { readonly name: string; readonly read: Read<WebhookFact> };
  readonly replica: ReplicaFact;
  /** Pullpass's own namespace. */
  readonly own: string;
  /** Endpoints of its Service that are ready. */
  readonly endpoints: Read<number>;
  readonly serviceAccount: { readonly name: string; readonly read: Read<ServiceAccountState> };
  readonly pullSecret: { readonly name: string; readonly read: Read<PullSecretFact> };
  /** What became of a copy of that Pod, and of a Pod with nothing but its images where the copy did not get it. */
  readonly attempt: Attempt;
  readonly plainAttempt: Attempt | undefined;
  /** Pods that it is, or has; the newest generation. */
  readonly pods: readonly PodFact[];
  /** Who is restarted to have Pods made anew; undefined: nobody makes them anew. */
  readonly owner: OwnerFact | undefined;
  /** Quotas of the namespace that count Secrets. */
  readonly quotas: readonly QuotaFact[];
}

export interface NamespaceFact {
  readonly labels: Labels;
  readonly terminating: boolean;
}

export interface WebhookFact {
  readonly entries: readonly WebhookEntry[];
  /** How many of them have a caBundle. */
  readonly trusted: number;
}

export type ReplicaFact = { readonly status: ReplicaStatus } | { readonly unavailable: string };

export interface PullSecretFact {
  readonly ours: boolean;
  readonly credentials: readonly string[];
  readonly keys: readonly string[];
  /** The namespace of the Pullpass whose mark it carries, ours or another; undefined: it carries none. */
  readonly instance?: string;
  /** Who wrote it, as its managed fields say. */
  readonly managers: readonly string[];
}

export type Attempt =
  /** The names that it lists then. */
  | { readonly lists: readonly string[] }
  | { readonly refused: { readonly status: number; readonly message: string; readonly byRights: boolean } }
  | { readonly not: string };

export interface PodFact {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly lists: readonly string[];
  readonly phase: string;
  readonly waiting: readonly { readonly container: string; readonly reason: string; readonly message: string }[];
  readonly events: readonly EventFact[];
}

export interface EventFact {
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

export interface OwnerFact {
  readonly kind: Kind;
  readonly name: string;
  /** JSON pointer, as segments, to its template's labels; undefined where that is not known. */
  readonly template: readonly string[] | undefined;
}

export interface QuotaFact {
  readonly name: string;
  /** The name under which it counts them. */
  readonly counts: string;
  readonly hard: number;
  readonly used: number;
}

/** @returns what was found, or undefined */
export function found<T>(read: Read<T>): T | undefined {
  return 'found' in read ? read.found : undefined;
}

export function statusOf(replica: ReplicaFact): ReplicaStatus | undefined {
  return 'status' in replica ? replica.status : undefined;
}
