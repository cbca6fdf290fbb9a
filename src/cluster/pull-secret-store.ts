// The pull Secret of every namespace, as the watch and our own writes tell of it. It never holds data, only a digest of it.
// The surprising rule: resourceVersions order everything. An event that is older than what we wrote ourselves changes
// nothing, and the result of a write is ignored once the watch is past it, because the Secret may be gone again since.
import { createHash } from 'node:crypto';
import { type PullSecretState, readPullSecret } from '../core/surroundings.ts';
import { type ApiObject, isNewer } from './api-object.ts';

export interface ObservedPullSecret extends PullSecretState {
  /** SHA-256 in hex over the keys and values of its data. */
  readonly digest: string;
}

export interface PullSecretStore {
  get(namespace: string): ObservedPullSecret | undefined;
  namespaces(): Iterable<string>;
  /** From the watch. */
  set(namespace: string, state: ObservedPullSecret): void;
  /** From the watch. */
  remove(namespace: string, version: string): void;
  /** From a write or a live read of our own; undefined: it is not there. */
  observe(namespace: string, state: ObservedPullSecret | undefined): void;
}

/** @param reached the resourceVersion up to which the watch has told everything */
export function pullSecretStore(reached: () => string | undefined): PullSecretStore {
  const states = new Map<string, ObservedPullSecret>();
  const shared = new Map<string, readonly string[]>();

  /** Ten thousand Secrets name a handful of sets of credentials. */
  function compact(state: ObservedPullSecret): ObservedPullSecret {
    const text = state.credentials.join();
    const credentials = shared.get(text) ?? state.credentials;
    if (shared.size >= 1000) shared.clear();
    shared.set(text, credentials);
    return { ...state, credentials };
  }

  return {
    get: (namespace) => states.get(namespace),
    namespaces: () => states.keys(),
    set(namespace, state) {
      const held = states.get(namespace);
      if (!held || isNewer(state.resourceVersion, held.resourceVersion)) states.set(namespace, compact(state));
    },
    remove(namespace, version) {
      const held = states.get(namespace);
      if (held && !isNewer(held.resourceVersion, version)) states.delete(namespace);
    },
    observe(namespace, state) {
      if (!state) {
        states.delete(namespace);
        return;
      }
      const held = states.get(namespace);
      const past = reached();
      if (past !== undefined && !isNewer(state.resourceVersion, past)) return;
      if (!held || isNewer(state.resourceVersion, held.resourceVersion)) states.set(namespace, compact(state));
    },
  };
}

/** @param instance the namespace that this Pullpass runs in */
export function projectPullSecret(object: ApiObject, instance: string): ObservedPullSecret {
  return { ...readPullSecret(object, instance), digest: digestOf(object.data ?? {}) };
}

export function digestOf(data: Readonly<Record<string, string>>): string {
  const entries = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}
