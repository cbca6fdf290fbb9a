// The decision for an object of a manifest: the same as at admission, on what can be known without a cluster. It always is a
// CREATE, because what is there before is not known.
import { decideImages, type ImageDecision, planInjection } from '../core/injection.ts';
import { namespaceRefusal, type Participation } from '../core/participation.ts';
import type { Policy } from '../core/policy.ts';
import type { ObjectReason } from '../core/reason.ts';
import type { Need } from '../core/rendering.ts';
import type { Labels } from '../core/selector.ts';
import { readSubject, type Subject } from '../core/subject.ts';
import { PLAIN_SERVICE_ACCOUNT, type ServiceAccountState } from '../core/surroundings.ts';
import type { Workloads } from '../core/workload.ts';
import type { FoundObject } from './objects.ts';

export interface Settings {
  readonly policy: Policy;
  readonly workloads: Workloads;
  readonly participation: Participation;
  readonly pullSecret: string;
  readonly formerNames: readonly string[];
}

/** What is known of the cluster. */
export interface Around {
  /** The namespace that an object is in; empty: not known. */
  namespaceOf(object: FoundObject): string;
  labelsOf(namespace: string): Labels;
  /** undefined: nobody said anything about it. */
  serviceAccount(namespace: string, name: string): ServiceAccountState | undefined;
}

export interface Decision {
  readonly namespace: string;
  readonly reason: ObjectReason;
  readonly images: readonly ImageDecision[];
  /** Names to append to `imagePullSecrets`. */
  readonly add: readonly string[];
  readonly needs: readonly Need[];
  readonly subject?: Subject;
  /** The ServiceAccount that the decision rests on although nothing is known of it. */
  readonly unknownAccount?: string;
}

export function decide(found: FoundObject, settings: Settings, around: Around): Decision {
  const { group, kind, object } = found;
  const namespace = around.namespaceOf(found);
  const leftAlone = (reason: ObjectReason): Decision => ({ namespace, reason, images: [], add: [], needs: [] });
  const subject = readSubject({ kind: { group, kind }, operation: 'CREATE', object }, settings.workloads);
  if (typeof subject === 'string') return leftAlone(subject);
  const labels = around.labelsOf(namespace);
  const refusal = namespaceRefusal(namespace, labels, settings.participation);
  if (refusal !== undefined) return leftAlone(refusal);
  const images = decideImages(subject.images, labels, settings.policy);
  const known = around.serviceAccount(namespace, subject.serviceAccount);
  const surroundings = { serviceAccount: known ?? PLAIN_SERVICE_ACCOUNT, pullSecret: undefined };
  const injection = planInjection(subject, images, surroundings, settings.pullSecret, settings.formerNames);
  const { reason, add, needs } = injection;
  const rests = known === undefined && add.length > 0 && subject.listed === undefined;
  return { namespace, reason, images, add, needs, subject, ...(rests && { unknownAccount: subject.serviceAccount }) };
}
