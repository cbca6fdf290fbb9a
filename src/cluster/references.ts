// Every Pod, workload and ServiceAccount that lists one of the pull Secrets, in pages, by the rights of whoever asks. A kind that may
// not be listed is told, and keeps no other from being looked at.
import { KNOWN_WORKLOADS } from '../core/workload.ts';
import type { ApiObject } from './api-object.ts';
import type { Client } from './client.ts';
import { listAll, Refused } from './paged-list.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface ReferencesOptions {
  readonly client: Pick<Client, 'call'>;
  /** Of the pull Secret. */
  readonly names: readonly string[];
  /** Absent: all. */
  readonly namespace?: string;
  readonly onKind: (kind: string) => void;
}

export interface FoundReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly pullSecret: string;
  readonly controller?: string;
}

export interface FoundReferences {
  readonly found: readonly FoundReference[];
  readonly unlisted: readonly { readonly kind: string; readonly why: string }[];
}

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly resource: string;
  /** To what holds `imagePullSecrets`. */
  readonly place: readonly string[];
}

interface Referring extends ApiObject {
  readonly metadata?: ApiObject['metadata'] & {
    readonly ownerReferences?:
      | readonly { readonly controller?: boolean; readonly kind?: string; readonly name?: string }[]
      | null;
  };
}

/** Every kind that is known by name has the version v1, and its plural by adding an s. */
const KINDS: readonly Kind[] = [
  { kind: 'ServiceAccount', group: '', resource: 'serviceaccounts', place: [] },
  ...KNOWN_WORKLOADS.map(({ kind, group, podSpec }) => ({
    ...{ kind, group, place: podSpec },
    resource: `${kind.toLowerCase()}s`,
  })),
];

export async function findReferences(options: ReferencesOptions): Promise<FoundReferences> {
  const found: FoundReference[] = [];
  const unlisted: { kind: string; why: string }[] = [];
  let gone: string | undefined;
  for (const kind of KINDS) {
    const { resource } = kind;
    if (gone === undefined) options.onKind(resource);
    const result = gone === undefined ? await look(kind, options, (one) => found.push(one)) : { gone };
    // Nobody waits for each of ten kinds of a cluster that does not answer.
    if ('gone' in result) gone = result.gone;
    const why = 'gone' in result ? result.gone : result.refused;
    if (why !== undefined) unlisted.push({ kind: resource, why });
  }
  return { found, unlisted };
}

/** refused: why it could not be listed; gone: why nothing can. */
async function look(
  { kind, group, resource, place }: Kind,
  { client, names, namespace }: ReferencesOptions,
  onReference: (reference: FoundReference) => void,
): Promise<{ readonly refused?: string } | { readonly gone: string }> {
  const root = group === '' ? '/api/v1' : `/apis/${group}/v1`;
  const path = `${root}${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${resource}`;
  try {
    await listAll({ client, resource, path }, new AbortController().signal, (object: Referring) => {
      for (const pullSecret of listed(object, place)) {
        if (names.includes(pullSecret)) onReference(referenceOf(kind, object, pullSecret));
      }
    });
    return {};
  } catch (error) {
    if (error instanceof Refused) return { refused: error.status === 403 ? 'you may not list them' : error.message };
    if (error instanceof ApiUnavailable) return { gone: error.message };
    throw error;
  }
}

function listed(object: object, place: readonly string[]): ReadonlySet<string> {
  const holder = place.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  const list = (holder as ApiObject | undefined)?.imagePullSecrets ?? [];
  return new Set(list.flatMap((entry) => entry?.name ?? []));
}

function referenceOf(kind: string, { metadata }: Referring, pullSecret: string): FoundReference {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  return {
    kind,
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    pullSecret,
    ...(owner !== undefined && { controller: `${owner.kind} ${owner.name}` }),
  };
}
