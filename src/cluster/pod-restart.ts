// Deletes one Pod so that its controller makes another: exactly the one that was seen, told by its uid.
import { namespacePath } from './api-object.ts';
import type { Client } from './client.ts';
import { ApiUnavailable } from './unavailable.ts';

export type RestartOutcome = 'restarted' | 'gone' | 'conflict' | 'forbidden' | 'unavailable';

const TIMEOUT_MS = 10_000;

export async function deletePod(
  client: Pick<Client, 'call'>,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
): Promise<RestartOutcome> {
  try {
    const { status } = await client.call({
      verb: 'delete',
      resource: 'pods',
      path: `${namespacePath(namespace)}/pods/${encodeURIComponent(name)}`,
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
      timeoutMs: TIMEOUT_MS,
    });
    if (status < 300) return 'restarted';
    if (status === 404) return 'gone';
    // Another Pod of that name.
    if (status === 409) return 'conflict';
    return status === 401 || status === 403 ? 'forbidden' : 'unavailable';
  } catch (error) {
    if (error instanceof ApiUnavailable) return 'unavailable';
    throw error;
  }
}
