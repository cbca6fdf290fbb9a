// Writes and deletes one pull Secret. A write is a server-side apply that creates what is missing, or rewrites exactly the
// object that was seen; what somebody else did meanwhile is a conflict. Force only settles who owns a field of the object
// that was seen. It must never send `stringData`, which overwrites a foreign Secret silently, and no message holds what the
// API server said: that may quote the data.
import { FIELD_MANAGER } from '../core/names.ts';
import type { Labels } from '../core/selector.ts';
import type { ObservedPullSecret } from '../core/surroundings.ts';
import { type ApiObject, type ApiStatus, namespacedPath } from './api-object.ts';
import type { Answer, Client } from './client.ts';
import type { ProjectPullSecret } from './pull-secret-projection.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface PullSecretWrite {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** Values in base64. */
  readonly data: Readonly<Record<string, string>>;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** The object to rewrite; absent: create, and only if there is none. */
  readonly seen?: { readonly uid: string; readonly resourceVersion: string };
  /** Takes fields that others have changed since; only with `seen`. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

export type WriteFailure = 'conflict' | 'terminating' | 'quota' | 'forbidden' | 'unavailable' | 'deadline' | 'invalid';

export type WriteResult =
  | { readonly result: 'written'; readonly state: ObservedPullSecret }
  | { readonly result: WriteFailure; readonly message: string };

/** An apply that carries this version creates what is missing and is a conflict when anything is there. */
const CREATE_ONLY = '1';

export async function writePullSecret(
  client: Pick<Client, 'call'>,
  project: ProjectPullSecret,
  write: PullSecretWrite,
): Promise<WriteResult> {
  const { namespace, name, type, data, labels, annotations, seen, signal, timeoutMs } = write;
  const force = write.force && seen !== undefined;
  const { uid, resourceVersion } = seen ?? { resourceVersion: CREATE_ONLY };
  const metadata = { name, namespace, ...(uid && { uid }), resourceVersion, labels, annotations };
  try {
    const answer = await client.call({
      verb: 'patch',
      resource: 'secrets',
      path: namespacedPath('secrets', namespace, name),
      query: { fieldManager: FIELD_MANAGER, ...(force && { force: 'true' }) },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: 'v1', kind: 'Secret', metadata, type, data },
      ...(signal && { signal }),
      timeoutMs,
    });
    if (answer.status >= 300) return refusalOf(answer);
    return { result: 'written', state: project(answer.body as ApiObject) };
  } catch (error) {
    return noAnswer(error);
  }
}

/** Exactly one object, and nothing that was made of it since. */
export interface PullSecretPlace {
  readonly namespace: string;
  readonly name: string;
  readonly seen: { readonly uid: string; readonly resourceVersion: string };
  readonly timeoutMs: number;
}

export type ReadResult =
  | { readonly result: 'read'; readonly value: string }
  | { readonly result: WriteFailure; readonly message: string };

const NOT_THE_SAME = {
  result: 'conflict',
  message: 'the pull Secret was not written: it is not the object that was seen',
} as const;

/** The docker config in it, logins and all: for who writes it back, and for nobody else. */
export async function readPullSecretValue(
  client: Pick<Client, 'call'>,
  { namespace, name, seen, timeoutMs }: PullSecretPlace,
): Promise<ReadResult> {
  try {
    const path = namespacedPath('secrets', namespace, name);
    const answer = await client.call({ verb: 'get', resource: 'secrets', path, timeoutMs });
    if (answer.status === 404) return NOT_THE_SAME;
    if (answer.status >= 300) return refusalOf(answer);
    const { metadata, type = '', data } = answer.body as ApiObject;
    if (metadata?.uid !== seen.uid || metadata.resourceVersion !== seen.resourceVersion) return NOT_THE_SAME;
    const key = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson';
    return { result: 'read', value: Buffer.from(data?.[key] ?? '', 'base64').toString('utf8') };
  } catch (error) {
    return noAnswer(error);
  }
}

export type DeleteResult = { readonly result: 'deleted' } | { readonly result: WriteFailure; readonly message: string };

export async function deletePullSecret(
  client: Pick<Client, 'call'>,
  { namespace, name, seen, timeoutMs }: PullSecretPlace,
): Promise<DeleteResult> {
  const { uid, resourceVersion } = seen;
  try {
    const answer = await client.call({
      verb: 'delete',
      resource: 'secrets',
      path: namespacedPath('secrets', namespace, name),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
      timeoutMs,
    });
    // Who finds it gone has what was wanted.
    if (answer.status < 300 || answer.status === 404) return { result: 'deleted' };
    return refusalOf(answer);
  } catch (error) {
    return noAnswer(error);
  }
}

function noAnswer(error: unknown): { readonly result: WriteFailure; readonly message: string } {
  if (!(error instanceof ApiUnavailable)) throw error;
  const late = error.kind === 'timeout' || error.kind === 'aborted';
  return { result: late ? 'deadline' : 'unavailable', message: error.message };
}

/** What the API server's refusal means; its own words are read, but not passed on. */
function refusalOf({ status, body }: Answer): { readonly result: WriteFailure; readonly message: string } {
  const { message = '', details } = (body ?? {}) as ApiStatus;
  const causes = details?.causes ?? [];
  if (status === 409) {
    const managers = causes.some(({ reason }) => reason === 'FieldManagerConflict');
    const why = managers ? 'another field manager holds a part of it' : 'it is not the object that was seen';
    return { result: 'conflict', message: `the pull Secret was not written: ${why}` };
  }
  // Another object of the same name: mostly a 409 too, but a 422 when its version happens to be the one that was sent.
  if (status === 422 && causes.some(({ field }) => field === 'metadata.uid')) {
    return NOT_THE_SAME;
  }
  if (causes.some(({ reason }) => reason === 'NamespaceTerminating')) {
    return { result: 'terminating', message: 'the namespace is being deleted' };
  }
  if (status === 404) return { result: 'terminating', message: 'the namespace is gone' };
  if (status === 403 && /exceeded quota|unknown for quota/.test(message)) {
    return { result: 'quota', message: 'a quota of the namespace forbids another Secret' };
  }
  if (status === 401 || status === 403) return { result: 'forbidden', message: forbidden(status, message) };
  if (status === 429 || status >= 500) {
    return { result: 'unavailable', message: `the API server answered ${status}` };
  }
  const fields = causes.flatMap(({ field }) => (field && /^[\w.[\]-]{1,80}$/.test(field) ? [field] : []));
  return {
    result: 'invalid',
    message: `the API server answered ${status}${fields.length ? `: ${fields.join()}` : ''}`,
  };
}

function forbidden(status: number, message: string): string {
  const webhook = /^admission webhook "([a-z0-9.-]{1,253})" denied/.exec(message)?.[1];
  if (webhook) return `the admission webhook ${webhook} denied the write`;
  return `the API server answered ${status}, check the rights of the ServiceAccount of Pullpass`;
}
