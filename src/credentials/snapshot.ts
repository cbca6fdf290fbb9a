// Puts the credentials of all origins into one list: the configuration in its order, then the docker configs of the
// command line, then the labelled Secrets by name. It is a function of what is there now and not of the order in which it
// came, so that replicas agree. A name belongs to the first; an equal pattern is served by the first, and the other says so.
import type { ConfiguredCredential } from '../config/schema.ts';
import type { Credential, Login, Logins } from '../core/credential.ts';
import { credentialNameOf, uniqueName } from './credential-name.ts';
import type { FileReading } from './docker-config-file.ts';
import { exceptOf } from './docker-hub.ts';
import type { LoadedCredential } from './labelled-secret.ts';
import type { SourceReading } from './source.ts';

export interface CatalogProblem {
  /** Empty if it concerns a file as a whole. */
  readonly credential: string;
  /** leaving: its Secret was deleted and it is about to go. source: the source has a fault, what is in force stays. */
  readonly kind: 'refused' | 'shadowed' | 'no-login' | 'source' | 'leaving';
  /** Where it stands: `Secret ghcr`, `docker config /etc/pullpass/harbor.json`. */
  readonly where: string;
  readonly problem: string;
}

export interface Catalog {
  readonly credentials: readonly Credential[];
  readonly logins: Logins;
  readonly problems: readonly CatalogProblem[];
}

/** All that is known of a labelled Secret: the last good version of it, and what is wrong with the present one. */
export interface SecretEntry {
  readonly loaded?: LoadedCredential;
  readonly problems: readonly string[];
  readonly leaving: boolean;
}

export interface Readings {
  readonly configured: readonly {
    readonly settings: ConfiguredCredential;
    readonly reading: SourceReading | undefined;
  }[];
  readonly dockerConfigs: readonly { readonly where: string; readonly reading: FileReading | undefined }[];
  readonly secrets: ReadonlyMap<string, SecretEntry>;
  readonly requireNamespaces: boolean;
}

export function assembleCatalog(readings: Readings): Catalog {
  const draft = createDraft();
  for (const { settings, reading } of readings.configured) addConfigured(draft, settings, reading);
  for (const { where, reading } of readings.dockerConfigs) addFile(draft, where, reading, readings.requireNamespaces);
  const secrets = [...readings.secrets].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, entry] of secrets) addSecret(draft, name, entry);
  const { loaded } = draft;
  return {
    credentials: [...loaded.values()].map(({ credential }) => credential),
    logins: (credential, pattern): Login | undefined => loaded.get(credential)?.logins.get(pattern.text),
    problems: draft.problems,
  };
}

interface Draft {
  readonly loaded: Map<string, LoadedCredential>;
  /** By the text of a pattern that has a login: who serves it first. */
  readonly owners: Map<string, Owner>;
  readonly problems: CatalogProblem[];
}

interface Owner {
  readonly credential: Credential;
  readonly from: 'administrator' | 'secret';
}

function createDraft(): Draft {
  return { loaded: new Map(), owners: new Map(), problems: [] };
}

/** Credentials for different namespaces may well share a pattern, but a Secret that loses against an administrator's
 * credential is told so in any case. */
function add(draft: Draft, where: string, entry: LoadedCredential, from: Owner['from']): void {
  const { credential } = entry;
  draft.loaded.set(credential.name, entry);
  for (const { pattern, hasLogin } of credential.patterns) {
    if (!hasLogin) continue;
    const owner = draft.owners.get(pattern.text);
    if (owner === undefined) draft.owners.set(pattern.text, { credential, from });
    else if (owner.credential.namespaces === undefined || owner.from !== from) {
      const scope = owner.credential.namespaces === undefined ? '' : ' in the namespaces that it is for';
      const problem = `pattern "${pattern.text}" is served by credential "${owner.credential.name}"${scope}`;
      draft.problems.push({ credential: credential.name, kind: 'shadowed', where, problem });
    }
  }
}

function addConfigured(draft: Draft, settings: ConfiguredCredential, reading: SourceReading | undefined): void {
  const { name, match, except, namespaces, source } = settings;
  const where = `docker config ${source.dockerConfig}`;
  const logins = reading?.logins ?? new Map<string, Login>();
  for (const problem of reading?.problems ?? [])
    draft.problems.push({ credential: name, kind: 'source', where, problem });
  for (const problem of reading?.missing.values() ?? [])
    draft.problems.push({ credential: name, kind: 'no-login', where, problem });
  const credential: Credential = {
    name,
    patterns: match.map((pattern) => ({ pattern, hasLogin: logins.has(pattern.text) })),
    except: exceptOf(match, except),
    ...(namespaces === undefined ? {} : { namespaces }),
  };
  add(draft, where, { credential, logins }, 'administrator');
}

function addFile(draft: Draft, where: string, reading: FileReading | undefined, requireNamespaces: boolean): void {
  for (const problem of reading?.problems ?? [])
    draft.problems.push({ credential: '', kind: 'source', where, problem });
  for (const { pattern, login } of reading?.entries ?? []) {
    const name = uniqueName(credentialNameOf(pattern), (taken) => draft.loaded.has(taken));
    if (requireNamespaces) {
      const problem = 'requireNamespaces is on and a docker config has no selectors, name it in the configuration';
      draft.problems.push({ credential: name, kind: 'refused', where, problem });
      continue;
    }
    const credential = { name, patterns: [{ pattern, hasLogin: true }], except: exceptOf([pattern], undefined) };
    add(draft, where, { credential, logins: new Map([[pattern.text, login]]) }, 'administrator');
  }
}

function addSecret(draft: Draft, name: string, { loaded, problems, leaving }: SecretEntry): void {
  const where = `Secret ${name}`;
  const report = (kind: CatalogProblem['kind'], problem: string): void => {
    draft.problems.push({ credential: name, kind, where, problem });
  };
  for (const problem of problems) report('refused', problem);
  if (loaded === undefined) return;
  if (draft.loaded.has(name)) {
    report('refused', `a credential of the name "${name}" exists already, rename the Secret`);
    return;
  }
  if (leaving) report('leaving', 'the Secret was deleted, its logins stay in force for 5 minutes after that');
  else if (problems.length > 0) report('source', 'the version before stays in force');
  add(draft, where, loaded, 'secret');
}
