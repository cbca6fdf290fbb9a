// Pods that are Pending, as sync looks at them: whether one should list the pull Secret and does not (missed: it came while
// nobody was asked, or before its credential), whether one waits for a pull Secret that it lists, and whether making it anew
// would help. A Pod's list cannot be changed, so a missed one never heals by itself.
import { decideImages, planInjection } from './injection.ts';
import type { Policy } from './policy.ts';
import type { Need } from './rendering.ts';
import type { Labels } from './selector.ts';
import { readSubject, type Subject } from './subject.ts';
import type { PullSecretState, ServiceAccountState } from './surroundings.ts';
import { selectWorkloads } from './workload.ts';

export interface PendingPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** The controller that it belongs to. */
  readonly owner: Owner | undefined;
  /** A container waits because its image cannot be pulled. */
  readonly isStuck: boolean;
  readonly subject: Subject;
}

export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** What is read of a Pod beside its spec; anything may be missing. */
export interface PodObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly (Owner & { readonly controller?: boolean })[] | null;
  };
  readonly status?: {
    readonly containerStatuses?: readonly ContainerStatus[] | null;
    readonly initContainerStatuses?: readonly ContainerStatus[] | null;
  };
}

interface ContainerStatus {
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

const PODS = selectWorkloads([]);
const PULL_FAILURES: ReadonlySet<string | undefined> = new Set(['ErrImagePull', 'ImagePullBackOff']);
/** Controllers that make a Pod anew when it is deleted. */
const REMAKERS: ReadonlySet<string> = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet']);

/** @returns undefined for a Pod that is left alone whatever stands around it */
export function readPendingPod(object: PodObject): PendingPod | undefined {
  const { name, namespace, uid, creationTimestamp, deletionTimestamp, ownerReferences } = object.metadata ?? {};
  if (name === undefined || namespace === undefined || uid === undefined || deletionTimestamp !== undefined) {
    return undefined;
  }
  const subject = readSubject({ kind: { group: '', kind: 'Pod' }, operation: 'CREATE', object }, PODS);
  if (typeof subject === 'string') return undefined;
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  return {
    namespace,
    name,
    uid,
    created: Date.parse(creationTimestamp ?? '') || 0,
    owner: owner && { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid },
    isStuck: isStuck(object),
    subject,
  };
}

function isStuck({ status }: PodObject): boolean {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.some(({ state }) => PULL_FAILURES.has(state?.waiting?.reason));
}

export type PodVerdict =
  /** It should list the pull Secret and does not. */
  | { readonly is: 'missed'; readonly needs: readonly Need[] }
  /** It lists the pull Secret, which must therefore be there and hold these. */
  | { readonly is: 'waiting'; readonly needs: readonly Need[] }
  | { readonly is: 'fine' };

/** @param labels of its namespace, which takes part */
export function judgePod(
  { subject }: PendingPod,
  labels: Labels,
  policy: Policy,
  around: { readonly serviceAccount: ServiceAccountState; readonly pullSecret: PullSecretState | undefined },
  pullSecretName: string,
): PodVerdict {
  const images = decideImages(subject.images, labels, policy);
  const { reason, needs } = planInjection(subject, images, around, pullSecretName);
  if (reason === 'injected') return { is: 'missed', needs };
  return needs.length > 0 ? { is: 'waiting', needs } : { is: 'fine' };
}

/** Whether deleting it makes its controller create another, which then comes through admission. */
export function isRestartable({ owner, isStuck }: PendingPod): boolean {
  if (!isStuck || owner === undefined) return false;
  return owner.apiVersion.startsWith('apps/') && REMAKERS.has(owner.kind);
}
