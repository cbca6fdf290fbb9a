// One MutatingWebhookConfiguration: the newest that is known of it, from a watch and from what else we learn. The surprising
// rule: a read, or the answer to a write, is often newer than the watch, which must not take it back.
import { type ApiObject, isNewer } from './api-object.ts';
import type { Client, Log } from './client.ts';
import { Refused } from './paged-list.ts';
import type { Time } from './time.ts';
import { watchResource } from './watch.ts';
import type { WebhookScope } from './webhook-rules.ts';

export const TIMEOUT_MS = 10_000;
export const RESOURCE = 'mutatingwebhookconfigurations';
const PATH = `/apis/admissionregistration.k8s.io/v1/${RESOURCE}`;

export function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

export interface LiveConfiguration {
  readonly resourceVersion: string;
  readonly webhooks: readonly WebhookScope[];
  /** The caBundle of each webhook as PEM text, in the same order; '' where there is none. */
  readonly bundles: readonly string[];
}

export interface ConfigurationOptions {
  readonly client: Pick<Client, 'call' | 'stream'>;
  /** Of the MutatingWebhookConfiguration. */
  readonly name: string;
  readonly time: Time;
  readonly log: Log;
}

export interface FollowedConfiguration {
  /** The newest that is known; undefined while it is not there, or not known yet. */
  live(): LiveConfiguration | undefined;
  /** Whether it is known if it is there. */
  synced(): boolean;
  /** Called at each news, also when it is known for the first time that it is not there. */
  onNews(listener: () => void): void;
  /** Puts in what a write answered, before the watch tells of it. */
  take(live: LiveConfiguration): void;
  /** Reads it from the API server. @throws ApiUnavailable, or Refused */
  refresh(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export function followWebhookConfiguration({ client, name, time, log }: ConfigurationOptions): FollowedConfiguration {
  const listeners: (() => void)[] = [];
  let live: LiveConfiguration | undefined;
  let version = '';
  function know(next: LiveConfiguration | undefined, asOf: string): void {
    live = next;
    version = asOf;
    for (const listener of listeners) listener();
  }
  const take = (next: LiveConfiguration | undefined, asOf: string): void => {
    if (isNewer(asOf, version)) know(next, asOf);
  };
  const watch = watchResource<LiveConfiguration>({
    ...{ client, time, log, resource: RESOURCE, path: PATH },
    // Also what the rights are bound to: a list without this selector is refused.
    query: { fieldSelector: `metadata.name=${name}` },
    project: readConfiguration,
    onSet: (_, __, next) => take(next, next.resourceVersion),
    onDelete: (_, __, asOf) => take(undefined, asOf),
    *known() {
      if (live !== undefined) yield `/${name}`;
    },
    onSynced: () => (live === undefined ? know(undefined, version) : undefined),
  });
  return {
    live: () => live,
    synced: watch.synced,
    onNews: (listener) => void listeners.push(listener),
    take: (next) => take(next, next.resourceVersion),
    async refresh(signal) {
      const before = version;
      const next = await readNow(client, name, signal);
      // A read is as new as the moment in which it was asked for, so only what was told meanwhile can be newer. That it is
      // gone has no version: the watch will tell it again, as of one.
      if (version !== before) return next && take(next, next.resourceVersion);
      if (next?.resourceVersion !== live?.resourceVersion) know(next, next?.resourceVersion ?? version);
    },
    stop: watch.stop,
  };
}

async function readNow(
  client: Pick<Client, 'call'>,
  name: string,
  signal: AbortSignal,
): Promise<LiveConfiguration | undefined> {
  const call = { verb: 'get', resource: RESOURCE, path: pathOf(name) } as const;
  const { status, body } = await client.call({ ...call, signal, timeoutMs: TIMEOUT_MS });
  if (status !== 200 && status !== 404) throw new Refused(`get ${RESOURCE}`, status);
  return status === 404 ? undefined : readConfiguration(body as ConfigurationObject);
}

export interface ConfigurationObject extends ApiObject {
  readonly webhooks?: readonly (WebhookScope & { readonly clientConfig?: { readonly caBundle?: string } })[] | null;
}

/** Lets go of everything else, which may be large. */
export function readConfiguration({ metadata, webhooks }: ConfigurationObject): LiveConfiguration {
  const all = webhooks ?? [];
  return {
    resourceVersion: metadata?.resourceVersion ?? '',
    webhooks: all.map(({ namespaceSelector, rules }) => ({
      ...(namespaceSelector && { namespaceSelector }),
      ...(rules && { rules }),
    })),
    bundles: all.map(({ clientConfig }) => Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString('utf8')),
  };
}
