// What the demo shows, read from the cluster and from `serve`: nothing here is known beforehand.

import type { ImageReason, ObjectReason } from '../../src/core/reason.ts';
import type { ControlPlane } from '../../test/control-plane/control-plane.ts';
import { eventually, PULL_SECRET, type ServeProcess } from '../../test/serve/installation.ts';
import { NAMESPACES } from './application.ts';
import { ask } from './ask.ts';

export interface ImageFact {
  readonly image: string;
  readonly credential?: string;
  readonly reason?: ImageReason;
}

export interface ObjectFact {
  readonly namespace: string;
  readonly kind: 'Deployment' | 'Pod';
  readonly name: string;
  /** Whether the live object lists the pull Secret. */
  readonly lists: boolean;
  /** As `serve` logged it; asked of `serve` when the API server never sent it the object. */
  readonly reason: ObjectReason;
  readonly sent: boolean;
  readonly images: readonly ImageFact[];
}

/** One line of the log of `serve` about an object that was truly created or updated. */
export interface AdmissionLine {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly reason: ObjectReason;
  readonly ensured?: string;
  readonly ms: number;
}

interface Listed {
  readonly metadata: { readonly name: string; readonly generateName?: string };
  readonly spec: PodSpec & { readonly template?: { readonly spec: PodSpec } };
}
interface PodSpec {
  readonly containers?: readonly { readonly image: string }[];
  readonly initContainers?: readonly { readonly image: string }[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

export function admissionLines(serve: ServeProcess): readonly AdmissionLine[] {
  const lines = serve.output().split('\n').slice(0, -1);
  const parsed = lines.filter((line) => line.includes('"msg":"admission"')).map((line) => JSON.parse(line));
  return parsed.filter(({ dryRun }) => dryRun !== true);
}

export async function readObjects(plane: ControlPlane, serve: ServeProcess): Promise<readonly ObjectFact[]> {
  const facts: ObjectFact[] = [];
  for (const namespace of NAMESPACES) {
    for (const [kind, path] of [
      ['Deployment', `/apis/apps/v1/namespaces/${namespace}/deployments`],
      ['Pod', `/api/v1/namespaces/${namespace}/pods`],
    ] as const) {
      const { body } = await plane.api.call('GET', path);
      for (const object of body.items) facts.push(await readObject(plane, serve, namespace, kind, object));
    }
  }
  return facts;
}

async function readObject(
  plane: ControlPlane,
  serve: ServeProcess,
  namespace: string,
  kind: ObjectFact['kind'],
  object: Listed,
): Promise<ObjectFact> {
  const spec = object.spec.template?.spec ?? object.spec;
  const places = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const { name, generateName } = object.metadata;
  const opinions = [];
  for (const { image } of places) opinions.push({ image, ...(await ask(plane, serve, namespace, image)) });
  // The name of a Pod that its controller leaves to the API server may not be made yet when it is admitted.
  const isIt = (line: AdmissionLine): boolean =>
    line.namespace === namespace &&
    line.kind === kind &&
    (line.name === name || (generateName !== undefined && line.name === ''));
  const line = admissionLines(serve).find(isIt);
  const reason = line?.reason ?? opinions[0]?.reason;
  if (reason === undefined) throw new Error(`${kind} ${name} in ${namespace} has no image`);
  return {
    ...{ namespace, kind, name, reason },
    sent: line !== undefined,
    lists: (spec.imagePullSecrets ?? []).some((entry) => entry.name === PULL_SECRET),
    images: opinions.map(({ image, credential, imageReason }) => ({
      image,
      ...(credential === undefined ? {} : { credential }),
      ...(imageReason === undefined ? {} : { reason: imageReason }),
    })),
  };
}

export interface Order {
  readonly namespace: string;
  /** resourceVersions at creation; they grow with every write to the cluster. */
  readonly secret: number;
  readonly pod: number;
  readonly podName: string;
  /** As the annotation of the pull Secret names them. */
  readonly credentials: string;
}

/** For each pull Secret, when it came and when the first Pod did that lists it. Replays what was added since `since`. */
export async function readOrder(plane: ControlPlane, since: string): Promise<readonly Order[]> {
  const [secrets, pods] = await Promise.all([
    added(plane, `/api/v1/secrets?fieldSelector=metadata.name%3D${PULL_SECRET}&`, since),
    added(plane, '/api/v1/pods?', since),
  ]);
  return secrets.map(({ metadata }): Order => {
    const { namespace } = metadata;
    const first = pods
      .filter((pod) => pod.metadata.namespace === namespace)
      .find((pod) => pod.spec.imagePullSecrets?.some((entry) => entry.name === PULL_SECRET));
    if (first === undefined) throw new Error(`no Pod of ${namespace} lists its pull Secret`);
    return {
      namespace,
      secret: Number(metadata.resourceVersion),
      pod: Number(first.metadata.resourceVersion),
      podName: first.metadata.name,
      credentials: metadata.annotations?.['pullpass.dev/credentials'] ?? '',
    };
  });
}

interface Added {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

/** A watch from the past tells each object as it was when it was added, in order. */
async function added(plane: ControlPlane, path: string, since: string): Promise<readonly Added[]> {
  return eventually(`what was added at ${path}`, async () => {
    const { body } = await plane.api.call('GET', `${path}watch=1&resourceVersion=${since}&timeoutSeconds=1`);
    const events =
      typeof body === 'string'
        ? body
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [body];
    const found = events.filter(({ type }) => type === 'ADDED').map(({ object }) => object);
    return found.length === 0 ? undefined : found;
  });
}
