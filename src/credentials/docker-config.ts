// Reads docker configs: `{"auths": {...}}` as docker and kubectl write them, and the older bare map of `.dockercfg`. One bad
// entry never spoils the others. It must never repeat a part of what it reads but keys, and those only through `showKey`;
// the messages of JSON.parse quote the text around an error and are therefore thrown away.
import type { Login } from '../core/credential.ts';
import type { Pattern } from '../core/pattern.ts';
import { fieldOf, isObject, loginOfEntry } from './entry-login.ts';
import { patternOfKey, showKey } from './entry-scope.ts';
import { jsonFault } from './json-fault.ts';
import { findStoredPasswords, type StoredPasswords } from './password-store.ts';

export type DockerConfigFormat = 'auto' | 'dockerconfigjson' | 'dockercfg';

export interface DockerConfigEntry {
  readonly key: string;
  /** What the key stands for. */
  readonly pattern: Pattern;
  readonly login: Login;
}

export interface DockerConfigReading {
  /** In the order of the text, one for each pattern. */
  readonly entries: readonly DockerConfigEntry[];
  readonly problems: readonly string[];
  /** Patterns whose entry is there but cannot be used: not the same as an entry that was taken away. */
  readonly broken: ReadonlySet<string>;
  /** The text as a whole could not be read, so it says nothing about any entry. */
  readonly garbled: boolean;
}

export function readDockerConfig(text: string, format: DockerConfigFormat): DockerConfigReading {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    return garbled(`the docker config is not JSON${jsonFault(text, error)}`);
  }
  if (!isObject(config)) return garbled('the docker config is not a JSON object');
  if (format === 'dockercfg' || (format === 'auto' && isBareMap(config))) return readEntries(config);
  const auths = fieldOf(config, 'auths') ?? {};
  if (!isObject(auths)) return garbled('"auths" of the docker config is not an object');
  const stored = findStoredPasswords(config, auths);
  if (Object.keys(auths).length > 0 || stored.problems.length > 0) return readEntries(auths, stored);
  return { ...readEntries({}), problems: ['the docker config has no entry in "auths"'] };
}

/** The older format has no marker: it is what has none of the newer one's keys and an entry with a login. */
function isBareMap(config: Readonly<Record<string, unknown>>): boolean {
  if (['auths', 'credsStore', 'credHelpers'].some((key) => fieldOf(config, key) !== undefined)) return false;
  return Object.values(config).some(
    (value) =>
      isObject(value) && ['auth', 'username', 'identitytoken'].some((key) => fieldOf(value, key) !== undefined),
  );
}

const NOTHING_STORED: StoredPasswords = { problems: [], keys: new Set() };

function readEntries(
  auths: Readonly<Record<string, unknown>>,
  stored: StoredPasswords = NOTHING_STORED,
): DockerConfigReading {
  const entries = new Map<string, DockerConfigEntry>();
  const problems: string[] = [];
  const broken = new Set<string>();
  for (const [key, value] of Object.entries(auths)) {
    const pattern = patternOfKey(key);
    const login = loginOfEntry(value);
    if (!login.ok && stored.keys.has(key)) continue;
    if (!pattern.ok) problems.push(`key ${showKey(key)} cannot be used: ${pattern.problem}`);
    if (!login.ok) {
      problems.push(`entry ${showKey(key)} cannot be used: ${login.problem}`);
      if (pattern.ok) broken.add(pattern.value.text);
    }
    if (!pattern.ok || !login.ok) continue;
    const twin = entries.get(pattern.value.text);
    if (twin === undefined) entries.set(pattern.value.text, { key, pattern: pattern.value, login: login.value });
    else if (!sameLogin(twin.login, login.value)) {
      problems.push(
        `entries ${showKey(twin.key)} and ${showKey(key)} stand for the same images with two logins, leave one`,
      );
    }
  }
  for (const text of entries.keys()) broken.delete(text);
  return { entries: [...entries.values()], problems: [...problems, ...stored.problems], broken, garbled: false };
}

function sameLogin(a: Login, b: Login): boolean {
  return a.username === b.username && a.password === b.password;
}

function garbled(problem: string): DockerConfigReading {
  return { entries: [], problems: [problem], broken: new Set(), garbled: true };
}
