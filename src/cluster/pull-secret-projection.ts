// What is kept of a pull Secret: its marks, the keys of the docker config in it and a digest of its content. No login stays.
// Ten thousand of them hold a handful of contents, so equal parts are one object in memory.
import { createHash } from 'node:crypto';
import { type ObservedPullSecret, readMarks, readPullSecret } from '../core/surroundings.ts';
import type { ApiObject } from './api-object.ts';

export type ProjectPullSecret = (object: ApiObject) => ObservedPullSecret;

/** @param instance the namespace that this Pullpass runs in */
export function newProjection(instance: string): ProjectPullSecret {
  const credentials = newSharing((names: readonly string[]) => names.join());
  const texts = newSharing((text: string) => text);
  const keys = new Map<string, ReadonlySet<string>>();

  function keysOf(digest: string, value: string): ReadonlySet<string> {
    const known = keys.get(digest);
    if (known !== undefined) return known;
    if (keys.size >= SHARED_MAX) keys.clear();
    const read = readKeys(value);
    keys.set(digest, read);
    return read;
  }

  return (object) => {
    const state = readPullSecret(object, instance);
    const value = object.data?.[DATA_KEYS[state.type] ?? ''] ?? '';
    const digest = value === '' ? '' : texts(digestOf(value));
    const { marks, unwantedSince } = readMarks(object.metadata ?? {});
    return {
      ...state,
      type: texts(state.type),
      credentials: credentials(state.credentials),
      digest,
      keys: state.ours ? keysOf(digest, value) : NO_KEYS,
      marks: texts(marks),
      immutable: object.immutable === true,
      leaving: object.metadata?.deletionTimestamp !== undefined,
      unwantedSince,
    };
  };
}

/** @param base64 a value of `data` @returns SHA-256, short: it tells contents apart and proves nothing */
export function digestOf(base64: string): string {
  return createHash('sha256').update(base64).digest('base64url').slice(0, 22);
}

const SHARED_MAX = 1_000;
const NO_KEYS: ReadonlySet<string> = new Set();
const DATA_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

/** The keys of a docker config of either format; what cannot be read has none. */
function readKeys(base64: string): ReadonlySet<string> {
  try {
    const config: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    const entries = typeof config === 'object' && config !== null && 'auths' in config ? config.auths : config;
    return typeof entries === 'object' && entries !== null ? new Set(Object.keys(entries)) : NO_KEYS;
  } catch {
    return NO_KEYS;
  }
}

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
