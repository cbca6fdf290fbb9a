// What `check` asks of a cluster. Each question may have an answer, no object, no right, or no API server behind it, and all four
// are values: a person with few rights still gets a page.
import type { ReplicaStatus } from '../core/replica-status.ts';
import type { ExpectedScope, WebhookEntry } from './objects.ts';

export type Unread =
  /** The right that is missing. */
  { readonly forbidden: Act } | { readonly unavailable: string };

export type Reading<T> = { readonly found: T } | { readonly absent: true } | Unread;

/** Where an object or a list of them is. Without a namespace: in the cluster, or in all namespaces. */
export interface Place {
  /** Default: the core group. */
  readonly group?: string;
  /** Default: v1. */
  readonly version?: string;
  readonly resource: string;
  readonly namespace?: string;
  /** Absent: all of them. */
  readonly name?: string;
  readonly labels?: string;
  readonly fields?: string;
  /** Without what a Secret holds, which then does not even come here. */
  readonly metadataOnly?: boolean;
  /** Of a list: the first of them will do. */
  readonly most?: number;
}

/** One act of one user. */
export interface Act {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface CheckPorts {
  /** A document that is no object, such as /version. */
  document(path: string): Promise<Reading<unknown>>;
  get(place: Place): Promise<Reading<unknown>>;
  /** @param keep what is kept of each, so that a list of thousands is small */
  list<T>(place: Place, keep: (object: unknown) => T | undefined): Promise<Reading<readonly T[]>>;
  /** @param as a user; absent: whoever asks */
  may(act: Act, as?: string): Promise<Reading<boolean>>;
  /** What would become of it. */
  dryRunPod(namespace: string, pod: object): Promise<Trial>;
  status(): Promise<{ readonly status: ReplicaStatus; readonly pod: string } | { readonly unavailable: string }>;
  /** How the live entries differ from the settings, in words. */
  scopeDifferences(entries: readonly WebhookEntry[], expected: ExpectedScope): readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export type Trial =
  | { readonly created: unknown }
  | { readonly refused: { readonly status: number; readonly message: string } }
  | { readonly unavailable: string };
