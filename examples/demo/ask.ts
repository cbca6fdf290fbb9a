// Asks the running `serve` about one Pod as the API server would, by a dry run, and learns from its metrics how it decided on
// the image. For this nothing else may be admitted meanwhile, since a metric does not say whom it counted.
import { request } from 'node:https';
import { IMAGE_REASONS, type ImageReason, OBJECT_REASONS, type ObjectReason } from '../../src/core/reason.ts';
import type { ControlPlane } from '../../test/control-plane/control-plane.ts';
import { OWN_NAMESPACE, pod, type ServeProcess, WEBHOOK } from '../../test/serve/installation.ts';

export interface Opinion {
  readonly reason: ObjectReason;
  /** Absent: the image did not come to be looked at. */
  readonly imageReason?: ImageReason;
  /** Name of the credential that serves the image. */
  readonly credential?: string;
}

export async function ask(
  plane: ControlPlane,
  serve: ServeProcess,
  namespace: string,
  image: string,
): Promise<Opinion> {
  const before = await countImages(serve);
  const answer = await post(await caOf(plane), serve.port, review(namespace, image));
  const after = await countImages(serve);
  const { injection, credentials } = annotationsOf(answer);
  const imageReason = keys(IMAGE_REASONS).find((reason) => (after.get(reason) ?? 0) > (before.get(reason) ?? 0));
  const reason = keys(OBJECT_REASONS).find((known) => known === injection);
  if (reason === undefined) throw new Error(`serve gave no known reason for ${image} in ${namespace}`);
  return {
    reason,
    ...(imageReason === undefined ? {} : { imageReason }),
    ...(credentials === undefined ? {} : { credential: credentials }),
  };
}

function keys<K extends string>(record: Readonly<Record<K, string>>): readonly K[] {
  return Object.keys(record) as K[];
}

async function countImages(serve: ServeProcess): Promise<ReadonlyMap<ImageReason, number>> {
  const counts = new Map<ImageReason, number>();
  for (const reason of keys(IMAGE_REASONS)) counts.set(reason, await serve.metric('pullpass_images_total', { reason }));
  return counts;
}

/** The CA that `serve` published, so that the connection is checked as the API server checks it. */
async function caOf(plane: ControlPlane): Promise<string> {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
  const { body } = await plane.api.call('GET', path);
  return Buffer.from(body.webhooks[0].clientConfig.caBundle, 'base64').toString('utf8');
}

function review(namespace: string, image: string): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'demo',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'CREATE',
      namespace,
      dryRun: true,
      object: pod('question', image),
    },
  });
}

function post(ca: string, port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const servername = `${WEBHOOK}.${OWN_NAMESPACE}.svc`;
    const to = { host: '127.0.0.1', port, path: '/mutate?timeout=10s', method: 'POST', servername, ca, headers };
    const outgoing = request({ ...to, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function annotationsOf(answer: string): { readonly injection?: string; readonly credentials?: string } {
  return JSON.parse(answer).response.auditAnnotations;
}
