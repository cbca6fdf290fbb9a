// Whole HTTP requests as text, made before anything is timed: AdmissionReviews as the API server posts them to a webhook, and Pods
// as a client posts them to the API server; each with what a right answer says.
import type { Expected } from './answers.ts';
import { bareObject, PULL_SECRET, type Review } from './reviews.ts';

export interface Post {
  readonly text: string;
  readonly expected: Expected;
}

export function reviewPost({ uid, text, adds }: Review, host: string, isBlind = false): Post {
  const head = [
    'POST /mutate?timeout=10s HTTP/1.1',
    `Host: ${host}:443`,
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ];
  return {
    text: `${head.join('\r\n')}\r\n\r\n${text}`,
    expected: isBlind ? { kind: 'blind' } : { kind: 'review', uid, adds },
  };
}

export interface CreateOptions {
  readonly namespace: string;
  readonly dryRun: boolean;
  /** Whether a webhook with the credentials of the Pod's registries is in the way. */
  readonly served: boolean;
}

/** The Pod of a review, under a name of the API server's choice, so that it can be sent again and again. */
export function createPost(review: Review, { namespace, dryRun, served }: CreateOptions): Post {
  const { metadata, ...rest } = bareObject(review);
  const { name: _, ...others } = metadata;
  const text = JSON.stringify({ ...rest, metadata: { ...others, namespace, generateName: 'bench-' } });
  const head = [
    `POST /api/v1/namespaces/${namespace}/pods${dryRun ? '?dryRun=All' : ''} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'Accept: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  const spec = rest.spec as { imagePullSecrets?: readonly { name: string }[] };
  const own = (spec.imagePullSecrets ?? []).map((entry) => entry.name);
  const listed = served && review.adds !== 'nothing' ? [...own, PULL_SECRET] : own;
  return { text: `${head.join('\r\n')}\r\n\r\n${text}`, expected: { kind: 'pod', listed } };
}
