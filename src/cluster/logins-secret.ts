// The one Secret in Pullpass's own namespace that holds the last good login of every credential. Every replica watches it,
// the elected one writes it, bound to the version that it saw. A Secret of that name without our mark is left as it is.
// Its data goes to whoever watches, and into no message.
import {
  ANNOTATION_CONFIRM_REMOVAL,
  ANNOTATION_HELD_REMOVALS,
  FIELD_MANAGER,
  LABEL_MANAGED_BY,
  LOGINS_SECRET_NAME,
  MANAGED_BY,
} from '../core/names.ts';
import { type ApiObject, namespacedPath, namespacePath } from './api-object.ts';
import type { Client, Log } from './client.ts';
import type { Time } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';
import { type Watch, watchResource } from './watch.ts';

export interface LoginsSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ours: boolean;
  /** What it holds, by the name of the credential. */
  readonly texts: ReadonlyMap<string, string>;
  /** How many removals somebody confirmed; 0 without the annotation. */
  readonly confirmedRemovals: number;
  /** How many removals were waiting when that was last noted. */
  readonly heldRemovals: number;
}

export interface LoginsSecretOptions {
  readonly client: Pick<Client, 'call' | 'stream'>;
  /** The namespace that this Pullpass runs in. */
  readonly namespace: string;
  /** At each version; undefined: it is not there, as of that version. */
  onChange(secret: LoginsSecret | undefined, version: string): void;
  onSynced(): void;
  readonly time: Time;
  readonly log: Log;
}

const WRITE_MS = 10_000;

export function watchLoginsSecret(options: LoginsSecretOptions): Watch {
  const { client, namespace, time, log, onSynced } = options;
  let held: string | undefined;
  return watchResource<LoginsSecret>({
    client,
    time,
    log,
    resource: 'secrets',
    path: `${namespacePath(namespace)}/secrets`,
    query: { fieldSelector: `metadata.name=${LOGINS_SECRET_NAME}` },
    project: readLoginsSecret,
    onSet(_, name, secret) {
      held = name;
      options.onChange(secret, secret.resourceVersion);
    },
    onDelete(_, __, version) {
      if (held === undefined) return;
      held = undefined;
      options.onChange(undefined, version);
    },
    *known() {
      if (held !== undefined) yield `${namespace}/${held}`;
    },
    onSynced,
  });
}

function readLoginsSecret({ metadata, data }: ApiObject): LoginsSecret {
  const texts = Object.entries(data ?? {}).map(([key, value]): [string, string] => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  const numberIn = (annotation: string): number => {
    const text = metadata?.annotations?.[annotation] ?? '';
    return /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  };
  return {
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    ours: metadata?.labels?.[LABEL_MANAGED_BY] === MANAGED_BY,
    texts: new Map(texts),
    confirmedRemovals: numberIn(ANNOTATION_CONFIRM_REMOVAL),
    heldRemovals: numberIn(ANNOTATION_HELD_REMOVALS),
  };
}

export type LoginsWrite = { readonly written: LoginsSecret } | { readonly failed: string };

/** @param seen the version that is replaced; undefined: create it, and fail if anything is there */
export async function writeLoginsSecret(
  client: Pick<Client, 'call'>,
  namespace: string,
  texts: ReadonlyMap<string, string>,
  seen: LoginsSecret | undefined,
): Promise<LoginsWrite> {
  const data = Object.fromEntries([...texts].map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  if (seen === undefined) return createLoginsSecret(client, namespace, data);
  // A merge also takes away what somebody else put in: a key that stays would be another credential's after a restart.
  const gone = [...seen.texts.keys()].filter((key) => !texts.has(key)).map((key) => [key, null]);
  const { uid, resourceVersion } = seen;
  return patch(client, namespace, {
    contentType: 'application/merge-patch+json',
    query: { fieldManager: FIELD_MANAGER },
    body: { metadata: { uid, resourceVersion }, data: { ...data, ...Object.fromEntries(gone) } },
  });
}

/** By server-side apply, which is authorised as a create with the name; a version that nothing has makes it create only. */
function createLoginsSecret(
  client: Pick<Client, 'call'>,
  namespace: string,
  data: Readonly<Record<string, string>>,
): Promise<LoginsWrite> {
  const labels = { [LABEL_MANAGED_BY]: MANAGED_BY };
  const metadata = { name: LOGINS_SECRET_NAME, namespace, resourceVersion: '1', labels };
  return patch(client, namespace, {
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager: FIELD_MANAGER },
    body: { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data },
  });
}

/** Takes a confirmation back, which is good for one pass, and notes how many removals are waiting; 0: none. */
export function noteRemovals(
  client: Pick<Client, 'call'>,
  namespace: string,
  { uid, resourceVersion }: LoginsSecret,
  held: number,
): Promise<LoginsWrite> {
  const annotations = { [ANNOTATION_CONFIRM_REMOVAL]: null, [ANNOTATION_HELD_REMOVALS]: held === 0 ? null : `${held}` };
  return patch(client, namespace, {
    contentType: 'application/merge-patch+json',
    query: { fieldManager: FIELD_MANAGER },
    body: { metadata: { uid, resourceVersion, annotations } },
  });
}

async function patch(
  client: Pick<Client, 'call'>,
  namespace: string,
  call: { readonly contentType: string; readonly query: Readonly<Record<string, string>>; readonly body: unknown },
): Promise<LoginsWrite> {
  const path = namespacedPath('secrets', namespace, LOGINS_SECRET_NAME);
  try {
    const answer = await client.call({ verb: 'patch', resource: 'secrets', path, timeoutMs: WRITE_MS, ...call });
    if (answer.status < 300) return { written: readLoginsSecret(answer.body as ApiObject) };
    // A uid that is another one's is a 422.
    const conflict = answer.status === 409 || answer.status === 422;
    return {
      failed: conflict ? 'it was changed at the same time' : `the API server answered ${answer.status}`,
    };
  } catch (error) {
    if (!(error instanceof ApiUnavailable)) throw error;
    return { failed: error.message };
  }
}
