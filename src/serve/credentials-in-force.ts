// The credentials in force: what the configuration, the files, the labelled Secrets and the kept logins say now, as one policy
// and what it makes of a pull Secret. A new catalog replaces all of it in one step, so that no admission ever decides by the
// one and writes the other.
import type { Client } from '../cluster/client.ts';
import { watchCredentialSecrets } from '../cluster/credential-secrets.ts';
import { type LoginsSecret, watchLoginsSecret } from '../cluster/logins-secret.ts';
import { digestOf } from '../cluster/pull-secret-projection.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { Config } from '../config/schema.ts';
import { compilePolicy } from '../core/policy.ts';
import { compileRenderings } from '../core/rendering.ts';
import type { SyncSettings } from '../core/sync-plan.ts';
import { type Catalog, type CatalogFeed, type CatalogProblem, openCatalog } from '../credentials/catalog.ts';
import { diskFiles } from '../credentials/files.ts';
import { encodeKept } from '../credentials/kept.ts';
import { createCatalogReport } from '../telemetry/credentials.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CredentialsInForce } from '../webhook/ensure.ts';
import { clusterLog } from './cluster-ports.ts';
import { createKeptLogins } from './kept-logins.ts';
import { later } from './later.ts';

export interface FollowOptions {
  readonly config: Config;
  readonly dockerConfigs: readonly string[];
  readonly client: Client;
  /** Pullpass's own namespace, where the labelled Secrets and the kept logins are. */
  readonly own: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface InForce extends CredentialsInForce {
  readonly config: Config;
  readonly settings: SyncSettings;
  readonly catalog: Catalog;
  /** What is to be kept of the logins, by the name of the credential; where there is no room for all, the last goes first. */
  readonly kept: ReadonlyMap<string, string>;
}

export interface Credentials {
  inForce(): InForce;
  /** Resolves when everything that exists now has been taken in. */
  readonly ready: Promise<void>;
  /** The Secret with the kept logins as it is in the cluster. */
  loginsSecret(): LoginsSecret | undefined;
  /** What we wrote ourselves, before the watch tells of it. */
  observeLoginsSecret(secret: LoginsSecret): void;
  /** Of the labelled Secret of a name, if there is one. */
  secretUid(name: string): string | undefined;
  /** Fingerprints of the logins that registries refused, which are not tried again. */
  refusedLogins(): ReadonlySet<string>;
  /** From now on these; they are kept with the logins, so that whoever is elected next knows them too. */
  rememberRefused(fingerprints: ReadonlySet<string>): void;
  /** Answers of programs, which only the elected replica asks. */
  readonly answers: Pick<CatalogFeed, 'answer' | 'forgetAnswers'>;
  /** Resolves when the new configuration is in force. */
  configure(config: Config): Promise<void>;
  /** Calls back after each change of what is in force, with the problems that are new. */
  onChange(listener: (problems: readonly CatalogProblem[]) => void): void;
  close(): void;
}

const NOTHING: Catalog = { credentials: [], logins: () => undefined, problems: [], kept: new Map() };

export function followCredentials(options: FollowOptions): Credentials {
  const { log, metrics, client, own } = options;
  const report = createCatalogReport<CatalogProblem>(log, metrics);
  const listeners: ((problems: readonly CatalogProblem[]) => void)[] = [];
  const first = Promise.withResolvers<void>();
  const [secretsListed, keptRead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const uids = new Map<string, string>();
  let complete = false;
  let { config } = options;
  const keptLogins = createKeptLogins();
  let inForce = putInForce(config, NOTHING, own, keptLogins.refused());

  function onChange(catalog: Catalog): void {
    inForce = putInForce(config, catalog, own, keptLogins.refused());
    const problems = report(catalog);
    for (const listener of listeners) listener(problems);
    if (complete) first.resolve();
  }

  const catalog = openCatalog({
    configured: config.credentials,
    dockerConfigs: options.dockerConfigs,
    requireNamespaces: config.requireNamespaces,
    files: diskFiles(),
    now: SYSTEM_TIME.now,
    later,
    onChange,
  });

  function takeLogins(secret: LoginsSecret | undefined, version: string): void {
    const news = keptLogins.take(secret, version);
    if (news === undefined) return;
    for (const problem of news.problems) log.warn({ why: problem }, 'a kept login was passed over');
    catalog.keep(news.kept);
  }

  const watching = { client, namespace: own, time: SYSTEM_TIME, log: clusterLog(log) };
  const watches = [
    watchCredentialSecrets({
      ...watching,
      onSecret(secret) {
        uids.set(secret.name, secret.uid);
        catalog.upsertSecret(secret);
      },
      onGone(name) {
        uids.delete(name);
        catalog.deleteSecret(name);
      },
      onSynced: secretsListed.resolve,
    }),
    watchLoginsSecret({
      ...watching,
      onChange: takeLogins,
      onSynced: keptRead.resolve,
      isKnown: () => keptLogins.secret() !== undefined,
    }),
  ];
  const ready = Promise.all([catalog.ready, secretsListed.promise, keptRead.promise]).then(() => {
    complete = true;
    catalog.restoreSecrets();
    catalog.refresh();
    return first.promise;
  });
  return {
    inForce: () => inForce,
    ready,
    loginsSecret: keptLogins.secret,
    observeLoginsSecret: (secret) => takeLogins(secret, secret.resourceVersion),
    refusedLogins: keptLogins.refused,
    rememberRefused(fingerprints) {
      if (!keptLogins.remember(fingerprints)) return;
      inForce = { ...inForce, kept: encodeKept(inForce.catalog.kept, keptLogins.refused()) };
      // Listeners are told with the next snapshot: whoever remembers is often one of them.
      catalog.refresh();
    },
    secretUid: (name) => uids.get(name),
    answers: catalog,
    async configure(next) {
      await catalog.configure(next.credentials, next.requireNamespaces);
      config = next;
      catalog.refresh();
    },
    onChange: (listener) => void listeners.push(listener),
    close() {
      catalog.close();
      for (const watch of watches) void watch.stop();
    },
  };
}

function putInForce(config: Config, catalog: Catalog, own: string, refused: ReadonlySet<string>): InForce {
  const { grace, ...pullSecret } = config.pullSecret;
  const settings = { ...pullSecret, instance: own, graceMs: grace };
  const policy = compilePolicy(catalog.credentials);
  const renderings = compileRenderings(policy, catalog.logins, settings, digestOf);
  return { config, settings, catalog, policy, renderings, kept: encodeKept(catalog.kept, refused) };
}
