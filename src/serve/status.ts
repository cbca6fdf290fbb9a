// Makes the document that a replica answers to `pullpass status`, out of what its parts know. It must never hold a login: it is
// built field by field, of names, patterns, times and sentences that are fit for the log. Looking at all namespaces is done once
// at a time, and not again for a second, however many ask.
import { setImmediate } from 'node:timers/promises';
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { View } from '../cluster/view.ts';
import type { Config } from '../config/schema.ts';
import { namespaceRefusal } from '../core/participation.ts';
import type {
  CredentialStatus,
  ReplicaStatus,
  StatusProblem,
  StatusSettings,
  SyncStatus,
} from '../core/replica-status.ts';
import { stackOf } from '../telemetry/logger.ts';
import { type Census, describeNamespace, takeCensus } from './census.ts';
import type { Credentials, InForce } from './credentials-in-force.ts';
import type { Insight } from './elected.ts';
import { type LiveWebhooks, scopeDifferences } from './webhook-scope.ts';

export interface StatusOptions {
  /** Which one it is. */
  readonly replica: string;
  /** Pullpass's own namespace. */
  readonly own: string;
  readonly service: string;
  readonly webhookConfiguration: string;
  readonly credentials: Pick<Credentials, 'inForce'>;
  readonly view: Pick<View, 'namespaces' | 'namespace'>;
  readonly live: Pick<LiveWebhooks, 'webhooks'>;
  /** Of the certificate in use, if there is one. */
  readonly expires: () => number | undefined;
  /** Whether every entry of the webhook configuration trusts it. */
  readonly isTrusted: () => boolean;
  readonly notReady: () => string | undefined;
  /** What is wrong with the configuration file as it is now. */
  readonly refusedConfiguration: () => readonly string[];
  /** undefined: this replica is not elected. */
  readonly insight: () => Insight | undefined;
}

/** @param namespace tell of this one alone, whatever there is to tell */
export type TellStatus = (namespace?: string) => Promise<ReplicaStatus>;

const REMEMBER_MS = 1_000;

export function createStatus(options: StatusOptions): TellStatus {
  const { credentials, view, own } = options;
  const { now } = SYSTEM_TIME;
  let last: { readonly made: Promise<ReplicaStatus>; until: number } | undefined;

  function admitted(namespace: string): InForce['catalog']['credentials'] | undefined {
    const { config, renderings } = credentials.inForce();
    const state = view.namespace(namespace);
    if (state === undefined || state.terminating) return undefined;
    const refusal = namespaceRefusal(namespace, state.labels, { namespaces: config.namespaces, own });
    return refusal === undefined ? renderings.of(state.labels).admitted : undefined;
  }

  async function make(): Promise<ReplicaStatus> {
    const settings = () => credentials.inForce().settings;
    const ports = { namespaces: view.namespaces, admitted, settings, breathe: () => setImmediate(), now };
    const census = await takeCensus(ports, options.insight());
    return documentOf(options, census);
  }

  function whole(): Promise<ReplicaStatus> {
    if (last !== undefined && now() < last.until) return last.made;
    const making = { made: make(), until: Number.POSITIVE_INFINITY };
    last = making;
    const forget = () => {
      making.until = now() + REMEMBER_MS;
    };
    making.made.then(forget, forget);
    return making.made;
  }

  return async (namespace) => {
    const status = await whole();
    const insight = options.insight();
    if (namespace === undefined || status.sync === undefined || insight === undefined) return status;
    // That one as it is now, if it is there.
    const isThere = view.namespace(namespace) !== undefined;
    const describe = () => describeNamespace(namespace, insight, credentials.inForce().settings, now());
    return { ...status, sync: { ...status.sync, namespaces: isThere ? [describe()] : [], more: 0 } };
  };
}

function documentOf(options: StatusOptions, census: Census): ReplicaStatus {
  const inForce = options.credentials.inForce();
  const insight = options.insight();
  const [notReady, expires] = [options.notReady(), options.expires()];
  return {
    version: 1,
    replica: options.replica,
    ...(notReady !== undefined && { notReady }),
    certificate: { ...(expires !== undefined && { expires }), trusted: options.isTrusted() },
    settings: settingsOf(inForce.config, options),
    refusedConfiguration: options.refusedConfiguration(),
    webhookDifferences: webhookDifferences(options),
    ...credentialsOf(inForce, census, insight),
    ...(insight !== undefined && { sync: syncOf(insight, census) }),
  };
}

function settingsOf(config: Config, { own, service, webhookConfiguration }: StatusOptions): StatusSettings {
  const { name, formerNames, type, distribution, grace } = config.pullSecret;
  return {
    own,
    webhookConfiguration,
    service,
    namespaces: config.namespaces,
    workloads: config.workloads,
    pullSecret: { name, formerNames, type, distribution, graceMs: grace },
    requireNamespaces: config.requireNamespaces,
    credentialHealth: config.credentialHealth.enabled,
    repair: config.missedPods.repair,
  };
}

function webhookDifferences({ live, credentials, webhookConfiguration }: StatusOptions): readonly string[] {
  const webhooks = live.webhooks();
  if (webhooks === undefined)
    return [`there is no webhook configuration "${webhookConfiguration}", so nothing is sent here`];
  try {
    return scopeDifferences(webhooks, credentials.inForce().config).map(({ problem }) => problem);
  } catch (error) {
    return [`the webhook configuration "${webhookConfiguration}" is malformed: ${stackOf(error)[0]}`];
  }
}

function credentialsOf({ catalog }: InForce, { admits }: Census, insight: Insight | undefined) {
  const told = new Set<StatusProblem>();
  const health = insight?.health ?? [];
  const credentials = catalog.credentials.map(({ name, patterns, except, namespaces }): CredentialStatus => {
    const { where = '', logins } = catalog.kept.get(name) ?? {};
    const problems = catalog.problems.filter((problem) => problem.credential === name && problem.where === where);
    for (const problem of problems) told.add(problem);
    return {
      name,
      where,
      patterns: patterns.map(({ pattern: { text }, hasLogin }) => {
        const { obtained, expires } = logins?.get(text) ?? {};
        return {
          text,
          hasLogin,
          ...(obtained !== undefined && { obtained }),
          ...(expires !== undefined && { expires }),
        };
      }),
      except: except.map(({ text }) => text),
      ...(namespaces !== undefined && { namespaces }),
      admits: admits.get(name) ?? 0,
      problems: problems.map(plainProblem),
      health: health.flatMap(({ credential, host, result }) => (credential === name ? [{ host, result }] : [])),
    };
  });
  return { credentials, problems: catalog.problems.filter((problem) => !told.has(problem)).map(plainProblem) };
}

function plainProblem({ kind, credential, where, problem }: StatusProblem): StatusProblem {
  return { kind, credential, where, problem };
}

function syncOf({ report }: Insight, { takingPart, namespaces, more }: Census): SyncStatus {
  const [lastPass, held] = [report.lastPass(), report.held()];
  return {
    ...(lastPass !== undefined && { lastPass }),
    held: held?.removals ?? 0,
    ...(held !== undefined && { confirm: held.confirm }),
    takingPart,
    namespaces,
    more,
  };
}
