// Reads of a command that looks at objects of any kind, with the rights of whoever runs it: what he may not see is an answer too.
// Of a Secret nothing leaves here but its metadata, its type and the keys of the docker config in it.
import { isPullSecretType, readEntries } from '../core/pull-secret.ts';
import type { ApiList } from './api-object.ts';
import type { Client } from './client.ts';
import { dryRunCreate } from './dry-run.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface ObjectPlace {
  readonly group: string;
  readonly version: string;
  /** The plural name. */
  readonly resource: string;
  readonly namespace?: string;
}

type Fields = Readonly<Record<string, unknown>>;

export type Reading<T> =
  | { readonly found: T }
  | { readonly missing: 'absent' }
  | { readonly missing: 'forbidden' }
  | { readonly missing: 'unknown'; readonly why: string };

export type PodAttempt =
  | { readonly lists: readonly string[] }
  | { readonly refused: { readonly status: number; readonly message: string; readonly byRights: boolean } }
  | { readonly not: string };

const TIMEOUT_MS = 10_000;
const LIMIT = '500';
/** Of a namespace, whose ReplicaSets alone may be thousands: ten of each Deployment are kept. */
const PAGES_MAX = 20;
/** What the authorizer says; admission plugins answer 403 too, in words of their own. */
const BY_RIGHTS = /cannot create resource/;

export function openExplained(client: Pick<Client, 'call'>) {
  async function read(
    verb: 'get' | 'list',
    place: ObjectPlace,
    name?: string,
    query: Record<string, string> = {},
  ): Promise<Reading<unknown>> {
    const path = `${pathOf(place)}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
    try {
      const { status, body } = await client.call({
        verb,
        resource: place.resource,
        path,
        query,
        timeoutMs: TIMEOUT_MS,
      });
      if (status === 200) return { found: body };
      if (status === 404) return { missing: 'absent' };
      if (status === 403 || status === 401) return { missing: 'forbidden' };
      return { missing: 'unknown', why: `the API server answered ${status}` };
    } catch (error) {
      return { missing: 'unknown', why: error instanceof ApiUnavailable ? error.message : 'no answer' };
    }
  }

  return {
    get: ({ name, ...place }: ObjectPlace & { readonly name: string }) =>
      read('get', place, name) as Promise<Reading<Fields>>,
    async list(place: ObjectPlace, query: Readonly<Record<string, string>>): Promise<Reading<readonly Fields[]>> {
      const found: Fields[] = [];
      let token = '';
      for (let page = 0; page < PAGES_MAX; page++) {
        const from = token === '' ? {} : { continue: token };
        const answer = await read('list', place, undefined, { ...query, ...from, limit: LIMIT });
        if (!('found' in answer)) return answer;
        const { items, metadata } = answer.found as ApiList;
        found.push(...((items ?? []) as readonly object[] as readonly Fields[]));
        token = metadata?.continue ?? '';
        if (token === '') break;
      }
      return { found };
    },
    async tryPod(namespace: string, pod: object): Promise<PodAttempt> {
      try {
        const path = pathOf({ group: '', version: 'v1', resource: 'pods', namespace });
        const answer = await dryRunCreate(client, path, pod);
        if ('created' in answer) return { lists: listedIn(answer.created) };
        const { status, message } = answer.refused;
        return { refused: { status, message, byRights: status === 403 && BY_RIGHTS.test(message) } };
      } catch (error) {
        return { not: error instanceof ApiUnavailable ? error.message : 'the dry run gave no answer' };
      }
    },
    secretKeys,
    /** The resources of a group in its preferred version, or why they cannot be told. */
    resourcesOf: (group: string) => resourcesOf(client, group),
  };
}

/** Like `kubectl`, so that a name in a manifest addresses nothing else. */
function pathOf({ group, version, resource, namespace }: ObjectPlace): string {
  const root =
    group === ''
      ? `/api/${encodeURIComponent(version)}`
      : `/apis/${encodeURIComponent(group)}/${encodeURIComponent(version)}`;
  return `${root}${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${encodeURIComponent(resource)}`;
}

function listedIn(pod: unknown): readonly string[] {
  const { spec } = (pod ?? {}) as {
    readonly spec?: { readonly imagePullSecrets?: readonly { readonly name?: string }[] | null };
  };
  return (spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
}

function secretKeys({ type, data }: Fields): readonly string[] {
  if (typeof type !== 'string' || !isPullSecretType(type)) return [];
  const value =
    (data as Readonly<Record<string, string>> | undefined)?.[`.${type.slice('kubernetes.io/'.length)}`] ?? '';
  return [...readEntries(Buffer.from(value, 'base64').toString('utf8')).keys()].sort();
}

export interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly shortNames?: readonly string[];
  readonly kind: string;
  readonly version: string;
}

async function resourcesOf(client: Pick<Client, 'call'>, group: string): Promise<readonly ApiResource[]> {
  const path = `/apis/${encodeURIComponent(group)}`;
  const call = { verb: 'get', resource: 'apigroups', timeoutMs: TIMEOUT_MS } as const;
  const { status, body } = await client.call({ ...call, path });
  const version = (body as { readonly preferredVersion?: { readonly version?: string } } | undefined)?.preferredVersion
    ?.version;
  if (status !== 200 || version === undefined) return [];
  const listed = await client.call({ ...call, path: `${path}/${encodeURIComponent(version)}` });
  const { resources } = (listed.body ?? {}) as { readonly resources?: readonly Omit<ApiResource, 'version'>[] };
  return (resources ?? []).filter(({ name }) => !name.includes('/')).map((resource) => ({ ...resource, version }));
}
