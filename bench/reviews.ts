// AdmissionReviews as the API server sends them for Pods of about a given size, each with what a right answer to it adds. A set
// is the same in every run. Text as Go encodes it: compact, `<`, `>` and `&` escaped, a newline at the end.
import { podOf } from './pods.ts';
import { type Random, randomFrom } from './random.ts';

export const PULL_SECRET = 'pullpass-dockercfg';

/** What the answer adds: nothing, a list with the one name, or the name to the list that is there. */
export type Addition = 'nothing' | 'list' | 'entry';

export interface Review {
  readonly uid: string;
  readonly text: string;
  readonly adds: Addition;
  /** Whether an image is of a registry that the namespace has a credential for. */
  readonly isPrivate: boolean;
}

/** A namespace that takes part, and the registries that it has credentials for. */
export interface Place {
  readonly namespace: string;
  readonly registries: readonly number[];
}

export interface ReviewsOptions {
  readonly bytes: number;
  readonly count: number;
  /** Used in turn. */
  readonly places: readonly [Place, ...Place[]];
}

interface Kind {
  readonly adds: Addition;
  readonly isPrivate: boolean;
  readonly listed: readonly string[];
}

const OTHER = 'team-registry';
const FIRST_GUESS = 20;
/** Most Pods have a private image and no list; some have a list of their own, ours among it, or only public images. */
const KINDS: readonly Kind[] = [
  { adds: 'list', isPrivate: true, listed: [] },
  { adds: 'list', isPrivate: true, listed: [] },
  { adds: 'nothing', isPrivate: false, listed: [] },
  { adds: 'entry', isPrivate: true, listed: [OTHER] },
  { adds: 'list', isPrivate: true, listed: [] },
  { adds: 'list', isPrivate: true, listed: [] },
  { adds: 'nothing', isPrivate: false, listed: [OTHER] },
  { adds: 'nothing', isPrivate: true, listed: [OTHER, PULL_SECRET] },
];

export function makeReviews({ bytes, count, places }: ReviewsOptions): Review[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = KINDS[i % KINDS.length] ?? (KINDS[0] as Kind);
    const place = places[i % places.length] ?? places[0];
    const make = (settings: number): Review => makeReview(randomFrom(i + 1), kind, place, settings);
    return fit(make, bytes);
  });
}

/** The Pod of a review alone, as somebody would send it to the API server: without what the API server says of it. */
export function bareObject({ text }: Review): { metadata: Record<string, unknown>; spec: object } {
  const { object } = JSON.parse(text).request;
  const { status: _, ...rest } = object;
  const { managedFields: __, ownerReferences: ___, ...metadata } = rest.metadata;
  return { ...rest, metadata };
}

/** Settings are what the size is made of; how large one is differs, so the first guess is mended twice. */
function fit(make: (settings: number) => Review, bytes: number): Review {
  const length = (settings: number): number => Buffer.byteLength(make(settings).text);
  const bare = length(0);
  let settings = 0;
  let each = (length(FIRST_GUESS) - bare) / FIRST_GUESS;
  for (let i = 0; i < 3; i++) {
    settings = Math.max(0, settings + Math.round((bytes - length(settings)) / each));
    if (settings > 0) each = (length(settings) - bare) / settings;
  }
  return make(settings);
}

function makeReview(random: Random, { adds, isPrivate, listed }: Kind, place: Place, settings: number): Review {
  const { namespace } = place;
  const uid = `${random.hex(8)}-5f5f-41e8-bc74-${random.hex(12)}`;
  const named = random.below(3) === 0 ? { name: `web-${random.hex(5)}` } : {};
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      ...{ uid, kind, resource, requestKind: kind, requestResource: resource, ...named, namespace },
      operation: 'CREATE',
      userInfo: userOf(random, settings > 0),
      object: podOf(random, { namespace, registries: isPrivate ? place.registries : [], listed, ...named, settings }),
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
  return { uid, adds, isPrivate, text: `${asGoDoes(JSON.stringify(review))}\n` };
}

function userOf(random: Random, isController: boolean): object {
  if (!isController)
    return { username: 'kubernetes-admin', groups: ['kubeadm:cluster-admins', 'system:authenticated'] };
  return {
    username: 'system:serviceaccount:kube-system:replicaset-controller',
    uid: `${random.hex(8)}-77aa-4c1b-8f00-${random.hex(12)}`,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${random.hex(32)}`] },
  };
}

/** These stand only in strings. */
function asGoDoes(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
