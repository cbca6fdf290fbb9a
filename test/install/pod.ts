// The life of one Pod on the node, from its binding to a node to its end, as a kubelet leads it. It asks whether the Pod is ready
// where its probe says, but more often; a Pod is deleted at last when its process has ended, and no sooner.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../chart/render.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Endpoint } from '../faults/endpoints.ts';
import { type Container, startContainer } from './container.ts';
import type { ServicePath } from './service-path.ts';

export interface Ended {
  /** null if it was killed. */
  readonly code: number | null;
  readonly output: string;
}

export interface PodOptions {
  readonly plane: ControlPlane;
  readonly path: ServicePath;
  /** As it was made. */
  readonly pod: Manifest;
  /** Resolves with the seconds of grace when the Pod is deleted. */
  readonly deleted: Promise<number>;
  /** When the test is over: it is killed, and the cluster told nothing. */
  readonly signal: AbortSignal;
  readonly onStart: (container: Container) => void;
}

const PROBE_MS = 200;
/** A kubelet takes up to a minute. */
const REFRESH_MS = 1_000;

/** @throws Error if it ends although nobody deleted it, and its work is never done */
export async function runPod({ plane, path, pod, deleted, signal, onStart }: PodOptions): Promise<Ended> {
  const own = openOwn(plane, pod);
  await own.bind();
  const container = await startContainer(plane, pod);
  signal.addEventListener('abort', () => container.kill('SIGKILL'));
  if (signal.aborted) container.kill('SIGKILL');
  onStart(container);
  let asked = false;
  void deleted.then((seconds) => {
    asked = true;
    endIn(container, seconds);
  });
  await own.tell({ phase: 'Running' });
  const endpoint = await joinService(plane, pod, { path, container });
  const watching = new AbortController();
  const [code] = await Promise.all([
    container.exited.finally(() => watching.abort()),
    probe(pod, { container, own, signal: watching.signal }),
    follow(container, watching.signal),
  ]);
  const ended = { code, output: container.output() };
  if (signal.aborted) return ended;
  const isJob = pod.spec.restartPolicy === 'Never';
  if (!asked && !isJob) throw new Error(`${own.name} ended by itself with code ${code}:\n${ended.output}`);
  while (endpoint?.inUse()) await sleep(10);
  endpoint?.remove();
  if (isJob) await own.tell({ phase: code === 0 ? 'Succeeded' : 'Failed' });
  if (asked) await own.remove();
  return ended;
}

interface Own {
  readonly name: string;
  bind(): Promise<void>;
  tell(status: object): Promise<void>;
  remove(): Promise<void>;
}

/** What a kubelet writes about the Pod. It may be gone at any time. */
function openOwn({ api }: ControlPlane, { metadata: { namespace, name, uid } }: Manifest): Own {
  const pod = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const call = async (method: string, path: string, body: object, type?: string): Promise<void> => {
    const { status, body: said } = await api.call(method, path, body, type);
    if (status >= 300 && status !== 404) throw new Error(`${method} ${path}: ${status} ${said.message}`);
  };
  const binding = { metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: 'node' } };
  return {
    name,
    bind: () => call('POST', `${pod}/binding`, binding),
    tell: (status) => call('PATCH', `${pod}/status`, { status }, 'application/strategic-merge-patch+json'),
    remove: () => call('DELETE', pod, { gracePeriodSeconds: 0, preconditions: { uid } }),
  };
}

function endIn(container: Container, seconds: number): void {
  container.kill('SIGTERM');
  const late = setTimeout(() => container.kill('SIGKILL'), seconds * 1_000);
  void container.exited.then(() => clearTimeout(late));
}

interface Way {
  readonly path: ServicePath;
  readonly container: Container;
}

/** Puts it behind the Service that selects it, if there is one. */
async function joinService({ api }: ControlPlane, pod: Manifest, way: Way): Promise<Endpoint | undefined> {
  const { body } = await api.call('GET', `/api/v1/namespaces/${pod.metadata.namespace}/services`);
  const labels = pod.metadata.labels ?? {};
  const isSelected = ({ spec }: Manifest): boolean =>
    Object.entries(spec.selector ?? {}).every(([key, value]) => labels[key] === value);
  const service = body.items.find(isSelected);
  if (service === undefined) return undefined;
  const [{ port, targetPort }] = service.spec.ports;
  const healthPort = way.container.port(probeOf(pod).port);
  return way.path.add(`${service.spec.clusterIP}:${port}`, { port: way.container.port(targetPort), healthPort });
}

function probeOf(pod: Manifest): Manifest {
  return pod.spec.containers[0].readinessProbe?.httpGet ?? {};
}

interface Probing {
  readonly container: Container;
  readonly own: Own;
  readonly signal: AbortSignal;
}

async function probe(pod: Manifest, { container, own, signal }: Probing): Promise<void> {
  const { port, path } = probeOf(pod);
  if (port === undefined) return own.tell(readiness(true));
  let told = false;
  while (!signal.aborted) {
    const answer = await fetch(`http://127.0.0.1:${container.port(port)}${path}`).catch(() => undefined);
    const ready = answer?.ok === true;
    await answer?.body?.cancel();
    if (ready !== told) await own.tell(readiness(ready));
    told = ready;
    await sleep(PROBE_MS);
  }
}

function readiness(ready: boolean): object {
  return { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] };
}

/** Brings its files up to date while it runs. What is gone stays as it was, as with a kubelet. */
async function follow(container: Container, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await container.refresh().catch(() => undefined);
  }
}
