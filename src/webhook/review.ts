// Reads an AdmissionReview (k8s.io/api/admission/v1) out of the bytes of a request. One function, so that a faster reader
// can take its place. It must never throw on what anybody may send, and never keeps more than the decision reads.
import type { ReviewedObject } from '../core/subject.ts';

export interface ReviewRequest extends ReviewedObject {
  readonly uid: string;
  /** Of the request: `metadata.namespace` of the object may be absent. Empty for objects without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

export type ReadReview =
  | { readonly ok: true; readonly review: ReviewRequest }
  | { readonly ok: false; readonly problem: string };

type Fields = Readonly<Record<string, unknown>>;

export function readReview(body: Uint8Array): ReadReview {
  let parsed: unknown;
  try {
    // A byte order mark is refused by JSON.parse, as the API server would; other bytes that are no UTF-8 become U+FFFD.
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return { ok: false, problem: 'the body is not JSON' };
  }
  const envelope = fields(parsed);
  if (envelope?.kind !== 'AdmissionReview' || envelope.apiVersion !== 'admission.k8s.io/v1') {
    return { ok: false, problem: 'the body is not an AdmissionReview of admission.k8s.io/v1' };
  }
  const request = fields(envelope.request);
  if (request === undefined) return { ok: false, problem: 'the AdmissionReview has no request' };
  const kind = fields(request.kind);
  if (text(request.uid) === '' || kind === undefined)
    return { ok: false, problem: 'the request has no uid or no kind' };
  const review: ReviewRequest = {
    uid: text(request.uid),
    kind: { group: text(kind.group), kind: text(kind.kind) },
    operation: text(request.operation),
    subResource: text(request.subResource),
    namespace: text(request.namespace),
    name: text(request.name),
    dryRun: request.dryRun === true,
    object: request.object,
    oldObject: request.oldObject,
  };
  return { ok: true, review };
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
