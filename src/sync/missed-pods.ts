// Looks at the Pods that are Pending: reports those that were missed, finds the namespaces where a Pod waits for a pull Secret
// that is not there, and hands over what can be made anew. A look costs one list; how often follows from how long that is.
import { isRestartable, judgePod, type Owner, type PendingPod } from '../core/missed-pod.ts';
import type { Policy } from '../core/policy.ts';
import type { Need } from '../core/rendering.ts';
import type { Labels } from '../core/selector.ts';
import type { PullSecretState, ServiceAccountState } from '../core/surroundings.ts';

export interface MissedPod extends PendingPod {
  readonly needs: readonly Need[];
}

export interface PodEvent {
  readonly about: Owner & { readonly namespace: string };
  readonly type: 'Warning';
  readonly reason: 'PullSecretMissed' | 'PullSecretRepairFailed';
  readonly message: string;
}

export interface ScanReport {
  readonly missed: readonly MissedPod[];
  /** Pending Pods in the cluster. */
  readonly pending: number;
}

export interface MissedPodsPorts {
  /** The Pending Pods of the namespaces that take part. Rejects if they cannot be had. */
  list(): Promise<{ readonly pods: readonly PendingPod[]; readonly total: number }>;
  labels(namespace: string): Labels | undefined;
  policy(): Policy;
  around(
    pod: PendingPod,
  ): { readonly serviceAccount: ServiceAccountState; readonly pullSecret: PullSecretState | undefined } | undefined;
  readonly pullSecretName: string;
  /** The namespaces where a Pod waits for the pull Secret, or would list it if it were made anew. */
  awaited(namespaces: ReadonlySet<string>): void;
  say(event: PodEvent): void;
  /** Missed Pods that may be made anew. */
  repair(pods: readonly MissedPod[]): void;
  report(report: ScanReport): void;
  failed(error: unknown): void;
  /** Resolves when others had their turn. */
  breathe(): Promise<void>;
  random(): number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  later(ms: number, callback: () => void): () => void;
}

export interface MissedPods {
  start(): void;
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 20_000;
/** For so many Pending Pods the interval is added once more. */
const PODS_PER_INTERVAL = 2_000;
const INTERVAL_MAX_MS = 5 * 60_000;
const PODS_PER_TURN = 100;

export function createMissedPods(ports: MissedPodsPorts): MissedPods {
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  /** Counts the starts: what began before a stop must not go on after the next start. */
  let course = 0;
  let started = false;

  async function scan(mine: number): Promise<number> {
    const { pods, total } = await ports.list();
    const missed: MissedPod[] = [];
    const awaited = new Set<string>();
    for (const [i, pod] of pods.entries()) {
      if (i % PODS_PER_TURN === PODS_PER_TURN - 1) await ports.breathe();
      const verdict = judge(pod);
      if (verdict.is === 'fine') continue;
      awaited.add(pod.namespace);
      if (verdict.is === 'missed') missed.push({ ...pod, needs: verdict.needs });
    }
    if (isOver(mine)) return total;
    ports.awaited(awaited);
    for (const pod of missed) tellOf(pod);
    ports.repair(missed.filter(isRestartable));
    ports.report({ missed, pending: total });
    return total;
  }

  function judge(pod: PendingPod): ReturnType<typeof judgePod> {
    const labels = ports.labels(pod.namespace);
    const around = ports.around(pod);
    if (labels === undefined || around === undefined) return { is: 'fine' };
    return judgePod(pod, labels, ports.policy(), around, ports.pullSecretName);
  }

  function tellOf({ namespace, name, uid, owner }: MissedPod): void {
    const list = `imagePullSecrets does not list "${ports.pullSecretName}"`;
    const pod = { apiVersion: 'v1', kind: 'Pod', name, uid, namespace };
    const remedy = owner === undefined ? 'delete it and create it again' : 'delete it, and it is made anew with it';
    ports.say({ about: pod, type: 'Warning', reason: 'PullSecretMissed', message: `${list}: ${remedy}` });
    if (owner === undefined) return;
    const message = `Pods of it were made without the pull Secret "${ports.pullSecretName}": delete them, or restart the rollout`;
    ports.say({ about: { ...owner, namespace }, type: 'Warning', reason: 'PullSecretMissed', message });
  }

  function isOver(mine: number): boolean {
    return !started || mine !== course;
  }

  async function turn(mine: number): Promise<void> {
    let total = 0;
    try {
      total = await scan(mine);
    } catch (error) {
      if (!isOver(mine)) ports.failed(error);
    }
    if (!isOver(mine)) after(intervalFor(total) * (1 - ports.random() / 5));
  }

  function after(ms: number): void {
    cancel = ports.later(ms, () => {
      running = turn(course);
    });
  }

  return {
    start() {
      if (started) return;
      started = true;
      course += 1;
      after(0);
    },
    async stop() {
      started = false;
      cancel?.();
      await running;
    },
  };
}

/** Milliseconds until the next look. */
export function intervalFor(pendingPods: number): number {
  return Math.min(INTERVAL_MAX_MS, INTERVAL_MS * (1 + Math.floor(pendingPods / PODS_PER_INTERVAL)));
}
