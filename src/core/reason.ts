// The closed set of reasons: why something was, or was not, done to an object or to one of its images. The same word
// stands in metrics, audit annotations, logs, warnings and on the command line, and each has exactly one sentence.
// A reason is never made up of parts of a request, so it is safe as a metric label.

/** Why an object as a whole was injected or left alone. */
export const OBJECT_REASONS = {
  injected: 'the pull Secret was added',
  'already-listed': 'the pull Secret was listed already',
  'service-account-restored': "only the Secrets of the Pod's ServiceAccount were added, which our entry had kept away",
  'no-private-image': 'no image of the object is served by a credential that this namespace may use',
  'no-images': 'the object has no images',
  'namespace-not-enabled': 'the namespace does not take part',
  'namespace-excluded': 'system namespaces and the own namespace of Pullpass never take part',
  'opted-out': 'the Pod or template carries the opt-out label',
  'controller-owned': 'the object belongs to a controller; its Pods are served at their own admission',
  'service-account-secrets':
    'the template has no list and its ServiceAccount has Secrets of its own, which a list would take from its Pods; they are served at their own admission',
  'enforcing-service-account':
    'the ServiceAccount enforces mountable secrets, so Kubernetes would reject a Pod that lists the pull Secret',
  'template-unchanged': 'the update leaves the template as it was, so a patch would cause a rollout',
  'template-immutable': 'the template of this kind cannot be changed after it was created',
  'pod-immutable': 'the list of a Pod cannot be changed after it was created',
  'mirror-pod': 'a mirror Pod may not reference a Secret',
  'not-a-workload': 'the kind is not one that Pullpass was told to serve',
  'not-applicable': 'the operation or subresource is not one that Pullpass acts on',
  'malformed-object': 'the object has no pod spec of the expected form where its kind should have one',
  'foreign-secret': 'a Secret of that name exists that is not ours, and nobody can vouch for its content',
} as const;

/** Why one image is, or is not, served by a credential. */
export const IMAGE_REASONS = {
  served: 'a credential serves the image',
  'no-credential': 'no credential covers the image, so it is public as far as Pullpass knows',
  excepted: 'every credential that would cover the image excepts it',
  'not-allowed': 'the credentials that cover the image are not for this namespace',
  'no-login': 'the credentials that cover the image have no login yet',
  'invalid-reference': 'the image is not a valid image reference',
} as const;

/** What became of the pull Secret while an admission waited for it. */
export const ENSURE_REASONS = {
  present: 'the pull Secret is there and holds a key for every chosen pattern',
  created: 'the pull Secret was created',
  rewritten: 'the pull Secret was rewritten to hold a further credential',
  'dry-run': 'a dry run writes nothing',
  foreign: 'a Secret of that name is not ours; it is never touched',
  terminating: 'the namespace is being deleted',
  quota: 'a quota of the namespace forbids another Secret',
  forbidden: 'the API server refused the write',
  conflict: 'somebody else kept changing the pull Secret',
  deadline: 'the time of the request ran out before the pull Secret was written',
  unavailable: 'the API server could not be reached',
  'login-missing': 'a rewrite would take away the login of a credential whose source has none at the moment',
  'too-large': 'the content would be larger than a Secret may be, or its host globs overlap in too many ways',
} as const;

/** Why a pull Secret was written by sync. */
export const APPLY_REASONS = {
  missing: 'the namespace wants a pull Secret and has none',
  content: 'its content is not what it should be: a login was rotated, a credential came or went, somebody edited it',
  marks: 'its labels or annotations are not what they should be',
  unwanted: 'the note since when nobody is meant to use it came or went',
} as const;

/** Why a pull Secret had to be deleted and made anew. */
export const REPLACE_REASONS = {
  type: 'its type is not the one chosen, and the type of a Secret cannot be changed',
  immutable: 'somebody made it immutable, and its content is to change',
} as const;

/** Why a pull Secret was deleted. */
export const DELETE_REASONS = {
  'not-enabled': 'the namespace takes part no more, and the grace is over',
  'nothing-admitted': 'the namespace may use no credential any more, and the grace is over',
} as const;

/** Why a pull Secret was left as it is although it is not what it should be. */
export const REFUSE_REASONS = {
  foreign: 'a Secret of that name is not ours; it is never touched',
  'too-large': 'the content would be larger than a Secret may be, or its host globs overlap in too many ways',
} as const;

/** How the write of a change can end. */
export const WRITE_OUTCOMES = {
  written: 'it was written',
  deleted: 'it was deleted',
  conflict: 'somebody else changed it meanwhile; it is looked at again',
  terminating: 'the namespace is being deleted',
  quota: 'a quota of the namespace forbids another Secret',
  forbidden: 'the API server refused the write',
  unavailable: 'the API server could not be reached',
  'too-large': 'it would be larger than a Secret may be',
  'not-elected': 'another replica is elected now',
} as const;

export type ApplyReason = keyof typeof APPLY_REASONS;
export type ReplaceReason = keyof typeof REPLACE_REASONS;
export type DeleteReason = keyof typeof DELETE_REASONS;
export type RefuseReason = keyof typeof REFUSE_REASONS;
export type WriteOutcome = keyof typeof WRITE_OUTCOMES;
export type ObjectReason = keyof typeof OBJECT_REASONS;
export type ImageReason = keyof typeof IMAGE_REASONS;
export type EnsureReason = keyof typeof ENSURE_REASONS;
