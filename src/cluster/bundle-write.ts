// One write of the caBundles of a webhook configuration. It must never create or replace the configuration, nor touch anything
// else in it: the chart owns it. It is bound to the version that was seen, so that nothing that others write is lost.
import { FIELD_MANAGER } from '../core/names.ts';
import type { BundleOutcome } from '../core/reason.ts';
import type { Client } from './client.ts';
import { ApiUnavailable } from './unavailable.ts';
import {
  type ConfigurationObject,
  type LiveConfiguration,
  pathOf,
  RESOURCE,
  readConfiguration,
  TIMEOUT_MS,
} from './webhook-configuration.ts';

export type BundleWrite =
  | { readonly outcome: 'written'; readonly live: LiveConfiguration }
  | { readonly outcome: Exclude<BundleOutcome, 'written'>; readonly why: string };

/** @param bundles what each entry is to hold; only those that differ are written */
export async function writeBundles(
  client: Pick<Client, 'call'>,
  name: string,
  seen: LiveConfiguration,
  bundles: readonly string[],
  signal: AbortSignal,
): Promise<BundleWrite> {
  const changes = [...bundles.entries()].filter(([index, bundle]) => bundle !== seen.bundles[index]);
  const body = [
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    ...changes.map(([index, bundle]) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: Buffer.from(bundle).toString('base64'),
    })),
  ];
  const call = {
    verb: 'patch',
    resource: RESOURCE,
    path: pathOf(name),
    contentType: 'application/json-patch+json',
  } as const;
  const query = { fieldManager: FIELD_MANAGER };
  try {
    const answer = await client.call({ ...call, query, body, signal, timeoutMs: TIMEOUT_MS });
    if (answer.status === 200)
      return { outcome: 'written', live: readConfiguration(answer.body as ConfigurationObject) };
    return { outcome: outcomeOf(answer.status), why: `the API server answered ${answer.status}` };
  } catch (error) {
    if (!(error instanceof ApiUnavailable)) throw error;
    return { outcome: 'unavailable', why: error.message };
  }
}

export function outcomeOf(status: number): Exclude<BundleOutcome, 'written'> {
  if (status === 404) return 'missing';
  if (status === 401 || status === 403) return 'forbidden';
  // A failed `test` is a 422: somebody wrote in between.
  if (status === 409 || status === 422) return 'conflict';
  return status === 429 || status >= 500 ? 'unavailable' : 'refused';
}
