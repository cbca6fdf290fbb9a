// Asks the API server what would become of an object, with all that stands in its way: the only way to know whether the webhook
// is called without guessing what its conditions mean. A dry run writes nothing, neither there nor in Pullpass.
import type { ApiStatus } from './api-object.ts';
import type { Client } from './client.ts';

export type DryRun =
  /** As it would be stored. */
  | { readonly created: unknown }
  /** Status and words of the API server. */
  | { readonly refused: { readonly status: number; readonly message: string } };

const TIMEOUT_MS = 35_000;

/** @param path of the collection, such as /api/v1/namespaces/shop/pods @throws ApiUnavailable */
export async function dryRunCreate(client: Pick<Client, 'call'>, path: string, object: object): Promise<DryRun> {
  const resource = path.split('/').at(-1) ?? '';
  const query = { dryRun: 'All' };
  const call = { verb: 'create', resource, path, query, body: object, timeoutMs: TIMEOUT_MS } as const;
  const { status, body } = await client.call(call);
  if (status === 200 || status === 201) return { created: body };
  const { message = `the API server answered ${status}` } = (body ?? {}) as ApiStatus & { message?: string };
  return { refused: { status, message } };
}
