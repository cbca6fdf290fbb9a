// What `pullpass check` reads of a cluster, each answer as a value: a person with few rights, or an API server that is away for a
// moment, costs a line of the page and not the page.

import type { ApiList } from './api-object.ts';
import { namespacePath } from './api-object.ts';
import type { Call, Client } from './client.ts';
import { dryRunCreate } from './dry-run.ts';
import { type Listing, listAll, Refused } from './paged-list.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface Act {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Place {
  readonly group?: string;
  readonly version?: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly labels?: string;
  readonly fields?: string;
  readonly metadataOnly?: boolean;
  readonly most?: number;
}

export type Unread = { readonly forbidden: Act } | { readonly unavailable: string };
export type Reading<T> = { readonly found: T } | { readonly absent: true } | Unread;

const TIMEOUT_MS = 10_000;
const LIST_TIMEOUT_MS = 60_000;
const REVIEWS = '/apis/authorization.k8s.io/v1';

export function openCheckReads(client: Pick<Client, 'call'>) {
  async function get(path: string, act: Act, accept?: string): Promise<Reading<unknown>> {
    return answered(act, async () => {
      const call = { verb: 'get', resource: act.resource, path, timeoutMs: TIMEOUT_MS } as const;
      const { status, body } = await client.call({ ...call, ...(accept !== undefined && { accept }) });
      if (status !== 200) throw new Refused(`get ${act.resource}`, status);
      return body;
    });
  }

  return {
    document: (path: string) => get(path, { verb: 'get', group: '', resource: path }),
    get: (place: Place) => get(pathOf(place), actOf('get', place), acceptOf(place)),
    list<T>(place: Place, keep: (object: unknown) => T | undefined): Promise<Reading<readonly T[]>> {
      return answered(actOf('list', place), () => listOf(client, place, keep));
    },
    may(act: Act, as?: string): Promise<Reading<boolean>> {
      const resource = as === undefined ? 'selfsubjectaccessreviews' : 'subjectaccessreviews';
      return answered({ verb: 'create', group: 'authorization.k8s.io', resource }, () =>
        review(client, resource, act, as),
      );
    },
    async dryRunPod(namespace: string, pod: object) {
      try {
        return await dryRunCreate(client, `${namespacePath(namespace)}/pods`, pod);
      } catch (error) {
        if (error instanceof ApiUnavailable) return { unavailable: error.message };
        throw error;
      }
    },
  };
}

async function listOf<T>(
  client: Pick<Client, 'call'>,
  place: Place,
  keep: (object: unknown) => T | undefined,
): Promise<readonly T[]> {
  const { labels: labelSelector, fields: fieldSelector, resource, most } = place;
  const query = { ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) };
  const accept = acceptOf(place);
  const listing = {
    client: { call: (call: Call) => client.call({ ...call, ...(accept !== undefined && { accept }) }) },
    ...{ resource, path: pathOf(place), query },
  };
  const kept: T[] = [];
  const take = (object: unknown): void => {
    const one = keep(object);
    if (one !== undefined) kept.push(one);
  };
  const limit = AbortSignal.timeout(LIST_TIMEOUT_MS);
  if (most === undefined) await listAll(listing, limit, take);
  else await listFirst(listing, most, take);
  return kept;
}

async function listFirst({ client, resource, path, query }: Listing, most: number, take: (object: unknown) => void) {
  const call = { verb: 'list', resource, path, query: { ...query, limit: `${most}` }, timeoutMs: TIMEOUT_MS } as const;
  const { status, body } = await client.call(call);
  if (status !== 200) throw new Refused(`list ${resource}`, status);
  for (const item of (body as ApiList).items ?? []) take(item);
}

/** Of Secrets, without what they hold. */
function acceptOf({ metadataOnly, name }: Place): string | undefined {
  const kind = name === undefined ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return metadataOnly ? `application/json;as=${kind};g=meta.k8s.io;v=v1` : undefined;
}

async function review(client: Pick<Client, 'call'>, resource: string, act: Act, as: string | undefined) {
  const { verb, group, resource: what, namespace, name } = act;
  const resourceAttributes = { verb, group, resource: what, ...(namespace && { namespace }), ...(name && { name }) };
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: as === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview',
    spec: { resourceAttributes, ...(as !== undefined && { user: as, groups: groupsOf(as) }) },
  };
  const path = `${REVIEWS}/${resource}`;
  const answer = await client.call({ verb: 'create', resource, path, body, timeoutMs: TIMEOUT_MS });
  if (answer.status >= 300) throw new Refused(`create ${resource}`, answer.status);
  return (answer.body as { status?: { allowed?: boolean } }).status?.allowed === true;
}

/** Those that the API server puts a ServiceAccount into; roles are bound to them too. */
function groupsOf(user: string): readonly string[] {
  const namespace = user.split(':')[2] ?? '';
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
}

function pathOf({ group = '', version = 'v1', resource, namespace, name }: Place): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${base}${within}/${resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

function actOf(verb: string, { group = '', resource, namespace, name, fields }: Place): Act {
  // A list of one name is allowed by a right on that name.
  const only = name ?? /^metadata\.name=(.+)$/.exec(fields ?? '')?.[1];
  return {
    verb,
    group,
    resource,
    ...(namespace !== undefined && { namespace }),
    ...(only !== undefined && { name: only }),
  };
}

async function answered<T>(act: Act, ask: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { found: await ask() };
  } catch (error) {
    if (error instanceof ApiUnavailable) return { unavailable: error.message };
    if (!(error instanceof Refused)) throw error;
    if (error.status === 404) return { absent: true };
    return error.status === 403 ? { forbidden: act } : { unavailable: error.message };
  }
}
