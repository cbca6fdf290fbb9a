// Makes missed Pods anew by deleting them, one after the other at a limited rate, and only where that helps: the pull Secret is in
// the namespace, and this replica answers admissions. Whatever came back missed after a first try is left alone for a while:
// deleting it again and again would not make it better.
import type { MissedPod, PodEvent } from './missed-pods.ts';

export interface RepairPorts {
  enabled(): boolean;
  /** Pods in a minute, at most. */
  perMinute(): number;
  /** Whether a Pod that is made in its place would come back with its pull Secret. */
  isReady(pod: MissedPod): boolean;
  /** Never rejects. */
  restart(pod: MissedPod): Promise<string>;
  say(event: PodEvent): void;
  count(outcome: string): void;
  now(): number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  later(ms: number, callback: () => void): () => void;
}

export interface Repair {
  /** What is to be repaired now, in place of what was before. */
  offer(pods: readonly MissedPod[]): void;
  stop(): void;
}

/** How long Pods of an owner are left alone that came back missed. */
const GIVE_UP_MS = 60 * 60 * 1_000;
const MINUTE_MS = 60_000;

export function createRepair(ports: RepairPorts): Repair {
  /** By the uid of the owner: when the first of its Pods was deleted. */
  const begun = new Map<string, number>();
  const done = new Set<string>();
  let queue: readonly MissedPod[] = [];
  let cancel: (() => void) | undefined;
  let readyAt = 0;

  function next(): void {
    cancel = undefined;
    const at = queue.findIndex((candidate) => !isFutile(candidate) && ports.isReady(candidate));
    const pod = queue[at];
    queue = at < 0 ? [] : queue.slice(at + 1);
    if (pod === undefined || !ports.enabled()) return;
    readyAt = ports.now() + MINUTE_MS / ports.perMinute();
    void restart(pod).then(wake);
  }

  function wake(): void {
    if (queue.length === 0) return;
    cancel ??= ports.later(Math.max(0, readyAt - ports.now()), next);
  }

  async function restart(pod: MissedPod): Promise<void> {
    const outcome = await ports.restart(pod);
    ports.count(outcome);
    if (outcome !== 'restarted') return;
    done.add(pod.uid);
    const { owner } = pod;
    if (owner !== undefined && !begun.has(owner.uid)) begun.set(owner.uid, ports.now());
  }

  /** A Pod that was made after we deleted one of its kind, and was missed all the same. */
  function isFutile({ owner, created, namespace, uid }: MissedPod): boolean {
    if (owner === undefined || done.has(uid)) return true;
    const since = begun.get(owner.uid);
    // Times of creation have no fraction of a second.
    if (since === undefined || created + 1_000 <= since) return false;
    ports.count('futile');
    const message = 'Pods that were deleted to be made anew came back without the pull Secret: is the webhook reached?';
    ports.say({ about: { ...owner, namespace }, type: 'Warning', reason: 'PullSecretRepairFailed', message });
    return true;
  }

  function forget(): void {
    const now = ports.now();
    for (const [uid, at] of begun) if (now - at > GIVE_UP_MS) begun.delete(uid);
    if (done.size > 10_000) done.clear();
  }

  return {
    offer(pods) {
      forget();
      queue = ports.enabled() ? pods : [];
      wake();
    },
    stop() {
      queue = [];
      cancel?.();
      cancel = undefined;
    },
  };
}
