// The cluster as the admission door and sync need it: fits the view, the live reads and the writer to their ports.
import type { Client } from '../cluster/client.ts';
import { liveReads } from '../cluster/live-reads.ts';
import { newProjection } from '../cluster/pull-secret-projection.ts';
import { deletePullSecret, type WriteFailure, writePullSecret } from '../cluster/pull-secret-writer.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { openView } from '../cluster/view.ts';
import { type PullSecretSettings, pullSecretMetadata } from '../core/pull-secret.ts';
import type { WriteOutcome } from '../core/reason.ts';
import { encodeData } from '../core/rendering.ts';
import type { ObservedPullSecret } from '../core/surroundings.ts';
import type { Change, Wanted } from '../core/sync-plan.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EnsurePorts } from '../webhook/ensure.ts';

type ClusterLog = Parameters<typeof openView>[0]['log'];

/** The cluster's edge logs a message and fields in this order, the logger takes them in the other. */
export function clusterLog(log: Logger): ClusterLog {
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}

export interface ClusterOptions {
  readonly client: Client;
  readonly pullSecretName: string;
  /** Pullpass's own namespace. */
  readonly own: string;
  readonly log: Logger;
}

export type Cluster = ReturnType<typeof openCluster>;

export function openCluster({ client, pullSecretName, own, log: logger }: ClusterOptions) {
  const time = SYSTEM_TIME;
  const log = clusterLog(logger);
  const project = newProjection(own);
  const listeners: ((namespace: string) => void)[] = [];
  const onNews = (namespace: string): void => {
    for (const listener of listeners) listener(namespace);
  };
  const view = openView({ client, pullSecretName, project, onNews, time, log });
  const live = liveReads({ client, pullSecretName, project, time });

  async function write(request: Omit<Parameters<typeof writePullSecret>[2], 'timeoutMs'>) {
    const result = await writePullSecret(client, project, { ...request, timeoutMs: WRITE_MS });
    if (result.result === 'written') view.observePullSecret(request.namespace, result.state);
    else logger.warn({ namespace: request.namespace, why: result.message }, 'the pull Secret was not written');
    return result;
  }

  const ensurePorts: EnsurePorts = {
    present: view.pullSecret,
    async refresh(namespace) {
      const before = view.pullSecret(namespace);
      const read = await live.pullSecret(namespace);
      if ('unknown' in read) throw new Error(read.unknown);
      if ('found' in read) view.observePullSecret(namespace, read.found);
      // An absence that is older than what the watch told meanwhile would hide a Secret that is there.
      else if (view.pullSecret(namespace) === before) view.observePullSecret(namespace, undefined);
    },
    async write(request) {
      const result = await write(request);
      return result.result === 'written' ? { written: result.state } : { failed: FAILURES[result.result] };
    },
    sleep: time.sleep,
    now: time.now,
  };

  async function apply(
    namespace: string,
    { rendering, unwantedSince }: Wanted,
    settings: PullSecretSettings,
    seen: ObservedPullSecret | undefined,
  ): Promise<WriteOutcome> {
    const { content } = rendering;
    if (content === undefined) return 'forbidden';
    const result = await write({
      namespace,
      name: settings.name,
      type: content.type,
      data: { [content.dataKey]: encodeData(content.value) },
      ...pullSecretMetadata(settings, content, unwantedSince),
      ...(seen !== undefined && { seen, force: true }),
    });
    return result.result === 'written' ? 'written' : FAILURES[result.result];
  }

  /** @param forGood otherwise it is made anew at once, also by somebody else if we do not come to it */
  async function remove(namespace: string, seen: ObservedPullSecret, forGood: boolean): Promise<WriteOutcome> {
    const result = await deletePullSecret(client, { namespace, name: pullSecretName, seen, timeoutMs: WRITE_MS });
    if (result.result === 'deleted') {
      if (forGood) view.forgetPullSecret(namespace);
      else view.observePullSecret(namespace, undefined);
      return 'deleted';
    }
    logger.warn({ namespace, why: result.message }, 'the pull Secret was not deleted');
    return FAILURES[result.result];
  }

  async function carryOut(
    namespace: string,
    change: Exclude<Change, { act: 'refuse' }>,
    settings: PullSecretSettings,
  ): Promise<WriteOutcome> {
    if (change.act === 'delete') return remove(namespace, change.seen, true);
    if (change.act === 'apply') return apply(namespace, change.wanted, settings, change.seen);
    const removed = await remove(namespace, change.seen, false);
    return removed === 'deleted' ? apply(namespace, change.wanted, settings, undefined) : removed;
  }
  return {
    view,
    live,
    ensurePorts,
    carryOut,
    /** Calls back at each news of a namespace or of the pull Secret in it. */
    onNews: (listener: (namespace: string) => void): void => void listeners.push(listener),
    log,
  };
}

/** A write goes on after its requests have left, but not for ever. */
const WRITE_MS = 10_000;

const FAILURES = {
  conflict: 'conflict',
  terminating: 'terminating',
  quota: 'quota',
  forbidden: 'forbidden',
  invalid: 'forbidden',
  unavailable: 'unavailable',
  deadline: 'unavailable',
} as const satisfies Record<WriteFailure, WriteOutcome>;
