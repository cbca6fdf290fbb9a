// The cluster as the admission door and sync need it: fits the view, the live reads and the writer to their ports.
import type { Client } from '../cluster/client.ts';
import { followFormerPullSecrets } from '../cluster/former-pull-secrets.ts';
import { liveReads } from '../cluster/live-reads.ts';
import { newProjection } from '../cluster/pull-secret-projection.ts';
import { writePullSecret } from '../cluster/pull-secret-writer.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { openView } from '../cluster/view.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EnsurePorts } from '../webhook/ensure.ts';
import { createChanges, FAILURES } from './changes.ts';

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
  readonly pullSecret: { readonly name: string; readonly formerNames: readonly string[] };
  /** Pullpass's own namespace. */
  readonly own: string;
  readonly log: Logger;
}

export type Cluster = ReturnType<typeof openCluster>;

export function openCluster({ client, pullSecret, own, log: logger }: ClusterOptions) {
  const pullSecretName = pullSecret.name;
  const time = SYSTEM_TIME;
  const log = clusterLog(logger);
  const project = newProjection(own);
  const listeners: ((namespace: string) => void)[] = [];
  const onNews = (namespace: string): void => {
    for (const listener of listeners) listener(namespace);
  };
  const view = openView({ client, pullSecretName, project, onNews, time, log });
  const former = followFormerPullSecrets({ client, names: pullSecret.formerNames, project, onNews, time, log });
  const present = { observe: view.observePullSecret, forget: view.forgetPullSecret };
  const storeOf = (name: string) => (name === pullSecretName ? present : former.store(name));
  const live = liveReads({ client, pullSecretName, project, time });

  async function write(request: Parameters<typeof writePullSecret>[2]) {
    const result = await writePullSecret(client, project, request);
    if (result.result === 'written') storeOf(request.name)?.observe(request.namespace, result.state);
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
      const result = await write({ ...request, timeoutMs: WRITE_MS });
      if (result.result === 'written') return { written: result.state };
      logger.warn({ namespace: request.namespace, why: result.message }, 'the pull Secret was not written');
      return { failed: FAILURES[result.result] };
    },
    sleep: time.sleep,
    now: time.now,
  };

  return {
    view,
    /** Followed from its start on. */
    former,
    live,
    ensurePorts,
    carryOut: createChanges({ client, storeOf, write }),
    /** Calls back at each news of a namespace or of the pull Secret in it. */
    onNews: (listener: (namespace: string) => void): void => void listeners.push(listener),
    log,
  };
}

/** A write goes on after its requests have left, but not for ever. */
const WRITE_MS = 10_000;
