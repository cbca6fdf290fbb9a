// The cluster as far as decisions read it, in memory: namespaces, ServiceAccounts and the pull Secrets. Getters are
// synchronous and never call the API server, which is how an admission costs no API call. It must stay small with ten
// thousand namespaces: no Secret data, one shared object for every plain ServiceAccount, equal label values only once.
import { isDeepStrictEqual } from 'node:util';
import type { Labels } from '../core/selector.ts';
import { type ObservedPullSecret, readServiceAccount, type ServiceAccountState } from '../core/surroundings.ts';
import type { ApiObject } from './api-object.ts';
import type { Client, Log } from './client.ts';
import { keyOf } from './delivery.ts';
import type { ProjectPullSecret } from './pull-secret-projection.ts';
import { watchPullSecrets } from './pull-secret-watch.ts';
import type { Time } from './time.ts';
import { watchResource } from './watch.ts';

export interface NamespaceState {
  readonly labels: Labels;
  /** It is being deleted: nothing can be created in it any more. */
  readonly terminating: boolean;
}

export interface View {
  namespace(name: string): NamespaceState | undefined;
  serviceAccount(namespace: string, name: string): ServiceAccountState | undefined;
  pullSecret(namespace: string): ObservedPullSecret | undefined;
  /** All names known now. */
  namespaces(): Iterable<string>;
  /** The namespaces that have a Secret of our name, ours or not. */
  pullSecretNamespaces(): Iterable<string>;
  /** Where a pull Secret of ours was that somebody else took away. */
  vanishedPullSecrets(): ReadonlySet<string>;
  /** Every resource has been listed once; stays true. */
  synced(): boolean;
  /** Never settles when the view is stopped first. */
  readonly whenSynced: Promise<void>;
  /** Makes the result of an own write or live read visible at once; undefined: it is not there. */
  observePullSecret(namespace: string, state: ObservedPullSecret | undefined): void;
  /** We deleted it ourselves. */
  forgetPullSecret(namespace: string): void;
  /**
   * Calls the listener at each news of a namespace (key `name`) or ServiceAccount (key `namespace/name`), until the function
   * that is returned is called.
   */
  subscribe(key: string, listener: () => void): () => void;
  callbackErrors(): number;
  stop(): Promise<void>;
}

export interface ViewOptions {
  readonly client: Pick<Client, 'call' | 'stream'>;
  readonly pullSecretName: string;
  readonly project: ProjectPullSecret;
  /** Called at each news of a namespace or of the pull Secret in it; it must be quick. */
  onNews?(namespace: string): void;
  readonly time: Time;
  readonly log: Log;
}

export function openView(options: ViewOptions): View {
  const listeners = newListeners();
  const namespaces = watchNamespaces(options, listeners.call, (name) => pullSecrets.store.namespaceGone(name));
  const serviceAccounts = watchServiceAccounts(options, listeners.call);
  const pullSecrets = watchPullSecrets({
    ...options,
    name: options.pullSecretName,
    isAlive: (name) => namespaces.states.get(name)?.terminating === false,
  });
  const watches = [namespaces.watch, serviceAccounts.watch, pullSecrets.watch];
  return {
    namespace: (name) => namespaces.states.get(name),
    serviceAccount: (namespace, name) => serviceAccounts.states.get(`${namespace}/${name}`),
    pullSecret: pullSecrets.store.get,
    namespaces: () => namespaces.states.keys(),
    pullSecretNamespaces: pullSecrets.store.namespaces,
    synced: () => watches.every((watch) => watch.synced()),
    whenSynced: Promise.all(watches.map((watch) => watch.whenSynced)).then(() => undefined),
    vanishedPullSecrets: pullSecrets.store.vanished,
    observePullSecret: pullSecrets.store.observe,
    forgetPullSecret: pullSecrets.store.forget,
    subscribe: listeners.subscribe,
    callbackErrors: () => watches.reduce((sum, watch) => sum + watch.callbackErrors(), 0),
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

function watchNamespaces(options: ViewOptions, tell: (key: string) => void, gone: (name: string) => void) {
  const states = new Map<string, NamespaceState>();
  const shareValues = newSharing();
  const watch = watchResource<NamespaceState>({
    ...options,
    resource: 'namespaces',
    path: '/api/v1/namespaces',
    project: (object) => {
      const { labels, terminating } = readNamespace(object);
      return { labels: shareValues(labels), terminating };
    },
    holds: (object) => isDeepStrictEqual(states.get(object.metadata?.name ?? ''), readNamespace(object)),
    onSet(_, name, state) {
      states.set(name, state);
      tell(name);
      options.onNews?.(name);
    },
    onDelete(_, name) {
      states.delete(name);
      gone(name);
    },
    known: () => prefixed('/', states.keys(), ''),
  });
  return { states, watch };
}

function watchServiceAccounts(options: ViewOptions, tell: (key: string) => void) {
  const states = new Map<string, ServiceAccountState>();
  const watch = watchResource<ServiceAccountState>({
    ...options,
    resource: 'serviceaccounts',
    path: '/api/v1/serviceaccounts',
    project: readServiceAccount,
    holds: (object) => isDeepStrictEqual(states.get(keyOf(object)), readServiceAccount(object)),
    onSet(namespace, name, state) {
      states.set(`${namespace}/${name}`, state);
      tell(`${namespace}/${name}`);
    },
    onDelete: (namespace, name) => states.delete(`${namespace}/${name}`),
    known: () => states.keys(),
  });
  return { states, watch };
}

export function readNamespace({ metadata }: ApiObject): NamespaceState {
  return { labels: metadata?.labels ?? {}, terminating: metadata?.deletionTimestamp !== undefined };
}

function* prefixed(before: string, names: Iterable<string>, after: string): Iterable<string> {
  for (const name of names) yield `${before}${name}${after}`;
}

/** Gives equal values the same string; it forgets now and then, so values that come only once cannot fill it. */
function newSharing(): (labels: Labels) => Labels {
  const seen = new Map<string, string>();
  function share(value: string): string {
    const first = seen.get(value);
    if (first !== undefined) return first;
    if (seen.size >= 2000) seen.clear();
    seen.set(value, value);
    return value;
  }
  return (labels) => Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, share(value)]));
}

function newListeners() {
  const byKey = new Map<string, Set<() => void>>();
  return {
    call(key: string): void {
      for (const listener of [...(byKey.get(key) ?? [])]) listener();
    },
    subscribe(key: string, listener: () => void): () => void {
      const listeners = byKey.get(key) ?? new Set();
      byKey.set(key, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && byKey.get(key) === listeners) byKey.delete(key);
      };
    },
  };
}
