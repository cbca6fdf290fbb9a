// What a decision knows of the cluster around an object, as plain values. The view in `cluster/` keeps them in memory;
// nothing here holds more of a Kubernetes object than a decision reads, and never the data of a Secret.
import {
  ANNOTATION_CREDENTIALS,
  ANNOTATION_ENFORCE_MOUNTABLE,
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
}

/** The part of a Kubernetes object's metadata that is read here. */
export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
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
): PullSecretState {
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
