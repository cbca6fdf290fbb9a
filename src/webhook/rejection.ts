// What a request gets that is not answered with a review. Of a fault inside a stranger learns nothing but that there was one.
import type { RejectReason } from '../core/reason.ts';

/** 503 and 500 leave the choice to the administrator's failurePolicy, as everything else here does. */
export const REJECT_STATUS: Readonly<Record<RejectReason, number>> = {
  'overloaded-requests': 503,
  'overloaded-bytes': 503,
  'overloaded-loop': 503,
  'not-synced': 503,
  'could-not-tell': 503,
  malformed: 400,
  'too-large': 413,
  'wrong-content-type': 415,
  'not-found': 404,
  'too-slow': 408,
  fault: 500,
};

/** What is told when there is nothing more exact to tell. */
export const REJECT_PROBLEM: Readonly<Record<RejectReason, string>> = {
  'overloaded-requests': 'too many requests wait for an answer',
  'overloaded-bytes': 'too many bodies are under way',
  'overloaded-loop': 'more requests come than can be answered',
  'not-synced': 'the view of the cluster is not complete yet',
  'could-not-tell': 'it could not be told what stands around the object',
  malformed: 'the body is not an AdmissionReview',
  'too-large': 'the body is larger than 8 MiB',
  'wrong-content-type': 'the content type is not application/json',
  'not-found': 'there is only POST /mutate',
  'too-slow': 'the request did not arrive in time',
  fault: 'internal error',
};

/** What `Retry-After` says, in seconds. */
export const RETRY_AFTER_S = '1';

/** The API server sends a 503 with `Retry-After` again, within the time-out of the request. */
export function mayComeAgain(reason: RejectReason): boolean {
  return REJECT_STATUS[reason] === 503;
}

/** Why an error of the HTTP library refuses a request. Whatever it does not know is a fault of ours. */
export function reasonOf(error: unknown): RejectReason {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413) return 'too-large';
  if (status === 415) return 'wrong-content-type';
  return typeof status === 'number' && status >= 400 && status < 500 ? 'malformed' : 'fault';
}
