// Docker configs that keep their passwords elsewhere: `credsStore` and `credHelpers` name programs of the machine where
// `docker login` was run. Nothing in a cluster can read them, so the message is the command that brings the login over.
import { LABEL_CREDENTIAL } from '../core/names.ts';
import { credentialNameOf } from './credential-name.ts';
import { fieldOf, isObject, loginOfEntry } from './entry-login.ts';
import { patternOfKey } from './entry-scope.ts';

export interface StoredPasswords {
  readonly problems: readonly string[];
  /** The keys whose empty entries these problems explain. */
  readonly keys: ReadonlySet<string>;
}

export function findStoredPasswords(
  config: Readonly<Record<string, unknown>>,
  auths: Readonly<Record<string, unknown>>,
): StoredPasswords {
  const helpers = fieldOf(config, 'credHelpers');
  const store = fieldOf(config, 'credsStore');
  const helped = isObject(helpers) ? Object.keys(helpers) : [];
  const stored = typeof store === 'string' && store !== '' ? Object.keys(auths) : [];
  const problems = new Map<string, string>();
  const keys = new Set<string>();
  for (const key of [...helped, ...stored]) {
    const entry = loginOfEntry(auths[key] ?? {});
    if (entry.ok || !('empty' in entry)) continue;
    const pattern = patternOfKey(key);
    if (!pattern.ok || pattern.value.text.includes('*')) continue;
    keys.add(key);
    const place = helped.includes(key) ? 'credHelpers' : 'credsStore';
    problems.set(pattern.value.text, storeProblem(pattern.value.text, credentialNameOf(pattern.value), place));
  }
  if (problems.size === 0 && typeof store === 'string' && store !== '' && Object.keys(auths).length === 0) {
    problems.set('', storeProblem('HOST', 'NAME', 'credsStore'));
  }
  return { problems: [...problems.values()], keys };
}

function storeProblem(host: string, name: string, place: 'credHelpers' | 'credsStore'): string {
  const create = `kubectl create secret docker-registry ${name} --docker-server=${host} --docker-username=... --docker-password=...`;
  const label = `kubectl label secret ${name} ${LABEL_CREDENTIAL}=enabled`;
  return `the password of ${host} is kept in ${place}, out of reach of the cluster, use: ${create} && ${label}`;
}
