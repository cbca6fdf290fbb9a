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

/** Why a request was not answered with a review because too much is under way. */
export const OVERLOAD_REASONS = {
  'overloaded-requests': 'as many requests as may were waiting for their answer already',
  'overloaded-bytes': 'the bodies of the requests under way held as much memory as they may',
  'overloaded-loop': 'for longer than a moment more requests came than could be answered',
} as const;

/** Why a request was not answered with a review. */
export const REJECT_REASONS = {
  ...OVERLOAD_REASONS,
  'not-synced': 'the view of the cluster was not complete yet',
  'could-not-tell': 'what stands around the object was not known, and could not be found out in time',
  malformed: 'the request was not HTTP, or its body not an AdmissionReview',
  'too-large': 'the body was larger than 8 MiB',
  'wrong-content-type': 'the content type was not application/json',
  'not-found': 'the request was for something else than POST /mutate',
  'too-slow': 'the client had not sent the whole request in time',
  fault: 'a fault of ours, which is a bug: the log line has a stack',
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
  'former-name': 'it has a name that the pull Secret had before, and the grace is over',
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

/** What became of a new serving certificate. */
export const CERTIFICATE_OUTCOMES = {
  swapped: 'new connections are shown it',
  refused: 'it cannot be used, and the one before stays in use',
  waiting: 'the webhook configuration does not trust it yet, so the one before stays in use',
} as const;

/** What became of a write of the caBundle of the webhook configuration. */
export const BUNDLE_OUTCOMES = {
  written: 'every entry holds the CAs that it should',
  conflict: 'somebody else wrote the webhook configuration at the same time; it is looked at again',
  missing: 'there is no webhook configuration of that name; it is never created',
  'no-webhooks': 'the webhook configuration has no entries',
  forbidden: 'the API server does not allow the write',
  refused: 'the API server does not take the write',
  unavailable: 'the API server could not be reached, or was too busy',
} as const;

export type OverloadReason = keyof typeof OVERLOAD_REASONS;
export type RejectReason = keyof typeof REJECT_REASONS;
export type ApplyReason = keyof typeof APPLY_REASONS;
export type ReplaceReason = keyof typeof REPLACE_REASONS;
export type DeleteReason = keyof typeof DELETE_REASONS;
export type RefuseReason = keyof typeof REFUSE_REASONS;
export type WriteOutcome = keyof typeof WRITE_OUTCOMES;
export type ObjectReason = keyof typeof OBJECT_REASONS;
export type ImageReason = keyof typeof IMAGE_REASONS;
export type CertificateOutcome = keyof typeof CERTIFICATE_OUTCOMES;
export type BundleOutcome = keyof typeof BUNDLE_OUTCOMES;
export type EnsureReason = keyof typeof ENSURE_REASONS;
