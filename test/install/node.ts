// A node of the cluster for the Pods of one namespace: it plays the scheduler and the kubelet, and puts Pods behind their Service. The
// Pods are those that the real controllers make of the chart's Deployment and Job, so a rollout is theirs, and not the test's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../chart/render.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Container } from './container.ts';
import { type Ended, runPod } from './pod.ts';
import type { ServicePath } from './service-path.ts';

export interface Running {
  readonly name: string;
  readonly image: string;
  /** Everything that it printed so far. */
  output(): string;
}

export interface ClusterNode {
  /** Pods whose process runs, those on their way out too. */
  running(): readonly Running[];
  readonly ended: readonly (Ended & Pick<Running, 'name' | 'image'>)[];
  /** Ends everything that it started. @throws Error what went wrong meanwhile, if anything did */
  end(): Promise<void>;
}

const LOOK_MS = 100;

export function startNode(plane: ControlPlane, namespace: string, path: ServicePath): ClusterNode {
  const running = new Map<string, Running>();
  const ended: (Ended & Pick<Running, 'name' | 'image'>)[] = [];
  /** By uid: what tells a Pod that it is deleted. */
  const deletions = new Map<string, (seconds: number) => void>();
  const lives: Promise<void>[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  let fault: unknown;

  async function live(pod: Manifest, deleted: Promise<number>): Promise<void> {
    const { uid, name } = pod.metadata;
    const { image } = pod.spec.containers[0];
    const onStart = ({ output }: Container): void => void running.set(uid, { name, image, output });
    try {
      ended.push({ name, image, ...(await runPod({ plane, path, pod, deleted, signal, onStart })) });
    } catch (error) {
      // The first is the cause of the others; what the end of the test breaks off is none.
      if (!signal.aborted) fault ??= error;
    }
    running.delete(uid);
  }

  async function look(): Promise<void> {
    const { status, body } = await plane.api.call('GET', `/api/v1/namespaces/${namespace}/pods`);
    for (const pod of status === 200 ? body.items : []) {
      const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
      if (!deletions.has(uid)) {
        const deleted = new Promise<number>((resolve) => deletions.set(uid, resolve));
        lives.push(live(pod, deleted));
      }
      if (deletionTimestamp) deletions.get(uid)?.(deletionGracePeriodSeconds);
    }
  }

  const looking = (async () => {
    while (!signal.aborted) {
      await look().catch((error: unknown) => {
        if (!signal.aborted) fault ??= error;
      });
      await sleep(LOOK_MS);
    }
  })();

  return {
    running: () => [...running.values()],
    ended,
    async end() {
      stopping.abort();
      await looking;
      await Promise.all(lives);
      if (fault !== undefined) throw fault;
    },
  };
}
