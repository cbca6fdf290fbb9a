// What Pullpass decides about the object and about the Pod that it is or makes, by the same functions that admission uses, from
// what the elected replica says of its credentials and settings.
import type { Credential } from '../core/credential.ts';
import { parseImage } from '../core/image.ts';
import { decideImages, type ImageDecision, planInjection } from '../core/injection.ts';
import { type PlannedKey, planKeys } from '../core/key-plan.ts';
import { type DifferenceClass, differenceClass } from '../core/kubelet-difference.ts';
import { keysTried } from '../core/kubelet-pick.ts';
import { namespaceRefusal } from '../core/participation.ts';
import { type Pattern, parsePattern } from '../core/pattern.ts';
import { compilePolicy, type Policy } from '../core/policy.ts';
import type { ObjectReason } from '../core/reason.ts';
import type { CredentialStatus, ReplicaStatus } from '../core/replica-status.ts';
import type { Labels } from '../core/selector.ts';
import { readSubject, type Subject } from '../core/subject.ts';
import { PLAIN_SERVICE_ACCOUNT, type PullSecretState } from '../core/surroundings.ts';
import { selectWorkloads } from '../core/workload.ts';
import { type Facts, found } from './facts.ts';

export interface Decision {
  /** Undefined: the namespace takes part. */
  readonly namespace: ObjectReason | undefined;
  /** What is decided about the object itself when it is created. */
  readonly object: ObjectReason;
  /** What is decided about the Pod that it is or makes. */
  readonly pod: ObjectReason;
  readonly images: readonly ImageAnswer[];
  readonly policy: Policy;
  /** Of the pull Secret of this namespace; undefined if its host globs overlap in too many ways. */
  readonly keys: readonly PlannedKey[] | undefined;
}

export interface ImageAnswer extends ImageDecision {
  /** The key that the kubelet tries first, and why that is none of the chosen login's, if it is not. */
  readonly key: string | undefined;
  readonly differs: DifferenceClass | undefined;
  /** Of which credential the login is that is tried first. */
  readonly tried: string | undefined;
}

export function decide(facts: Facts, status: ReplicaStatus): Decision {
  const labels = found(facts.namespace.read)?.labels ?? {};
  const policy = compilePolicy(status.credentials.map(readCredential));
  const keys = planKeys(policy.admitted(labels));
  const { settings } = status;
  const namespace = namespaceRefusal(facts.namespace.name, labels, settings);
  const review = { operation: 'CREATE', object: facts.object, kind: facts.kind } as const;
  const subject = readSubject(review, selectWorkloads(settings.workloads));
  const podKind = { group: '', kind: 'Pod' };
  const podSubject: Subject | ObjectReason =
    facts.pod === undefined
      ? 'malformed-object'
      : readSubject({ ...review, kind: podKind, object: facts.pod }, selectWorkloads([]));
  const images = typeof podSubject === 'string' ? [] : decideImages(podSubject.images, labels, policy);
  const judge = (judged: Subject | ObjectReason): ObjectReason =>
    typeof judged === 'string'
      ? judged
      : planInjection(judged, images, around(facts), settings.pullSecret.name, settings.pullSecret.formerNames).reason;
  return {
    ...{ namespace, policy, keys },
    object: judge(subject),
    pod: judge(podSubject),
    images: images.map((image) => withKey(image, keys ?? [], labels, policy)),
  };
}

function around(facts: Facts) {
  const secret = found(facts.pullSecret.read);
  const pullSecret: PullSecretState | undefined = secret && {
    ...{ uid: '', resourceVersion: '', type: '', ours: secret.ours, credentials: secret.credentials },
    keys: new Set(secret.keys),
  };
  return { pullSecret, serviceAccount: found(facts.serviceAccount.read) ?? PLAIN_SERVICE_ACCOUNT };
}

function withKey(image: ImageDecision, keys: readonly PlannedKey[], labels: Labels, policy: Policy): ImageAnswer {
  const reference = parseImage(image.image);
  const none = { ...image, key: undefined, differs: undefined, tried: undefined };
  if (reference === undefined) return none;
  const [first] = keysTried(
    keys.map(({ key }) => key),
    reference,
  );
  const planned = keys.find(({ key }) => key === first);
  const choice = policy.choose(reference, labels);
  const chosen = choice.reason === 'served' ? choice.candidate : undefined;
  const differs = differenceClass(reference, chosen, planned);
  return { ...image, key: first, differs, tried: planned?.candidate.credential.name };
}

export function readCredential({ name, patterns, except, namespaces }: CredentialStatus): Credential {
  return {
    name,
    patterns: patterns.flatMap(({ text, hasLogin }) => readPattern(text).map((pattern) => ({ pattern, hasLogin }))),
    except: except.flatMap(readPattern),
    ...(namespaces !== undefined && { namespaces }),
  };
}

function readPattern(text: string): readonly Pattern[] {
  const parsed = parsePattern(text);
  return parsed.ok ? [parsed.value] : [];
}
