// The pull Secret: a pure function of the credentials, their logins and the labels of the namespace, so that every
// replica renders the same bytes. Nothing is written that was not first read back as the kubelet would read it: one
// malformed entry would break every pull of a Pod, also of its public images.
import type { Credential, Login, Logins } from './credential.ts';
import { planKeys } from './key-plan.ts';
import {
  ANNOTATION_CREDENTIALS,
  ANNOTATION_UNWANTED_SINCE,
  LABEL_INSTANCE,
  LABEL_MANAGED_BY,
  MANAGED_BY,
} from './names.ts';
import type { Candidate } from './policy.ts';
import type { Labels } from './selector.ts';

export type PullSecretType = 'kubernetes.io/dockerconfigjson' | 'kubernetes.io/dockercfg';

/** What an administrator chose for every pull Secret. */
export interface PullSecretSettings {
  readonly name: string;
  readonly type: PullSecretType;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** The namespace of this Pullpass, part of the mark. */
  readonly instance: string;
}

export interface PullSecretContent {
  readonly type: PullSecretType;
  readonly dataKey: '.dockerconfigjson' | '.dockercfg';
  /** The JSON text, not yet base64. */
  readonly value: string;
  /** Every credential of the namespace that has a login, sorted. */
  readonly credentials: readonly string[];
  /** Credentials with a login that the kubelet could not read; it was left out, the others are served. */
  readonly unreadable: readonly string[];
  /** What each key stands for, in the order of the text. */
  readonly keys: ReadonlyMap<string, Candidate>;
}

/** A Secret may hold 1 MiB; the rest is room for what the API server adds. */
export const CONTENT_MAX_BYTES = 900 * 1024;

const DATA_KEYS = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
} as const;

export function isPullSecretType(type: string): type is PullSecretType {
  return Object.hasOwn(DATA_KEYS, type);
}

/** @returns undefined if it would be too large, or the host globs overlap in too many ways */
export function renderPullSecret(
  credentials: readonly Credential[],
  logins: Logins,
  type: PullSecretType,
): PullSecretContent | undefined {
  const keys = planKeys(credentials);
  if (keys === undefined) return undefined;
  const auths: Record<string, unknown> = {};
  const written = new Map<string, Candidate>();
  const unreadable = new Set<string>();
  for (const { key, candidate } of keys) {
    const { name } = candidate.credential;
    const login = logins(name, candidate.pattern);
    if (login === undefined) continue;
    const entry = encodeLogin(login);
    if (!readsBack(entry, login)) unreadable.add(name);
    else {
      auths[key] = entry;
      written.set(key, candidate);
    }
  }
  const value = JSON.stringify(type === 'kubernetes.io/dockercfg' ? auths : { auths });
  if (Buffer.byteLength(value) > CONTENT_MAX_BYTES) return undefined;
  const named = credentials.filter((credential) => credential.patterns.some(({ hasLogin }) => hasLogin));
  return {
    type,
    dataKey: DATA_KEYS[type],
    value,
    credentials: named.map(({ name }) => name).sort(),
    unreadable: [...unreadable].sort(),
    keys: written,
  };
}

/** The entries of a docker config of either format by their key; none if it cannot be read. */
export function readEntries(value: string): ReadonlyMap<string, unknown> {
  try {
    const config: unknown = JSON.parse(value);
    const entries = typeof config === 'object' && config !== null && 'auths' in config ? config.auths : config;
    return typeof entries === 'object' && entries !== null ? new Map(Object.entries(entries)) : new Map();
  } catch {
    return new Map();
  }
}

/**
 * The text of the content together with entries of what is there now.
 * @param keys of the entries that are carried over
 * @returns undefined if it would be too large
 */
export function withCarried(content: PullSecretContent, present: string, keys: readonly string[]): string | undefined {
  const there = readEntries(present);
  const carried = keys.flatMap((key): [string, unknown][] => {
    const entry = there.get(key);
    return isReadable(entry) ? [[key, entry]] : [];
  });
  const auths = Object.fromEntries([...readEntries(content.value), ...carried]);
  const value = JSON.stringify(content.type === 'kubernetes.io/dockercfg' ? auths : { auths });
  return Buffer.byteLength(value) > CONTENT_MAX_BYTES ? undefined : value;
}

/** Whether it is as we write entries: one that the kubelet cannot read fails every pull of a Pod. */
export function isReadable(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  if (!Object.values(entry).every((field) => typeof field === 'string')) return false;
  const { auth = '' } = entry as { readonly auth?: string };
  const text = Buffer.from(auth, 'base64');
  return text.toString('base64') === auth && text.indexOf(':') > 0;
}

interface LoginEntry {
  readonly username: string;
  readonly password: string;
  readonly auth: string;
}

/** As `kubectl create secret docker-registry` writes it: the kubelet reads `auth`, some build tools only the others. */
function encodeLogin({ username, password }: Login): LoginEntry {
  return { username, password, auth: Buffer.from(`${username}:${password}`).toString('base64') };
}

/** The kubelet's way (pkg/credentialprovider/config.go): base64, then cut at the first colon. */
function readsBack({ auth }: LoginEntry, { username, password }: Login): boolean {
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  return username !== '' && text.slice(0, colon) === username && text.slice(colon + 1) === password;
}

/** Labels and annotations of a pull Secret; ours win over the administrator's, or the mark could be lost. */
export function pullSecretMetadata(
  settings: PullSecretSettings,
  content: Pick<PullSecretContent, 'credentials'>,
  unwantedSince?: number,
): { readonly labels: Labels; readonly annotations: Labels } {
  return {
    labels: { ...settings.labels, [LABEL_MANAGED_BY]: MANAGED_BY, [LABEL_INSTANCE]: settings.instance },
    annotations: {
      ...settings.annotations,
      [ANNOTATION_CREDENTIALS]: content.credentials.join(','),
      ...(unwantedSince === undefined ? {} : { [ANNOTATION_UNWANTED_SINCE]: new Date(unwantedSince).toISOString() }),
    },
  };
}
