// What a decision knows of the cluster around an object, as plain values. The view in `cluster/` keeps them in memory;
// nothing here holds more of a Kubernetes object than a decision reads, and never the data of a Secret.
import {
  ANNOTATION_CREDENTIALS,
  ANNOTATION_ENFORCE_MOUNTABLE,
  ANNOTATION_UNWANTED_SINCE,
  FIELD_MANAGER,
  LABEL_INSTANCE,
  LABEL_MANAGED_BY,
  MANAGED_BY,
} from './names.ts';
import type { Labels } from './selector.ts';

export interface ServiceAccountState {
  /** The names in its `imagePullSecrets`, in order. */
  readonly pullSecrets: readonly string[];
  /** It carries `kubernetes.io/enforce-mountable-secrets: "true"`. */
  readonly enforcesMountable: boolean;
}

/** What nearly every ServiceAccount is; shared, so that ten thousand of them cost one object. */
export const PLAIN_SERVICE_ACCOUNT: ServiceAccountState = { pullSecrets: [], enforcesMountable: false };

/** The one Secret of our name in a namespace, ours or not. */
export interface PullSecretState {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  /** It carries our mark and the mark of this instance. Only then may it be written, and may a Pod be made to list it. */
  readonly ours: boolean;
  /** The credentials that its annotation names; empty when it is not ours. */
  readonly credentials: readonly string[];
  /** The keys of the docker config in it; empty when there is none that can be read. */
  readonly keys: ReadonlySet<string>;
}

/** A pull Secret as sync compares it with what should be there: no login, but enough to see any difference. */
export interface ObservedPullSecret extends PullSecretState {
  /** Of the value that its type calls for; empty if that is not there. */
  readonly digest: string;
  /** Of each entry of the docker config in it, by its key. */
  readonly entries: ReadonlyMap<string, string>;
  /** The labels and annotations that are ours by field ownership, as `markText` writes them. */
  readonly marks: string;
  readonly immutable: boolean;
  /** Somebody deleted it, and a finalizer holds it. */
  readonly leaving: boolean;
  /** Milliseconds since the epoch: when a pass found that nobody is meant to use it any more. */
  readonly unwantedSince: number | undefined;
  /** Milliseconds since the epoch. */
  readonly created?: number;
}

/** The part of a Kubernetes object's metadata that is read here. */
export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly managedFields?: readonly ManagedFields[] | null;
}

/** Who owns which fields, as server-side apply keeps the books (meta/v1 ManagedFieldsEntry). */
interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: {
    readonly 'f:metadata'?: { readonly 'f:labels'?: object; readonly 'f:annotations'?: object };
  };
}

export function readServiceAccount(object: {
  readonly metadata?: Metadata;
  readonly imagePullSecrets?: readonly ({ readonly name?: string } | null)[] | null;
}): ServiceAccountState {
  const enforcesMountable = object.metadata?.annotations?.[ANNOTATION_ENFORCE_MOUNTABLE] === 'true';
  const pullSecrets = (object.imagePullSecrets ?? []).flatMap((entry) => (entry?.name ? [entry.name] : []));
  return enforcesMountable || pullSecrets.length > 0 ? { pullSecrets, enforcesMountable } : PLAIN_SERVICE_ACCOUNT;
}

/** @param instance the namespace that this Pullpass runs in: two installations must not write each other's Secrets */
export function readPullSecret(
  object: { readonly metadata?: Metadata; readonly type?: string },
  instance: string,
): Omit<PullSecretState, 'keys'> {
  const { uid = '', resourceVersion = '', labels, annotations } = object.metadata ?? {};
  const ours = labels?.[LABEL_MANAGED_BY] === MANAGED_BY && labels[LABEL_INSTANCE] === instance;
  const named = ours ? (annotations?.[ANNOTATION_CREDENTIALS] ?? '') : '';
  return {
    uid,
    resourceVersion,
    type: object.type ?? 'Opaque',
    ours,
    credentials: named === '' ? [] : named.split(','),
  };
}

/**
 * One text for a set of labels and annotations, whatever their order. What is ours of a Secret is told by field ownership: a
 * value that somebody else wrote is not ours any more, and one that we took out of the configuration still is.
 */
export function markText(labels: Labels, annotations: Labels): string {
  return JSON.stringify([sortedEntries(labels), sortedEntries(annotations)]);
}

/** The labels and annotations that are ours, and the note among them. */
export function readMarks({ labels = {}, annotations = {}, managedFields }: Metadata): {
  readonly marks: string;
  readonly unwantedSince: number | undefined;
} {
  const entry = managedFields?.find(({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Apply');
  const owned = entry?.fieldsV1?.['f:metadata'];
  const ours = ownedOf(annotations, owned?.['f:annotations']);
  const since = Date.parse(ours[ANNOTATION_UNWANTED_SINCE] ?? '');
  return {
    marks: markText(ownedOf(labels, owned?.['f:labels']), ours),
    unwantedSince: Number.isNaN(since) ? undefined : since,
  };
}

function ownedOf(values: Labels, fields: object | undefined): Labels {
  if (fields === undefined) return {};
  return Object.fromEntries(Object.entries(values).filter(([key]) => Object.hasOwn(fields, `f:${key}`)));
}

function sortedEntries(values: Labels): readonly (readonly [string, string])[] {
  return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}
