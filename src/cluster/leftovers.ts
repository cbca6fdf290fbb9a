// What Pullpass made in a cluster and no manifest names, for whoever takes it away. A pull Secret is ours by its mark alone, and
// a delete is bound to the object that was seen.
import {
  AUTHORITY_SECRET_NAME,
  LABEL_INSTANCE,
  LABEL_MANAGED_BY,
  LEASE_NAME,
  LOGINS_SECRET_NAME,
  MANAGED_BY,
} from '../core/names.ts';
import type { Metadata } from '../core/surroundings.ts';
import { namespacedPath, namespacePath } from './api-object.ts';
import type { Client } from './client.ts';
import { type OwnSecretPlace, readOwnSecret } from './own-secret.ts';
import { type Listing, listAll, Refused } from './paged-list.ts';
import { deletePullSecret, type PullSecretPlace } from './pull-secret-writer.ts';
import { ApiUnavailable } from './unavailable.ts';

interface Failed {
  readonly failed: string;
}

export type LeftPullSecret = Omit<PullSecretPlace, 'timeoutMs'>;

export interface Leftovers {
  replicas(): Promise<number | Failed>;
  pullSecrets(name: string): Promise<readonly LeftPullSecret[] | Failed>;
  deletePullSecret(secret: LeftPullSecret): Promise<'deleted' | Failed>;
  deleteOwn(): Promise<OwnDeleted | Failed>;
}

/** In words, such as `the Secret pullpass-ca`. */
interface OwnDeleted {
  readonly deleted: readonly string[];
  /** Of our name, but without our mark: left as they are. */
  readonly foreign: readonly string[];
}

export interface LeftoversOptions {
  readonly client: Pick<Client, 'call' | 'stream'>;
  /** The namespace that this Pullpass runs in. */
  readonly namespace: string;
  /** Label selector of its Pods. */
  readonly selector: string;
}

const TIMEOUT_MS = 10_000;
const LIST_TIMEOUT_MS = 60_000;

export function openLeftovers({ client, namespace, selector }: LeftoversOptions): Leftovers {
  function list<T>(listing: Omit<Listing, 'client'>, read: (metadata: Metadata) => T): Promise<readonly T[] | Failed> {
    return answered(async () => {
      const found: T[] = [];
      const limit = AbortSignal.timeout(LIST_TIMEOUT_MS);
      await listAll({ client, ...listing }, limit, ({ metadata }) => void found.push(read(metadata ?? {})));
      return found;
    });
  }

  return {
    async replicas() {
      const path = `${namespacePath(namespace)}/pods`;
      const pods = await list({ resource: 'pods', path, query: { labelSelector: selector } }, ({ name }) => name);
      return 'failed' in pods ? pods : pods.length;
    },
    pullSecrets(name) {
      const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY},${LABEL_INSTANCE}=${namespace}`;
      const query = { fieldSelector: `metadata.name=${name}`, labelSelector };
      return list({ resource: 'secrets', path: '/api/v1/secrets', query }, (metadata) => {
        const { namespace = '', uid = '', resourceVersion = '' } = metadata;
        return { namespace, name, seen: { uid, resourceVersion } };
      });
    },
    async deletePullSecret(secret) {
      const done = await deletePullSecret(client, { ...secret, timeoutMs: TIMEOUT_MS });
      return done.result === 'deleted' ? 'deleted' : { failed: `namespace ${secret.namespace}: ${done.message}` };
    },
    deleteOwn: () =>
      answered(async () => {
        const own: { deleted: string[]; foreign: string[] } = { deleted: [], foreign: [] };
        for (const name of [LOGINS_SECRET_NAME, AUTHORITY_SECRET_NAME]) {
          const outcome = await deleteOwnSecret({ client, namespace, name });
          if (outcome !== 'absent') own[outcome].push(`the Secret ${name}`);
        }
        const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${LEASE_NAME}`;
        const { status } = await client.call({ verb: 'delete', resource: 'leases', path, timeoutMs: TIMEOUT_MS });
        if (status < 300) own.deleted.push(`the Lease ${LEASE_NAME}`);
        else if (status !== 404) throw new Refused(`delete the Lease ${LEASE_NAME}`, status);
        return own;
      }),
  };
}

async function deleteOwnSecret(place: OwnSecretPlace): Promise<'deleted' | 'foreign' | 'absent'> {
  const { client, namespace, name } = place;
  const what = `the Secret ${name}`;
  const read = await readOwnSecret(place);
  if ('failed' in read) throw new Unreadable(`${what} could not be read: ${read.failed}`);
  if ('absent' in read) return 'absent';
  const { ours, uid, resourceVersion } = read.found;
  if (!ours) return 'foreign';
  const path = namespacedPath('secrets', namespace, name);
  const body = { preconditions: { uid, resourceVersion } };
  const { status } = await client.call({ verb: 'delete', resource: 'secrets', path, body, timeoutMs: TIMEOUT_MS });
  if (status === 404) return 'absent';
  if (status >= 300) throw new Refused(`delete ${what}`, status);
  return 'deleted';
}

class Unreadable extends Error {}

async function answered<T>(act: () => Promise<T>): Promise<T | Failed> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ApiUnavailable || error instanceof Refused || error instanceof Unreadable)
      return { failed: error.message };
    throw error;
  }
}
