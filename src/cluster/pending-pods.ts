// Lists the Pods that are Pending, a small part of all: the API server answers from its cache. Each is reduced at once to what
// a decision reads. The surprising rule: from the cache comes one page, whatever limit is set (seen on 1.37), so that thousands of
// Pending Pods are one large answer; who asks does so more rarely then.
import { type PendingPod, type PodObject, readPendingPod } from '../core/missed-pod.ts';
import type { Client } from './client.ts';
import { listAll } from './paged-list.ts';

export interface PendingPods {
  readonly pods: readonly PendingPod[];
  /** Those that are of no interest counted in. */
  readonly total: number;
}

/**
 * @param isOfInterest whether the Pods of a namespace are looked at
 * @throws ApiUnavailable, or Refused
 */
export async function listPendingPods(
  client: Pick<Client, 'call'>,
  signal: AbortSignal,
  isOfInterest: (namespace: string) => boolean,
): Promise<PendingPods> {
  const pods: PendingPod[] = [];
  let total = 0;
  const listing = {
    client,
    resource: 'pods',
    path: '/api/v1/pods',
    query: { fieldSelector: 'status.phase=Pending' },
    fromCache: true,
  };
  await listAll(listing, signal, (object) => {
    total += 1;
    if (!isOfInterest(object.metadata?.namespace ?? '')) return;
    const pod = readPendingPod(object as PodObject);
    if (pod !== undefined) pods.push(pod);
  });
  return { pods, total };
}
