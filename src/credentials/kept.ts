// The last good login of every credential, as it is kept in one Secret of Pullpass's own namespace: replicas render the same
// from it, and a restart while a source is away forgets nothing. Beside the logins it holds what a credential served, so that
// one whose Secret or file cannot be read after a restart goes on as it was. What cannot be read back is passed over with a
// problem, and never repeated.
import { labelSelector } from '../config/label-settings.ts';
import { parseMatch } from '../config/match.ts';
import type { Credential, Login } from '../core/credential.ts';
import type { Pattern } from '../core/pattern.ts';
import { fieldOf, isObject } from './entry-login.ts';
import type { LoadedCredential } from './labelled-secret.ts';

export interface KeptLogin extends Login {
  /** Milliseconds since the epoch: when a program gave it. */
  readonly obtained?: number;
  /** Milliseconds since the epoch: when it stops to be good, if its source said so. */
  readonly expires?: number;
  /** The key of the answer or file that it was given for, as the text of a pattern: it may stand in for what that covers. */
  readonly key?: string;
  /** What the program was asked with, as a digest. */
  readonly asked?: string;
}

export interface KeptCredential {
  readonly origin: 'configured' | 'docker-config' | 'secret';
  /** Where it came from, as messages say it. */
  readonly where: string;
  /** Of a configured one: the source that gave its logins, as a digest. */
  readonly source?: string;
  /** Of a labelled Secret: which one gave its logins. */
  readonly uid?: string;
  /** What it serves; absent for a configured one, where the configuration says that. */
  readonly scope?: Omit<Credential, 'name' | 'patterns'>;
  /** Its Secret was deleted then, in milliseconds since the epoch. */
  readonly goneSince?: number;
  /** By the text of the pattern. */
  readonly logins: ReadonlyMap<string, KeptLogin>;
}

/** By the name of the credential. */
export type Kept = ReadonlyMap<string, KeptCredential>;

/** The credential as it was, if it can be said what it served. */
export function restore(name: string, { scope, logins }: KeptCredential): LoadedCredential | undefined {
  if (scope === undefined) return undefined;
  const patterns = [...logins.keys()].flatMap((text) => {
    const parsed = parseMatch(text);
    return parsed.ok ? [{ pattern: parsed.value, hasLogin: true }] : [];
  });
  return { credential: { name, patterns, ...scope }, logins };
}

/** Holds fingerprints of the logins that registries refused; no credential can have the name. */
const REFUSED_KEY = '_refused';

/**
 * One JSON text for each credential; equal for equal content. In the order in which it may be left out where there is no room
 * for all, the last first: what a program gave cannot be had again without it, a Secret or file will be read anyway.
 * @param refused fingerprints of logins that registries refused
 */
export function encodeKept(kept: Kept, refused: ReadonlySet<string> = new Set()): ReadonlyMap<string, string> {
  const rows = [...kept].map(([name, one]) => ({
    name,
    text: encodeOne(one),
    rank: one.origin === 'configured' ? 0 : 1,
  }));
  rows.sort((a, b) => a.rank - b.rank || a.text.length - b.text.length || (a.name < b.name ? -1 : 1));
  const texts = new Map(rows.map(({ name, text }) => [name, text]));
  return refused.size === 0 ? texts : new Map([[REFUSED_KEY, JSON.stringify([...refused].sort())], ...texts]);
}

function encodeOne({ origin, where, source, uid, scope, goneSince, logins }: KeptCredential): string {
  const except = scope?.except.map(({ text }) => text);
  const entries = [...logins].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    origin,
    where,
    source,
    uid,
    ...(scope && { scope: { except, namespaces: scope.namespaces } }),
    goneSince,
    logins: Object.fromEntries(
      entries.map(([pattern, { username, password, obtained, expires, key, asked }]) => [
        pattern,
        { username, password, obtained, expires, key, asked },
      ]),
    ),
  });
}

/** @param texts by the name of the credential, as `encodeKept` wrote them */
export function decodeKept(texts: ReadonlyMap<string, string>): {
  readonly kept: Kept;
  readonly refused: ReadonlySet<string>;
  readonly problems: readonly string[];
} {
  const kept = new Map<string, KeptCredential>();
  const problems: string[] = [];
  for (const [name, text] of texts) {
    if (name === REFUSED_KEY) continue;
    const credential = decodeOne(parseJson(text));
    if (credential === undefined) problems.push(`what is kept of credential "${name}" cannot be read`);
    else kept.set(name, credential);
  }
  const refused = parseJson(texts.get(REFUSED_KEY) ?? '');
  return { kept, refused: new Set(Array.isArray(refused) ? refused.filter(isText) : []), problems };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decodeOne(value: unknown): KeptCredential | undefined {
  if (!isObject(value) || !isObject(value.logins)) return undefined;
  const { origin, where, source, uid, scope: written, goneSince } = value;
  if (origin !== 'configured' && origin !== 'docker-config' && origin !== 'secret') return undefined;
  const scope = written === undefined ? undefined : decodeScope(written);
  if (!isText(where) || scope === 'unreadable') return undefined;
  const logins = new Map<string, KeptLogin>();
  for (const [pattern, entry] of Object.entries(value.logins)) {
    const login = decodeLogin(entry);
    if (login !== undefined) logins.set(pattern, login);
  }
  return {
    origin,
    where,
    ...(isText(source) && { source }),
    ...(isText(uid) && { uid }),
    ...(scope && { scope }),
    ...(typeof goneSince === 'number' && { goneSince }),
    logins,
  };
}

/** A scope that cannot be read in full must not come back wider than it was. */
function decodeScope(value: unknown): KeptCredential['scope'] | 'unreadable' {
  if (!isObject(value) || !Array.isArray(value.except)) return 'unreadable';
  const except: Pattern[] = [];
  for (const text of value.except) {
    const parsed = parseMatch(String(text));
    if (!parsed.ok) return 'unreadable';
    except.push(parsed.value);
  }
  if (value.namespaces === undefined) return { except };
  const selector = labelSelector.safeParse(value.namespaces);
  return selector.success ? { except, namespaces: selector.data } : 'unreadable';
}

function decodeLogin(entry: unknown): KeptLogin | undefined {
  if (!isObject(entry)) return undefined;
  const [username, password] = [fieldOf(entry, 'username'), fieldOf(entry, 'password')];
  if (!isText(username) || !isText(password)) return undefined;
  const { obtained, expires, key, asked } = entry;
  return {
    username,
    password,
    ...(typeof obtained === 'number' && { obtained }),
    ...(typeof expires === 'number' && { expires }),
    ...(isText(key) && { key }),
    ...(isText(asked) && { asked }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
