// Follows the Secrets of one name in all namespaces, into a store. One name at a time, because that is what the rights are
// bound to: a list of Secrets that does not select a single name is refused.
import type { ObservedPullSecret } from '../core/surroundings.ts';
import type { Client, Log } from './client.ts';
import type { ProjectPullSecret } from './pull-secret-projection.ts';
import { type PullSecretStore, pullSecretStore } from './pull-secret-store.ts';
import type { Time } from './time.ts';
import { type Watch, watchResource } from './watch.ts';

export interface WatchPullSecretsOptions {
  readonly client: Pick<Client, 'call' | 'stream'>;
  readonly name: string;
  readonly project: ProjectPullSecret;
  /** Whether a namespace is there, and not being deleted. */
  isAlive(namespace: string): boolean;
  /** Called at each news of the Secret in a namespace; it must be quick. */
  onNews?(namespace: string): void;
  readonly time: Time;
  readonly log: Log;
}

export interface WatchedPullSecrets {
  readonly store: PullSecretStore;
  readonly watch: Watch;
}

export function watchPullSecrets(options: WatchPullSecretsOptions): WatchedPullSecrets {
  const { client, name, project, time, log } = options;
  const store = pullSecretStore(() => watch.version());
  const watch: Watch = watchResource<ObservedPullSecret>({
    client,
    time,
    log,
    resource: 'secrets',
    path: '/api/v1/secrets',
    query: { fieldSelector: `metadata.name=${name}` },
    project,
    holds({ metadata }) {
      const held = store.get(metadata?.namespace ?? '');
      return held !== undefined && held.uid === metadata?.uid && held.resourceVersion === metadata.resourceVersion;
    },
    onSet(namespace, _, state) {
      store.set(namespace, state);
      options.onNews?.(namespace);
    },
    onDelete(namespace, _, version) {
      store.remove(namespace, version, !options.isAlive(namespace));
      options.onNews?.(namespace);
    },
    *known() {
      for (const namespace of store.namespaces()) yield `${namespace}/${name}`;
    },
  });
  return { store, watch };
}
