// Whether an answer is the right one. Every server is held to it before it is timed: a server that answers fast and wrong would
// win otherwise. The surprising rule: whoever makes patches by comparing two texts names the place after the last entry by its
// number, where Pullpass writes `-`; both mean the same.
import { type Addition, PULL_SECRET } from './reviews.ts';

export type Expected =
  | { readonly kind: 'review'; readonly uid: string; readonly adds: Addition }
  /** Of a server that does not read what it is asked. */
  | { readonly kind: 'blind' }
  | { readonly kind: 'pod'; readonly listed: readonly string[] };

const LIST = '/spec/imagePullSecrets';
const PATCHES: Readonly<Record<Addition, string>> = {
  nothing: '[]',
  list: JSON.stringify([{ op: 'add', path: LIST, value: [{ name: PULL_SECRET }] }]),
  entry: JSON.stringify([{ op: 'add', path: `${LIST}/-`, value: { name: PULL_SECRET } }]),
};

/** @returns what is wrong with it; undefined if nothing is */
export function problemOf(expected: Expected, status: number, body: string): string | undefined {
  const wanted = expected.kind === 'pod' ? 201 : 200;
  if (status !== wanted) return `status ${status} instead of ${wanted}: ${body.slice(0, 300)}`;
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return `no JSON: ${body.slice(0, 300)}`;
  }
  return expected.kind === 'pod' ? problemOfPod(expected.listed, answer) : problemOfReview(expected, answer);
}

interface PodAnswer {
  readonly kind?: string;
  readonly spec?: { readonly imagePullSecrets?: readonly { readonly name: string }[] };
}

function problemOfPod(listed: readonly string[], answer: unknown): string | undefined {
  const { kind, spec } = answer as PodAnswer;
  if (kind !== 'Pod') return `a ${kind} instead of a Pod`;
  const names = (spec?.imagePullSecrets ?? []).map(({ name }) => name).join();
  return names === listed.join() ? undefined : `it lists "${names}" instead of "${listed.join()}"`;
}

interface ReviewAnswer {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly allowed?: boolean;
    readonly patchType?: string;
    readonly patch?: string;
  };
}

function problemOfReview(expected: Exclude<Expected, { kind: 'pod' }>, answer: unknown): string | undefined {
  const { apiVersion, kind, response } = answer as ReviewAnswer;
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') return 'no AdmissionReview';
  if (response?.allowed !== true) return 'not allowed';
  if (expected.kind === 'blind') return undefined;
  if (response.uid !== expected.uid) return `uid ${response.uid} instead of ${expected.uid}`;
  const patch = response.patch === undefined ? '[]' : Buffer.from(response.patch, 'base64').toString();
  if (patch !== '[]' && response.patchType !== 'JSONPatch') return `patchType ${response.patchType}`;
  const wanted = PATCHES[expected.adds];
  return normalised(patch) === wanted ? undefined : `patch ${patch} instead of ${wanted}`;
}

/** One order of members, and `-` for the place after the last entry: reviews that are to gain one have one. */
function normalised(patch: string): string {
  const operations = JSON.parse(patch) as readonly { op: string; path: string; value: unknown }[];
  return JSON.stringify(
    operations.map(({ op, path, value }) => ({ op, path: path === `${LIST}/1` ? `${LIST}/-` : path, value })),
  );
}
