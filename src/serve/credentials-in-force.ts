// The credentials in force: what the files and the labelled Secrets say now, as one policy and its logins. A new catalog
// replaces both in one step, so that no admission ever decides by the one and writes the other.
import type { Client } from '../cluster/client.ts';
import { watchCredentialSecrets } from '../cluster/credential-secrets.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { Config } from '../config/schema.ts';
import { compilePolicy } from '../core/policy.ts';
import { type Catalog, openCatalog } from '../credentials/catalog.ts';
import { diskFiles } from '../credentials/files.ts';
import { type Logger, type Metrics, observeCatalog } from '../telemetry.ts';
import type { CredentialsInForce } from '../webhook/ensure.ts';
import { clusterLog } from './cluster-ports.ts';

export interface FollowOptions {
  readonly config: Config;
  readonly dockerConfigs: readonly string[];
  readonly client: Client;
  /** Pullpass's own namespace, where the labelled Secrets are. */
  readonly own: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** `ready` resolves when everything that exists now has been taken in. */
export function followCredentials(options: FollowOptions) {
  const { config, log, metrics, client, own } = options;
  let inForce: CredentialsInForce = { policy: compilePolicy([]), logins: () => undefined };
  const first = Promise.withResolvers<void>();
  const secretsListed = Promise.withResolvers<void>();
  let complete = false;
  function onChange(catalog: Catalog): void {
    inForce = { policy: compilePolicy(catalog.credentials), logins: catalog.logins };
    observeCatalog(catalog, log, metrics);
    if (complete) first.resolve();
  }
  const catalog = openCatalog({
    configured: config.credentials,
    dockerConfigs: options.dockerConfigs,
    requireNamespaces: config.requireNamespaces,
    files: diskFiles(),
    later(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    onChange,
  });
  const watch = watchCredentialSecrets({
    client,
    namespace: own,
    onSecret: catalog.upsertSecret,
    onGone: catalog.deleteSecret,
    onSynced: secretsListed.resolve,
    time: SYSTEM_TIME,
    log: clusterLog(log),
  });
  const ready = Promise.all([catalog.ready, secretsListed.promise]).then(() => {
    complete = true;
    catalog.refresh();
    return first.promise;
  });
  return {
    inForce: () => inForce,
    ready,
    close() {
      catalog.close();
      void watch.stop();
    },
  };
}
