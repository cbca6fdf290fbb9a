// Reads an AdmissionReview (k8s.io/api/admission/v1) out of the bytes of a request. It must never throw on what anybody may
// send, and never keeps more than the decision reads. What an API server usually sends is scanned (review-scan.ts), all else parsed.
import type { ObjectReason } from '../core/reason.ts';
import { readSubject, type Subject } from '../core/subject.ts';
import type { Workloads } from '../core/workload.ts';
import type { Walk } from './json-walk.ts';
import { createReviewScan } from './review-scan.ts';

export interface ReviewRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly kind: string };
  /** Of the request: `metadata.namespace` of the object may be absent. Empty for objects without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** Or why the object is left alone, whatever stands around it. */
  readonly subject: Subject | ObjectReason;
}

export type ReadReview =
  | { readonly ok: true; readonly review: ReviewRequest }
  | { readonly ok: false; readonly problem: string };

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param workloads the kinds that are served
 * @param walk absent: every review is parsed
 * @returns reads a body, which may be in pieces; of its bytes the memory of the walk holds a copy until others take its place
 */
export function createReviewReader(
  workloads: Workloads,
  walk: Walk | undefined,
): (pieces: readonly Buffer[]) => ReadReview {
  const { scan, parse } = createReviewScan(workloads, walk);
  return (pieces) => {
    const scanned = scan(pieces);
    return scanned === undefined ? ofParsed(() => parse(pieces), workloads) : ofValue(scanned, workloads);
  };
}

/** Exported because it is what the scan is held to. */
export function parseReview(body: Buffer, workloads: Workloads): ReadReview {
  return ofParsed(() => JSON.parse(body.toString('utf8')), workloads);
}

/** A byte order mark is refused by JSON.parse, as the API server would. */
function ofParsed(parse: () => unknown, workloads: Workloads): ReadReview {
  try {
    return ofValue(parse(), workloads);
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problem: 'the body is not JSON' };
    throw error;
  }
}

function ofValue(parsed: unknown, workloads: Workloads): ReadReview {
  const envelope = fields(parsed);
  if (envelope?.kind !== 'AdmissionReview' || envelope.apiVersion !== 'admission.k8s.io/v1') {
    return { ok: false, problem: 'the body is not an AdmissionReview of admission.k8s.io/v1' };
  }
  const request = fields(envelope.request);
  if (request === undefined) return { ok: false, problem: 'the AdmissionReview has no request' };
  const kind = fields(request.kind);
  if (text(request.uid) === '' || kind === undefined)
    return { ok: false, problem: 'the request has no uid or no kind' };
  const reviewed = {
    kind: { group: text(kind.group), kind: text(kind.kind) },
    operation: text(request.operation),
    subResource: text(request.subResource),
    object: request.object,
    oldObject: request.oldObject,
  };
  const review: ReviewRequest = {
    uid: text(request.uid),
    kind: reviewed.kind,
    namespace: text(request.namespace),
    name: text(request.name),
    dryRun: request.dryRun === true,
    subject: readSubject(reviewed, workloads),
  };
  return { ok: true, review };
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
