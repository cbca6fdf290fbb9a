// Puts the credentials of all origins into one list: the configuration in its order, then the docker configs of the
// command line, then the labelled Secrets by name. It is a function of what is there now and not of the order in which it
// came, so that replicas agree. A name belongs to the first; an equal pattern is served by the first, and the other says so.
// Where a source has no login at the moment, the one that is kept stands in.
import type { ConfiguredCredential } from '../config/schema.ts';
import type { Credential, Logins } from '../core/credential.ts';
import { credentialNameOf, uniqueName } from './credential-name.ts';
import type { FileReading } from './docker-config-file.ts';
import { exceptOf } from './docker-hub.ts';
import { type Kept, type KeptCredential, restore } from './kept.ts';
import type { LoadedCredential } from './labelled-secret.ts';
import { describeSource, type SourceReading } from './source.ts';
import { sourceDigest } from './source-digest.ts';
import { standingLogins } from './standing-logins.ts';

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
  /** What is to be kept of all this, so that a restart does not lose it. */
  readonly kept: Kept;
}

/** All that is known of a labelled Secret: the last good version of it, and what is wrong with the present one. */
export interface SecretEntry {
  readonly loaded?: LoadedCredential;
  readonly problems: readonly string[];
  /** Of the Secret that `loaded` came from, which may not be the one that is there now. */
  readonly uid?: string;
  /** It was deleted then, in milliseconds since the epoch. */
  readonly goneSince?: number;
}

export interface Readings {
  readonly configured: readonly {
    readonly settings: ConfiguredCredential;
    readonly reading: SourceReading | undefined;
  }[];
  readonly dockerConfigs: readonly { readonly where: string; readonly reading: FileReading | undefined }[];
  readonly secrets: ReadonlyMap<string, SecretEntry>;
  readonly requireNamespaces: boolean;
  /** What is remembered, the first before the others. */
  readonly kept: readonly Kept[];
}

export function assembleCatalog(readings: Readings): Catalog {
  const draft: Draft = { loaded: new Map(), owners: new Map(), problems: [], kept: new Map(), readings };
  for (const { settings, reading } of readings.configured) addConfigured(draft, settings, reading);
  for (const { where, reading } of readings.dockerConfigs) addFile(draft, where, reading);
  const secrets = [...readings.secrets].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, entry] of secrets) addSecret(draft, name, entry);
  const { loaded, problems, kept } = draft;
  return {
    credentials: [...loaded.values()].map(({ credential }) => credential),
    logins: (credential, pattern) => loaded.get(credential)?.logins.get(pattern.text),
    problems,
    kept,
  };
}

interface Draft {
  readonly loaded: Map<string, LoadedCredential>;
  /** By the text of a pattern that has a login: who serves it first. */
  readonly owners: Map<string, Owner>;
  readonly problems: CatalogProblem[];
  readonly kept: Map<string, KeptCredential>;
  readonly readings: Readings;
}

interface Owner {
  readonly credential: Credential;
  readonly from: 'administrator' | 'secret';
}

/** Credentials for different namespaces may well share a pattern, but a Secret that loses against an administrator's
 * credential is told so in any case. */
function add(draft: Draft, entry: LoadedCredential, record: Omit<KeptCredential, 'logins'>): void {
  const { credential, logins } = entry;
  const { name } = credential;
  draft.loaded.set(name, entry);
  draft.kept.set(name, { ...record, logins });
  const from = record.origin === 'secret' ? 'secret' : 'administrator';
  for (const { pattern, hasLogin } of credential.patterns) {
    if (!hasLogin) continue;
    const owner = draft.owners.get(pattern.text);
    if (owner === undefined) draft.owners.set(pattern.text, { credential, from });
    else if (owner.credential.namespaces === undefined || owner.from !== from) {
      const scope = owner.credential.namespaces === undefined ? '' : ' in the namespaces that it is for';
      const problem = `pattern "${pattern.text}" is served by credential "${owner.credential.name}"${scope}`;
      draft.problems.push({ credential: name, kind: 'shadowed', where: record.where, problem });
    }
  }
}

function addConfigured(draft: Draft, settings: ConfiguredCredential, reading: SourceReading | undefined): void {
  const { name, match, except, namespaces, source } = settings;
  const where = describeSource(source);
  const logins = standingLogins(settings, reading, draft.readings.kept);
  const report = (kind: CatalogProblem['kind'], problem: string): void => {
    draft.problems.push({ credential: name, kind, where, problem });
  };
  for (const problem of reading?.problems ?? []) report('source', problem);
  for (const [text, problem] of reading?.missing ?? []) {
    if (logins.has(text)) report('source', `${problem}; the last good login stays in force`);
    else report('no-login', problem);
  }
  const credential: Credential = {
    name,
    patterns: match.map((pattern) => ({ pattern, hasLogin: logins.has(pattern.text) })),
    except: exceptOf(match, except),
    ...(namespaces === undefined ? {} : { namespaces }),
  };
  add(draft, { credential, logins }, { origin: 'configured', where, source: sourceDigest(source) });
}

function addFile(draft: Draft, where: string, reading: FileReading | undefined): void {
  for (const problem of reading?.problems ?? [])
    draft.problems.push({ credential: '', kind: 'source', where, problem });
  for (const { pattern, login } of reading?.entries ?? []) {
    const name = uniqueName(credentialNameOf(pattern), (taken) => draft.loaded.has(taken));
    if (draft.readings.requireNamespaces) {
      const problem = 'requireNamespaces is on and a docker config has no selectors, name it in the configuration';
      draft.problems.push({ credential: name, kind: 'refused', where, problem });
      continue;
    }
    const scope = { except: exceptOf([pattern], undefined) };
    const credential = { name, patterns: [{ pattern, hasLogin: true }], ...scope };
    const logins = new Map([[pattern.text, login]]);
    add(draft, { credential, logins }, { origin: 'docker-config', where, scope });
  }
  if (!draft.readings.requireNamespaces) addKeptOfFile(draft, where, reading);
}

/** What the file gave before a restart, as long as the file cannot say whether that still holds. */
function addKeptOfFile(draft: Draft, where: string, reading: FileReading | undefined): void {
  for (const [name, record] of draft.readings.kept.flatMap((kept) => [...kept])) {
    if (record.origin !== 'docker-config' || record.where !== where || draft.loaded.has(name)) continue;
    const loaded = restore(name, record);
    const pattern = loaded?.credential.patterns[0]?.pattern;
    if (loaded === undefined || pattern === undefined || reading?.tells(pattern)) continue;
    add(draft, loaded, record);
    const problem = 'the last good login stays in force, as the file does not tell one';
    draft.problems.push({ credential: name, kind: 'source', where, problem });
  }
}

/** Where a problem of a labelled Secret stands. */
export function describeSecret(name: string): string {
  return `Secret ${name}`;
}

function addSecret(draft: Draft, name: string, { loaded, problems, uid, goneSince }: SecretEntry): void {
  const where = describeSecret(name);
  const report = (kind: CatalogProblem['kind'], problem: string): void => {
    draft.problems.push({ credential: name, kind, where, problem });
  };
  for (const problem of problems) report('refused', problem);
  if (loaded === undefined) return;
  if (draft.loaded.has(name)) {
    report('refused', `a credential of the name "${name}" exists already, rename the Secret`);
    return;
  }
  if (goneSince !== undefined)
    report('leaving', 'the Secret was deleted, its logins stay in force for 5 minutes after that');
  else if (problems.length > 0) report('source', 'the version before stays in force');
  const { except, namespaces } = loaded.credential;
  const scope = { except, ...(namespaces && { namespaces }) };
  const of = { ...(uid !== undefined && { uid }), ...(goneSince !== undefined && { goneSince }) };
  add(draft, loaded, { origin: 'secret', where, scope, ...of });
}
