// What a decision reads of an object under review: the dozen places that matter, as one plain value. Whoever reads a
// review produces this, so a faster reader can take the place of this one. Nothing is trusted to have the form it should:
// custom kinds reach us as their authors wrote them, and a patch that does not fit would turn the create into a 500.
import { ANNOTATION_MIRROR, LABEL_INJECT } from './names.ts';
import type { ObjectReason } from './reason.ts';
import { findWorkload, formatPointer, type Workload, type Workloads } from './workload.ts';

/** The parts of an AdmissionRequest (k8s.io/api/admission/v1) that are read. */
export interface ReviewedObject {
  readonly kind: { readonly group: string; readonly kind: string };
  readonly operation: string;
  readonly subResource?: string | undefined;
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

export interface Subject {
  readonly workload: Workload;
  /** Every image with its place, `containers[0]`; in the order of the pod spec. */
  readonly images: readonly SubjectImage[];
  /** JSON pointer to `imagePullSecrets`. */
  readonly listPointer: string;
  /** The names in `imagePullSecrets`; undefined when the list is absent, null or empty, so that it must be made. */
  readonly listed: readonly string[] | undefined;
  readonly serviceAccount: string;
}

export interface SubjectImage {
  readonly place: string;
  readonly image: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** @returns the subject, or the reason why the object is left alone whatever the cluster around it looks like */
export function readSubject(review: ReviewedObject, workloads: Workloads): Subject | ObjectReason {
  if (review.operation !== 'CREATE' && review.operation !== 'UPDATE') return 'not-applicable';
  if (review.subResource !== undefined && review.subResource !== '') return 'not-applicable';
  const workload = findWorkload(workloads, review.kind.group, review.kind.kind);
  if (workload === undefined) return 'not-a-workload';
  const object = fieldsOf(review.object);
  if (object === undefined) return 'not-applicable';
  return (
    leftAlone(object, workload) ??
    (review.operation === 'UPDATE' ? updateRefusal(object, review.oldObject, workload) : undefined) ??
    readPodSpec(at(object, workload.podSpec), workload)
  );
}

function leftAlone(object: Fields, workload: Workload): ObjectReason | undefined {
  const metadata = fieldsOf(object.metadata);
  if (workload.role === 'pod' && fieldsOf(metadata?.annotations)?.[ANNOTATION_MIRROR] !== undefined)
    return 'mirror-pod';
  const template = fieldsOf(at(object, placesOf(workload).metadata));
  if (fieldsOf(template?.labels)?.[LABEL_INJECT] === 'disabled') return 'opted-out';
  const owners = metadata?.ownerReferences;
  const controlled = Array.isArray(owners) && owners.some((owner) => fieldsOf(owner)?.controller === true);
  return controlled && workload.role !== 'pod' ? 'controller-owned' : undefined;
}

/** A patch of a template is a rollout: only where the update is one already. */
function updateRefusal(object: Fields, oldObject: unknown, workload: Workload): ObjectReason | undefined {
  if (workload.role === 'pod') return 'pod-immutable';
  if (workload.role === 'create-only') return 'template-immutable';
  const template = workload.podSpec.slice(0, -1);
  return sameJson(at(object, template), at(oldObject, template)) ? 'template-unchanged' : undefined;
}

function readPodSpec(value: unknown, workload: Workload): Subject | ObjectReason {
  const spec = fieldsOf(value);
  const list = spec?.imagePullSecrets ?? [];
  if (spec === undefined || !Array.isArray(list)) return 'malformed-object';
  const images = imagesOf(spec);
  if (images.length === 0) return 'no-images';
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return {
    workload,
    images,
    listPointer: placesOf(workload).listPointer,
    listed: list.length === 0 ? undefined : list.flatMap((entry) => textOf(fieldsOf(entry)?.name) ?? []),
    serviceAccount: textOf(account) ?? 'default',
  };
}

interface Places {
  /** Of the Pods, as segments. */
  readonly metadata: readonly string[];
  readonly listPointer: string;
}

const places = new WeakMap<Workload, Places>();

/** Made once for each kind: this is on the path of every admission. */
function placesOf(workload: Workload): Places {
  const known = places.get(workload);
  if (known !== undefined) return known;
  const { podSpec } = workload;
  const made = {
    metadata: [...podSpec.slice(0, -1), 'metadata'],
    listPointer: `${formatPointer(podSpec)}/imagePullSecrets`,
  };
  places.set(workload, made);
  return made;
}

function imagesOf(spec: Fields): readonly SubjectImage[] {
  const images: SubjectImage[] = [];
  for (const field of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const [i, container] of listOf(spec[field]).entries()) {
      const image = textOf(fieldsOf(container)?.image);
      if (image !== undefined) images.push({ place: `${field}[${i}]`, image });
    }
  }
  for (const [i, volume] of listOf(spec.volumes).entries()) {
    const image = textOf(fieldsOf(fieldsOf(volume)?.image)?.reference);
    if (image !== undefined) images.push({ place: `volumes[${i}]`, image });
  }
  return images;
}

function at(value: unknown, segments: readonly string[]): unknown {
  let current = value;
  for (const segment of segments) current = fieldsOf(current)?.[segment];
  return current;
}

/** Own members only: an object under review may hold keys like `__proto__`. */
function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Equal as JSON values; the order of members is no difference. Without recursion: anybody may send any depth. */
export function sameJson(a: unknown, b: unknown): boolean {
  const pairs: [unknown, unknown][] = [[a, b]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [left, right] = pair;
    if (left === right) continue;
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
    const keys = Object.keys(left);
    if (Array.isArray(left) !== Array.isArray(right) || keys.length !== Object.keys(right).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(right, key)) return false;
      pairs.push([(left as Fields)[key], (right as Fields)[key]]);
    }
  }
  return true;
}
