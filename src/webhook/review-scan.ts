// What is read of an AdmissionReview, as a shape that the scan of its JSON fills: the dozen places that core/subject.ts reads, which depend
// on the kind. What is a shape here must be all that is read there; the fuzz in test/webhook/ sees to it.
import { ANNOTATION_MIRROR, LABEL_INJECT } from '../core/names.ts';
import { findWorkload, type Workloads } from '../core/workload.ts';
import { createJsonScan, type Fields, type JsonScan, type Members, type Wanted } from './json-scan.ts';
import type { Walk } from './json-walk.ts';

type MakeMembers = JsonScan['members'];

/** As core/subject.ts reads it. */
function podSpecOf(members: MakeMembers): Members {
  const images: Wanted = { items: members({ image: 'all' }) };
  return members({
    imagePullSecrets: { items: members({ name: 'all' }) },
    serviceAccountName: 'all',
    serviceAccount: 'all',
    initContainers: images,
    containers: images,
    ephemeralContainers: images,
    volumes: { items: members({ image: members({ reference: 'all' }) }) },
  });
}

/** @returns what is read of an object of a kind, by where its pod spec is; undefined: its place is too odd, or means something else too */
function readObjects(members: MakeMembers): (podSpec: readonly string[]) => Members | undefined {
  const wanted = podSpecOf(members);
  const owners: Wanted = { items: members({ controller: 'all' }) };
  return (podSpec) => {
    if (podSpec[0] === 'metadata' || podSpec.at(-1) === 'metadata' || !podSpec.every(isPlain)) return undefined;
    const tree: Tree = new Map();
    plant(tree, podSpec, wanted);
    plant(tree, [...podSpec.slice(0, -1), 'metadata', 'labels', LABEL_INJECT], 'all');
    plant(tree, ['metadata', 'annotations', ANNOTATION_MIRROR], 'all');
    plant(tree, ['metadata', 'ownerReferences'], owners);
    return compile(tree, members);
  };
}

type Tree = Map<string, Wanted | Tree>;

function plant(tree: Tree, [name = '', ...path]: readonly string[], wanted: Wanted): void {
  const there = tree.get(name);
  const inner = there instanceof Map ? there : new Map();
  tree.set(name, path.length === 0 ? wanted : inner);
  if (path.length > 0) plant(inner, path, wanted);
}

function compile(tree: Tree, members: MakeMembers): Members {
  const wanted = [...tree].map(([name, of]): [string, Wanted] => [name, of instanceof Map ? compile(of, members) : of]);
  return members(Object.fromEntries(wanted));
}

function isPlain(name: string): boolean {
  return /^[ !#-[\]-~]*$/.test(name) && name !== '__proto__';
}

export interface ReviewScan {
  /** @returns the review with what is read of it, as JSON.parse would give it; undefined: it is to be parsed */
  scan(pieces: readonly Uint8Array[]): unknown;
  parse: JsonScan['parse'];
}

/** @param walk absent: all are to be parsed */
export function createReviewScan(workloads: Workloads, walk: Walk | undefined): ReviewScan {
  const { members, scan, parse } = createJsonScan(walk);
  const nothing = members({});
  let readBy: unknown;

  /** As far as the request says so before it. Only of what is made: of an update the whole template counts. */
  function object(request: Fields): Wanted | undefined {
    readBy = request.kind;
    const { group, kind } = (request.kind ?? {}) as Fields;
    if (request.operation !== 'CREATE' || typeof kind !== 'string') return undefined;
    const workload = findWorkload(workloads, typeof group === 'string' ? group : '', kind);
    return workload === undefined ? nothing : objects.get(workload);
  }

  const request = members({
    uid: 'all',
    kind: members({ group: 'all', kind: 'all' }),
    operation: 'all',
    subResource: 'all',
    namespace: 'all',
    name: 'all',
    dryRun: 'all',
    object,
  });
  const shape = members({ kind: 'all', apiVersion: 'all', request });
  // Last, as there may be more of them than find room.
  const objectOf = readObjects(members);
  const objects = new Map([...workloads.values()].map((workload) => [workload, objectOf(workload.podSpec)]));
  return {
    parse,
    scan(pieces) {
      readBy = undefined;
      const review = scan(pieces, shape);
      if (readBy === undefined || review === undefined) return review;
      // Behind the object it may be said otherwise what it is.
      const { kind, operation } = (review.request ?? {}) as Fields;
      return kind === readBy && operation === 'CREATE' ? review : undefined;
    },
  };
}
