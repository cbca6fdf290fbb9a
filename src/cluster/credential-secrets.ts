// Watches the labelled Secrets in Pullpass's own namespace, each of which may be a credential. Their data is needed here and
// is passed on as text; it must go nowhere else, and nothing is kept here but which version was reported.
import { LABEL_CREDENTIAL } from '../core/names.ts';
import type { Labels } from '../core/selector.ts';
import { type ApiObject, namespacePath } from './api-object.ts';
import type { Client, Log } from './client.ts';
import type { Time } from './time.ts';
import { type Watch, watchResource } from './watch.ts';

export interface CredentialSecret {
  readonly name: string;
  readonly type: string;
  readonly annotations: Labels;
  /** The docker config in it; undefined when it is of another type or lacks the key of its type. */
  readonly data: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface CredentialSecretsOptions {
  readonly client: Pick<Client, 'call' | 'stream'>;
  /** The namespace that this Pullpass runs in. */
  readonly namespace: string;
  /** Called once for every version of every Secret that is seen. */
  onSecret(secret: CredentialSecret): void;
  onGone(name: string): void;
  /** All that exist now have been reported. */
  onSynced?(): void;
  readonly time: Time;
  readonly log: Log;
}

const KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

export function watchCredentialSecrets(options: CredentialSecretsOptions): Watch {
  const { client, namespace, time, log, onSynced } = options;
  const reported = new Map<string, string>();
  return watchResource<CredentialSecret>({
    client,
    time,
    log,
    resource: 'secrets',
    path: `${namespacePath(namespace)}/secrets`,
    query: { labelSelector: `${LABEL_CREDENTIAL}=enabled` },
    project: readCredentialSecret,
    onSet(_, name, secret) {
      const version = `${secret.uid} ${secret.resourceVersion}`;
      if (reported.get(name) === version) return;
      reported.set(name, version);
      options.onSecret(secret);
    },
    onDelete(_, name) {
      if (reported.delete(name)) options.onGone(name);
    },
    *known() {
      for (const name of reported.keys()) yield `${namespace}/${name}`;
    },
    ...(onSynced && { onSynced }),
  });
}

function readCredentialSecret({ metadata, type = 'Opaque', data }: ApiObject): CredentialSecret {
  const key = KEYS[type];
  const encoded = key === undefined ? undefined : data?.[key];
  return {
    name: metadata?.name ?? '',
    type,
    annotations: metadata?.annotations ?? {},
    data: encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8'),
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
  };
}
