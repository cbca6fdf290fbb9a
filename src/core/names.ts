// Every name that a user or another program can see: labels, annotations, the field manager. Changing one is a breaking
// change of the product, so they stand together and nowhere else.

export const LABEL_INJECT = 'pullpass.dev/inject';
export const LABEL_CREDENTIAL = 'pullpass.dev/credential';
export const LABEL_INSTANCE = 'pullpass.dev/instance';
export const LABEL_MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'pullpass';

/** Every annotation under this prefix on a credential Secret must be one of the three below, or the credential is refused. */
export const ANNOTATION_PREFIX = 'pullpass.dev/';
export const ANNOTATION_MATCH = 'pullpass.dev/match';
export const ANNOTATION_EXCEPT = 'pullpass.dev/except';
export const ANNOTATION_NAMESPACES = 'pullpass.dev/namespaces';

/** On a pull Secret: the credentials in it, sorted, separated by commas. */
export const ANNOTATION_CREDENTIALS = 'pullpass.dev/credentials';

/** On a pull Secret that nobody is meant to use any more: since when, as RFC 3339; it is deleted when the grace is over. */
export const ANNOTATION_UNWANTED_SINCE = 'pullpass.dev/unwanted-since';
/** On the logins Secret: how many pull Secrets a single pass may delete or empty although that is more than the guard lets by. */
export const ANNOTATION_CONFIRM_REMOVAL = 'pullpass.dev/confirm-removal';
/** On the logins Secret, written by us: how many removals wait for that. */
export const ANNOTATION_HELD_REMOVALS = 'pullpass.dev/held-removals';

/** In Pullpass's own namespace: the last good login of every credential. */
export const LOGINS_SECRET_NAME = 'pullpass-logins';
/** In Pullpass's own namespace: the CA that all replicas share. */
export const AUTHORITY_SECRET_NAME = 'pullpass-ca';
/** On the Secret of the CA: somebody asks for a new one; any value counts. */
export const ANNOTATION_ROTATE_CA = 'pullpass.dev/rotate-ca';
/** In Pullpass's own namespace: who is elected. */
export const LEASE_NAME = 'pullpass';

export const FIELD_MANAGER = 'pullpass';
export const DEFAULT_PULL_SECRET_NAME = 'pullpass-dockercfg';

/** Namespaces that never take part, whatever their labels say; Pullpass's own namespace is the fourth. */
export const EXCLUDED_NAMESPACES: readonly string[] = ['kube-system', 'kube-node-lease', 'kube-public'];

/** Kubernetes' own: set by the kubelet on the mirror of a static Pod; any value counts. */
export const ANNOTATION_MIRROR = 'kubernetes.io/config.mirror';
/** Kubernetes' own: "true" on a ServiceAccount makes it reject Pods that list Secrets it does not name itself. */
export const ANNOTATION_ENFORCE_MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
