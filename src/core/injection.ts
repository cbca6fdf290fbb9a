// The decision for one object: whether to list the pull Secret, and per image why or why not. Pure: the same subject in
// the same surroundings always gives the same injection, and planning it twice adds nothing. In order, the first that holds:
//
//   Pod that lists only our Secret, ServiceAccount has others          -> those are added, whatever else is decided; one under a
//                                                                         former name counts as ours, and stays listed
//   no image is served                                                 -> no-private-image
//   ServiceAccount enforces mountable secrets and does not name ours   -> enforcing-service-account, with a warning
//   a Secret of our name is not ours                                   -> foreign-secret, with a warning
//   our name is listed                                                 -> already-listed (the Secret is still ensured)
//   template without a list, ServiceAccount has Secrets                -> service-account-secrets
//   otherwise                                                          -> injected
//
// Why the ServiceAccount matters: Kubernetes copies its Secrets into a Pod only if the Pod lists none.
import type { Policy } from './policy.ts';
import type { ImageReason, ObjectReason } from './reason.ts';
import type { Need } from './rendering.ts';
import type { Labels } from './selector.ts';
import type { Subject, SubjectImage } from './subject.ts';
import type { PullSecretState, ServiceAccountState } from './surroundings.ts';

/** What stands around the subject. That its namespace takes part was settled before: see participation.ts. */
export interface Surroundings {
  readonly serviceAccount: ServiceAccountState;
  readonly pullSecret: PullSecretState | undefined;
}

export interface ImageDecision extends SubjectImage {
  readonly reason: ImageReason;
  /** The name of the credential that serves it. */
  readonly credential?: string;
  /** The text of the credential's pattern that covers it. */
  readonly pattern?: string;
}

export interface Injection {
  readonly reason: ObjectReason;
  /** What was decided about the pull Secret, which `service-account-restored` does not tell. */
  readonly aboutOurs: ObjectReason;
  readonly images: readonly ImageDecision[];
  /** Names to append to `imagePullSecrets`, in order; empty: no patch. */
  readonly add: readonly string[];
  /** The credentials that the pull Secret must hold before the object may be admitted; sorted. */
  readonly credentials: readonly string[];
  /** By which of their patterns: what the pull Secret must have a key for. */
  readonly needs: readonly Need[];
}

export function decideImages(
  images: readonly SubjectImage[],
  namespace: Labels,
  policy: Policy,
): readonly ImageDecision[] {
  return images.map(({ place, image }) => {
    const choice = policy.chooseFor(image, namespace);
    if (choice?.reason !== 'served') return { place, image, reason: choice?.reason ?? 'invalid-reference' };
    const { credential, pattern } = choice.candidate;
    return { place, image, reason: 'served', credential: credential.name, pattern: pattern.text };
  });
}

/** Whether the decision depends on the ServiceAccount and the pull Secret at all: for public images nothing is looked up. */
export function needsSurroundings(
  subject: Subject,
  images: readonly ImageDecision[],
  pullSecret: string,
  formerNames: readonly string[] = [],
): boolean {
  if (images.some(({ reason }) => reason === 'served')) return true;
  return subject.listed?.some((name) => name === pullSecret || formerNames.includes(name)) ?? false;
}

/**
 * @param images as `decideImages` decided them for this subject
 * @param pullSecret the name of the pull Secret
 * @param formerNames those that it had before
 */
export function planInjection(
  subject: Subject,
  images: readonly ImageDecision[],
  around: Surroundings,
  pullSecret: string,
  formerNames: readonly string[] = [],
): Injection {
  const credentials = credentialsOf(images);
  const reason = decideObject(subject, around, credentials.length > 0, pullSecret);
  const ours = reason === 'injected' ? [pullSecret] : [];
  const restored = takenFromServiceAccount(subject, around.serviceAccount, ours, [pullSecret, ...formerNames]);
  const isListed = reason === 'injected' || reason === 'already-listed';
  return {
    reason: restored.length > 0 && ours.length === 0 ? 'service-account-restored' : reason,
    aboutOurs: reason,
    images,
    add: [...ours, ...restored],
    credentials: isListed ? credentials : [],
    needs: isListed ? needsOf(images) : [],
  };
}

// Both without sets and maps: images are few, and this is on the path of every admission.

function credentialsOf(images: readonly ImageDecision[]): readonly string[] {
  const credentials: string[] = [];
  for (const { credential } of images) {
    if (credential !== undefined && !credentials.includes(credential)) credentials.push(credential);
  }
  return credentials.sort();
}

function needsOf(images: readonly ImageDecision[]): readonly Need[] {
  const needs: Need[] = [];
  for (const { credential, pattern } of images) {
    if (credential === undefined || pattern === undefined) continue;
    if (!needs.some((need) => need.credential === credential && need.pattern === pattern)) {
      needs.push({ credential, pattern });
    }
  }
  return needs;
}

function decideObject(subject: Subject, around: Surroundings, served: boolean, pullSecret: string): ObjectReason {
  const { serviceAccount } = around;
  if (!served) return 'no-private-image';
  if (serviceAccount.enforcesMountable && !serviceAccount.pullSecrets.includes(pullSecret)) {
    return 'enforcing-service-account';
  }
  if (around.pullSecret !== undefined && !around.pullSecret.ours) return 'foreign-secret';
  if (subject.listed?.includes(pullSecret)) return 'already-listed';
  const isTemplate = subject.workload.role !== 'pod';
  if (isTemplate && subject.listed === undefined && serviceAccount.pullSecrets.length > 0)
    return 'service-account-secrets';
  return 'injected';
}

/** The second half of the ServiceAccount rule: a Pod must not lose its ServiceAccount's Secrets because of our entry. */
function takenFromServiceAccount(
  subject: Subject,
  serviceAccount: ServiceAccountState,
  added: readonly string[],
  ours: readonly string[],
): readonly string[] {
  if (subject.workload.role !== 'pod' || serviceAccount.pullSecrets.length === 0) return [];
  const listed = [...(subject.listed ?? []), ...added];
  if (listed.length === 0 || listed.some((name) => !ours.includes(name))) return [];
  return [...new Set(serviceAccount.pullSecrets)].filter((name) => !listed.includes(name));
}
