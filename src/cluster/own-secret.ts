// A Secret of Pullpass's own, by its name, in its own namespace: every replica watches it, and a write is bound to the version
// that it was made of. One of that name without our mark is left as it is. What it holds goes to whoever asked for it, and
// into no message.
import { FIELD_MANAGER, LABEL_MANAGED_BY, MANAGED_BY } from '../core/names.ts';
import type { Labels } from '../core/selector.ts';
import { type ApiObject, namespacedPath, namespacePath } from './api-object.ts';
import type { Client, Log } from './client.ts';
import type { Time } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';
import { type Watch, watchResource } from './watch.ts';

export interface OwnSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ours: boolean;
  readonly annotations: Labels;
  /** Its data, decoded. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface OwnSecretPlace {
  readonly client: Pick<Client, 'call' | 'stream'>;
  /** The namespace that this Pullpass runs in. */
  readonly namespace: string;
  readonly name: string;
}

export interface OwnSecretOptions extends OwnSecretPlace {
  /** At each version; undefined: it is not there, as of that version. */
  onChange(secret: OwnSecret | undefined, version: string): void;
  onSynced(): void;
  /** Whether it is there as far as the caller knows, who may have written it. */
  isKnown(): boolean;
  readonly time: Time;
  readonly log: Log;
}

export function watchOwnSecret(options: OwnSecretOptions): Watch {
  const { client, namespace, name, time, log, onSynced } = options;
  return watchResource<OwnSecret>({
    client,
    time,
    log,
    resource: 'secrets',
    path: `${namespacePath(namespace)}/secrets`,
    query: { fieldSelector: `metadata.name=${name}` },
    project: readObject,
    onSet: (_, __, secret) => options.onChange(secret, secret.resourceVersion),
    onDelete: (_, __, version) => options.onChange(undefined, version),
    *known() {
      if (options.isKnown()) yield `${namespace}/${name}`;
    },
    onSynced,
  });
}

function readObject({ metadata, data }: ApiObject): OwnSecret {
  const texts = Object.entries(data ?? {}).map(([key, value]): [string, string] => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  return {
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    ours: metadata?.labels?.[LABEL_MANAGED_BY] === MANAGED_BY,
    annotations: metadata?.annotations ?? {},
    texts: new Map(texts),
  };
}

export type OwnSecretRead = { readonly found: OwnSecret } | { readonly absent: true } | { readonly failed: string };

/** As it is now, from the API server itself. */
export async function readOwnSecret({ client, namespace, name }: OwnSecretPlace): Promise<OwnSecretRead> {
  const path = namespacedPath('secrets', namespace, name);
  try {
    const { status, body } = await client.call({ verb: 'get', resource: 'secrets', path, timeoutMs: CALL_MS });
    if (status === 200) return { found: readObject(body as ApiObject) };
    return status === 404 ? { absent: true } : { failed: `the API server answered ${status}` };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

export interface OwnSecretContent {
  /** All that it is to hold; absent: its data stays as it is. */
  readonly texts?: ReadonlyMap<string, string>;
  /** null: to be taken away; those that are not named stay. */
  readonly annotations?: Readonly<Record<string, string | null>>;
}

export type OwnSecretWrite = { readonly written: OwnSecret } | { readonly failed: string; readonly conflict: boolean };

const CALL_MS = 10_000;

/** @param seen the version that is replaced; undefined: create it, and fail if anything is there */
export function writeOwnSecret(
  place: OwnSecretPlace,
  { texts, annotations }: OwnSecretContent,
  seen: Pick<OwnSecret, 'uid' | 'resourceVersion' | 'texts'> | undefined,
): Promise<OwnSecretWrite> {
  const data =
    texts && Object.fromEntries([...texts].map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  if (seen === undefined) return create(place, data ?? {});
  // A merge also takes away what somebody else put in.
  const gone = texts && [...seen.texts.keys()].filter((key) => !texts.has(key)).map((key) => [key, null]);
  const { uid, resourceVersion } = seen;
  return patch(place, 'application/merge-patch+json', {
    metadata: { uid, resourceVersion, ...(annotations && { annotations }) },
    ...(data && { data: { ...data, ...Object.fromEntries(gone ?? []) } }),
  });
}

/** By server-side apply, which is authorised as a create with the name; a version that nothing has makes it create only. */
function create(place: OwnSecretPlace, data: Readonly<Record<string, string>>): Promise<OwnSecretWrite> {
  const { name, namespace } = place;
  const labels = { [LABEL_MANAGED_BY]: MANAGED_BY };
  const metadata = { name, namespace, resourceVersion: '1', labels };
  return patch(place, 'application/apply-patch+yaml', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'Opaque',
    data,
  });
}

/** A uid that is another one's is a 422, and so is what may not be changed. */
const FAILURES: Readonly<Record<number, string>> = {
  404: 'it was deleted at the same time',
  409: 'it was changed at the same time',
  422: 'it was made anew at the same time, or is immutable',
};

async function patch(place: OwnSecretPlace, contentType: string, body: unknown): Promise<OwnSecretWrite> {
  const path = namespacedPath('secrets', place.namespace, place.name);
  const query = { fieldManager: FIELD_MANAGER };
  const call = { verb: 'patch', resource: 'secrets', path, timeoutMs: CALL_MS, contentType, query, body } as const;
  try {
    const answer = await place.client.call(call);
    if (answer.status < 300) return { written: readObject(answer.body as ApiObject) };
    const conflict = answer.status === 409 || answer.status === 404;
    return { failed: FAILURES[answer.status] ?? `the API server answered ${answer.status}`, conflict };
  } catch (error) {
    return { failed: messageOf(error), conflict: false };
  }
}

function messageOf(error: unknown): string {
  if (error instanceof ApiUnavailable) return error.message;
  throw error;
}
