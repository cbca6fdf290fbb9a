// A complete list of one resource, page by page, because one answer with ten thousand objects would hold up every admission
// while it is parsed. The pages are one snapshot: all of them are as of the version that is returned.
import type { ApiList, ApiObject } from './api-object.ts';
import type { Client } from './client.ts';

const PAGE_SIZE = 500;
const PAGE_TIMEOUT_MS = 60_000;

export interface Listing {
  readonly client: Pick<Client, 'call'>;
  readonly resource: string;
  readonly path: string;
  /** fieldSelector, labelSelector. */
  readonly query?: Readonly<Record<string, string>>;
  readonly pageSize?: number;
  /** It may be as old as the API server's cache, which then need not ask etcd. */
  readonly fromCache?: boolean;
  /** Between two pages, for the sake of whatever else this process does. */
  rest?(): Promise<void>;
}

/** The API server answered, but not with what was asked for. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  constructor(what: string, status: number) {
    super(`${what}: the API server answered ${status}`);
    this.status = status;
  }
}

/**
 * @returns the resourceVersion of the whole list
 * @throws ApiUnavailable, or Refused: 410 when the list took longer than its snapshot is kept, it must then begin anew
 */
export async function listAll(
  listing: Listing,
  signal: AbortSignal,
  onObject: (object: ApiObject) => void,
): Promise<string> {
  const { client, resource, path, pageSize = PAGE_SIZE } = listing;
  let token = '';
  for (;;) {
    // A continued list is as of its first page, and must not name a version again.
    const place = token ? { continue: token } : listing.fromCache ? { resourceVersion: '0' } : {};
    const query = { ...listing.query, limit: String(pageSize), ...place };
    const call = { verb: 'list', resource, path, query, signal, timeoutMs: PAGE_TIMEOUT_MS } as const;
    const { status, body } = await client.call(call);
    if (status !== 200) throw new Refused(`list ${resource}`, status);
    const { items, metadata } = body as ApiList;
    for (const item of items ?? []) onObject(item);
    token = metadata?.continue ?? '';
    if (token === '') return metadata?.resourceVersion ?? '';
    await listing.rest?.();
  }
}
