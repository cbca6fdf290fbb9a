// The cluster as the admission door needs it: fits the view, the live reads and the writer to the ports of webhook/.
import type { Client } from '../cluster/client.ts';
import { liveReads } from '../cluster/live-reads.ts';
import { writePullSecret } from '../cluster/pull-secret-writer.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { openView } from '../cluster/view.ts';
import type { PullSecretSettings } from '../core/pull-secret.ts';
import type { Logger } from '../telemetry.ts';
import type { EnsurePorts, WriteFailure } from '../webhook/ensure.ts';

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

export function openCluster(client: Client, settings: PullSecretSettings, logger: Logger) {
  const time = SYSTEM_TIME;
  const log = clusterLog(logger);
  const { instance } = settings;
  const view = openView({ client, pullSecretName: settings.name, instance, time, log });
  const live = liveReads({ client, pullSecretName: settings.name, instance, time });
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
      const result = await writePullSecret(client, { ...request, timeoutMs: WRITE_MS });
      if (result.result === 'written') {
        view.observePullSecret(request.namespace, result.state);
        return { written: result.state };
      }
      logger.warn({ namespace: request.namespace, why: result.message }, 'the pull Secret was not written');
      return { failed: FAILURES[result.result] };
    },
    sleep: time.sleep,
    now: time.now,
  };
  return { view, live, ensurePorts, log };
}

/** A write goes on after its requests have left, but not for ever. */
const WRITE_MS = 10_000;

const FAILURES: Readonly<Record<WriteFailure | 'deadline' | 'invalid', WriteFailure>> = {
  conflict: 'conflict',
  terminating: 'terminating',
  quota: 'quota',
  forbidden: 'forbidden',
  invalid: 'forbidden',
  unavailable: 'unavailable',
  deadline: 'unavailable',
};
