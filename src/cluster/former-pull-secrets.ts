// The pull Secrets under names that the pull Secret had before, for whoever takes them away in time. Only the elected replica
// does, so nothing is followed, listed or kept before `start` and after `stop`, and never anything where there are no such
// names.
import type { ObservedPullSecret } from '../core/surroundings.ts';
import type { PullSecretStore } from './pull-secret-store.ts';
import { type WatchedPullSecrets, type WatchPullSecretsOptions, watchPullSecrets } from './pull-secret-watch.ts';

export interface FormerPullSecrets {
  get(namespace: string, name: string): ObservedPullSecret | undefined;
  /** Whether a namespace has one of ours, under whichever name. */
  isIn(namespace: string): boolean;
  /** Where own writes are made known; undefined: nobody follows that name now. */
  store(name: string): Pick<PullSecretStore, 'observe' | 'forget'> | undefined;
  start(): void;
  stop(): Promise<void>;
}

export interface FormerPullSecretsOptions extends Omit<WatchPullSecretsOptions, 'name' | 'isAlive'> {
  readonly names: readonly string[];
}

export function followFormerPullSecrets(options: FormerPullSecretsOptions): FormerPullSecrets {
  const followed = new Map<string, WatchedPullSecrets>();
  return {
    get: (namespace, name) => followed.get(name)?.store.get(namespace),
    isIn(namespace) {
      for (const { store } of followed.values()) if (store.get(namespace)?.ours) return true;
      return false;
    },
    store: (name) => followed.get(name)?.store,
    start() {
      // Nobody wants one back that vanished, so none is to be remembered.
      const isAlive = (): boolean => false;
      for (const name of options.names) followed.set(name, watchPullSecrets({ ...options, name, isAlive }));
    },
    async stop() {
      const watches = [...followed.values()].map(({ watch }) => watch.stop());
      followed.clear();
      await Promise.all(watches);
    },
  };
}
