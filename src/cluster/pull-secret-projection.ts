// What is kept of a pull Secret: its marks, the keys of the docker config in it and a digest of its content. No login stays.
// Ten thousand of them hold a handful of contents, so equal parts are one object in memory.
import { createHash } from 'node:crypto';
import { entryDigests } from '../core/rendering.ts';
import { type ObservedPullSecret, readMarks, readPullSecret } from '../core/surroundings.ts';
import type { ApiObject } from './api-object.ts';

type Content = Pick<ObservedPullSecret, 'keys' | 'entries'>;

export type ProjectPullSecret = (object: ApiObject) => ObservedPullSecret;

/** @param instance the namespace that this Pullpass runs in */
export function newProjection(instance: string): ProjectPullSecret {
  const credentials = newSharing((names: readonly string[]) => names.join());
  const texts = newSharing((text: string) => text);
  const contents = new Map<string, Content>();

  function contentOf(digest: string, value: string): Content {
    const known = contents.get(digest);
    if (known !== undefined) return known;
    if (contents.size >= SHARED_MAX) contents.clear();
    const entries = entryDigests(Buffer.from(value, 'base64').toString(), digestOf);
    const content = { keys: new Set(entries.keys()), entries };
    contents.set(digest, content);
    return content;
  }

  return (object) => {
    const state = readPullSecret(object, instance);
    const value = object.data?.[DATA_KEYS[state.type] ?? ''] ?? '';
    const digest = value === '' ? '' : texts(digestOf(value));
    const { marks, unwantedSince } = readMarks(object.metadata ?? {});
    const created = Date.parse(object.metadata?.creationTimestamp ?? '');
    return {
      ...state,
      type: texts(state.type),
      credentials: credentials(state.credentials),
      digest,
      ...(state.ours ? contentOf(digest, value) : NOTHING),
      marks: texts(marks),
      immutable: object.immutable === true,
      leaving: object.metadata?.deletionTimestamp !== undefined,
      unwantedSince,
      ...(!Number.isNaN(created) && { created }),
    };
  };
}

/** @param text a value of `data`, or an entry of it @returns SHA-256, short: it tells contents apart and proves nothing */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

const SHARED_MAX = 1_000;
const NOTHING: Content = { keys: new Set(), entries: new Map() };
const DATA_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

function newSharing<T>(textOf: (value: T) => string): (value: T) => T {
  const seen = new Map<string, T>();
  return (value) => {
    const text = textOf(value);
    const first = seen.get(text);
    if (first !== undefined) return first;
    if (seen.size >= SHARED_MAX) seen.clear();
    seen.set(text, value);
    return value;
  };
}
