// The pull Secret of every namespace, as the watch and our own writes tell of it. It never holds data.
// The surprising rule: resourceVersions order everything. An event that is older than what we wrote ourselves changes
// nothing, and the result of a write is ignored once the watch is past it, because the Secret may be gone again since.
import type { ObservedPullSecret } from '../core/surroundings.ts';
import { isNewer } from './api-object.ts';

export interface PullSecretStore {
  get(namespace: string): ObservedPullSecret | undefined;
  namespaces(): Iterable<string>;
  /** From the watch. */
  set(namespace: string, state: ObservedPullSecret): void;
  /** From the watch; it may have gone together with its namespace. */
  remove(namespace: string, version: string, withNamespace?: boolean): void;
  /** From a write or a live read of our own; undefined: it is not there. */
  observe(namespace: string, state: ObservedPullSecret | undefined): void;
  /** Sync deleted it. */
  forget(namespace: string): void;
  /** The namespace is gone, and with it what it wanted. */
  namespaceGone(namespace: string): void;
  /** Where one of ours was that somebody else took away: such a namespace still wants it. */
  vanished(): ReadonlySet<string>;
}

/** @param reached the resourceVersion up to which the watch has told everything */
export function pullSecretStore(reached: () => string | undefined): PullSecretStore {
  const states = new Map<string, ObservedPullSecret>();
  const vanished = new Set<string>();

  function drop(namespace: string): void {
    const held = states.get(namespace);
    // One that was noted as unwanted went because its time was up, whichever replica took it away.
    if (held?.ours && held.unwantedSince === undefined) vanished.add(namespace);
    states.delete(namespace);
  }

  function put(namespace: string, state: ObservedPullSecret): void {
    states.set(namespace, state);
    vanished.delete(namespace);
  }

  return {
    get: (namespace) => states.get(namespace),
    namespaces: () => states.keys(),
    vanished: () => vanished,
    forget(namespace) {
      states.delete(namespace);
      vanished.delete(namespace);
    },
    namespaceGone: (namespace) => void vanished.delete(namespace),
    set(namespace, state) {
      const held = states.get(namespace);
      if (!held || isNewer(state.resourceVersion, held.resourceVersion)) put(namespace, state);
    },
    remove(namespace, version, withNamespace = false) {
      const held = states.get(namespace);
      if (held && !isNewer(held.resourceVersion, version)) drop(namespace);
      if (withNamespace) vanished.delete(namespace);
    },
    observe(namespace, state) {
      if (!state) {
        drop(namespace);
        return;
      }
      const held = states.get(namespace);
      const past = reached();
      if (past !== undefined && !isNewer(state.resourceVersion, past)) return;
      if (!held || isNewer(state.resourceVersion, held.resourceVersion)) put(namespace, state);
    },
  };
}
