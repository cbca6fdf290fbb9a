// What is read of an AdmissionReview, as a shape that the scan of its JSON fills: the dozen places that core/subject.ts reads, which depend
// on the kind. What is a shape here must be all that is read there; the fuzz in test/webhook/ sees to it.
import { ANNOTATION_MIRROR, LABEL_INJECT } from '../core/names.ts';
import { findWorkload, type Workloads } from '../core/workload.ts';
import { type Fields, type Members, members, scanJson, type Wanted } from './json-scan.ts';

const IMAGES: Wanted = { items: members({ image: 'all' }) };
/** As core/subject.ts reads it. */
const POD_SPEC = members({
  imagePullSecrets: { items: members({ name: 'all' }) },
  serviceAccountName: 'all',
  serviceAccount: 'all',
  initContainers: IMAGES,
  containers: IMAGES,
  ephemeralContainers: IMAGES,
  volumes: { items: members({ image: members({ reference: 'all' }) }) },
});

/** What is read of an object of a kind, by where its pod spec is; undefined: its place is too odd, or means something else too. */
function objectOf(podSpec: readonly string[]): Members | undefined {
  if (podSpec[0] === 'metadata' || podSpec.at(-1) === 'metadata' || !podSpec.every(isPlain)) return undefined;
  const tree: Tree = new Map();
  plant(tree, podSpec, POD_SPEC);
  plant(tree, [...podSpec.slice(0, -1), 'metadata', 'labels', LABEL_INJECT], 'all');
  plant(tree, ['metadata', 'annotations', ANNOTATION_MIRROR], 'all');
  plant(tree, ['metadata', 'ownerReferences'], { items: members({ controller: 'all' }) });
  return compile(tree);
}

type Tree = Map<string, Wanted | Tree>;

function plant(tree: Tree, [name = '', ...path]: readonly string[], wanted: Wanted): void {
  const there = tree.get(name);
  const inner = there instanceof Map ? there : new Map();
  tree.set(name, path.length === 0 ? wanted : inner);
  if (path.length > 0) plant(inner, path, wanted);
}

function compile(tree: Tree): Members {
  const wanted = [...tree].map(([name, of]): [string, Wanted] => [name, of instanceof Map ? compile(of) : of]);
  return members(Object.fromEntries(wanted));
}

function isPlain(name: string): boolean {
  return /^[ -~]*$/.test(name) && name !== '__proto__';
}

const NOTHING = members({});
const HEAD = {
  uid: 'all',
  kind: members({ group: 'all', kind: 'all' }),
  operation: 'all',
  subResource: 'all',
  namespace: 'all',
  name: 'all',
  dryRun: 'all',
} as const;

/** @returns the review with what is read of it, as JSON.parse would give it; undefined: it is to be parsed */
export function createReviewScan(workloads: Workloads): (body: Buffer) => unknown {
  const objects = new Map([...workloads.values()].map((workload) => [workload, objectOf(workload.podSpec)]));
  let readBy: unknown;

  /** As far as the request says so before it. Only of what is made: of an update the whole template counts. */
  function object(request: Fields): Wanted | undefined {
    readBy = request.kind;
    const { group, kind } = (request.kind ?? {}) as Fields;
    if (request.operation !== 'CREATE' || typeof kind !== 'string') return undefined;
    const workload = findWorkload(workloads, typeof group === 'string' ? group : '', kind);
    return workload === undefined ? NOTHING : objects.get(workload);
  }

  const shape = members({ kind: 'all', apiVersion: 'all', request: members({ ...HEAD, object }) });
  return (body) => {
    readBy = undefined;
    const review = scanJson(body, shape);
    if (readBy === undefined || review === undefined) return review;
    // Behind the object it may be said otherwise what it is.
    const { kind, operation } = (review.request ?? {}) as Fields;
    return kind === readBy && operation === 'CREATE' ? review : undefined;
  };
}
