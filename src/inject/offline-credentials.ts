// The credentials without a cluster and without asking anybody: of the configuration file every pattern counts as having a
// login, because whether its source has one is for the replicas to find out. Docker configs and Secrets in files are read as
// `serve` reads them. Real logins are only read where a pull Secret is to be made of them.
import type { Config, ConfiguredCredential } from '../config/schema.ts';
import { compilePolicy, type Policy } from '../core/policy.ts';
import { compileRenderings, type Renderings } from '../core/rendering.ts';
import { dockerConfigSource, type FileReading, openDockerConfigFile } from '../credentials/docker-config-file.ts';
import type { Files } from '../credentials/files.ts';
import { credentialFromSecret, type LabelledSecret } from '../credentials/labelled-secret.ts';
import { assembleCatalog, type Catalog, type Readings, type SecretEntry } from '../credentials/snapshot.ts';
import type { SourceReading } from '../credentials/source.ts';
import { readDocument } from './document.ts';
import { objectsOf, textOf } from './objects.ts';
import { valueAt } from './place.ts';
import { createSplitter } from './split.ts';

export interface CredentialFiles {
  readonly config: Config;
  readonly dockerConfigs: readonly string[];
  /** Manifests of Secrets, by the file that they are in. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Pullpass's own namespace. */
  readonly instance: string;
}

export interface OfflineCredentials {
  readonly policy: Policy;
  /** What pull Secrets are made of; absent: nobody asked for them. */
  readonly renderings?: Renderings;
  /** What does not work as it should, without being a reason to stop. */
  readonly notes: readonly string[];
}

export async function loadCredentials(
  { config, dockerConfigs, secrets, instance }: CredentialFiles,
  files: Files,
  withLogins: boolean,
): Promise<OfflineCredentials | { readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const entries = secretEntries(secrets, config.requireNamespaces, problems);
  const wholeFiles: { where: string; reading: FileReading }[] = [];
  for (const path of dockerConfigs) {
    const file = openDockerConfigFile(path, files);
    const reading = await file.read();
    wholeFiles.push({ where: file.describe(), reading });
    if (reading.entries.length === 0) problems.push(...reading.problems.map((text) => `${file.describe()}: ${text}`));
  }
  const { requireNamespaces } = config;
  const readings = { dockerConfigs: wholeFiles, secrets: entries, requireNamespaces, kept: [] };
  const catalog = assembleCatalog({ ...readings, configured: config.credentials.map(standIn) });
  if (problems.length === 0 && catalog.credentials.length === 0) {
    problems.push(
      'there are no credentials: name them with --config, --docker-config or --credential',
      ...notesOf(catalog),
    );
  }
  if (problems.length > 0) return { problems };
  const policy = compilePolicy(catalog.credentials);
  if (!withLogins) return { policy, notes: notesOf(catalog) };
  const real = await withRealLogins(config, readings, files);
  const settings = { ...config.pullSecret, instance };
  const renderings = compileRenderings(compilePolicy(real.credentials), real.logins, settings, () => '');
  return { policy, renderings, notes: notesOf(real) };
}

function notesOf({ problems }: Catalog): readonly string[] {
  return problems.map(({ where, problem }) => `${where}: ${problem}`);
}

function standIn(settings: ConfiguredCredential): { settings: ConfiguredCredential; reading: SourceReading } {
  const login = { username: 'not-asked', password: '' };
  const logins = new Map(settings.match.map(({ text }) => [text, login]));
  return { settings, reading: { logins, problems: [], missing: new Map() } };
}

async function withRealLogins(config: Config, others: Omit<Readings, 'configured'>, files: Files): Promise<Catalog> {
  const configured = config.credentials.map(async (settings) => {
    const { source, match } = settings;
    if (source.kind !== 'dockerConfig') return { settings, reading: undefined };
    return { settings, reading: await dockerConfigSource(openDockerConfigFile(source.path, files), match).read() };
  });
  return assembleCatalog({ ...others, configured: await Promise.all(configured) });
}

function secretEntries(
  secrets: ReadonlyMap<string, string>,
  requireNamespaces: boolean,
  problems: string[],
): ReadonlyMap<string, SecretEntry> {
  const entries = new Map<string, SecretEntry>();
  for (const [file, text] of secrets) {
    const found = secretsIn(text);
    if (found.length === 0) problems.push(`${file}: there is no Secret in it`);
    for (const secret of found) {
      const reading = credentialFromSecret(secret, requireNamespaces);
      if ('loaded' in reading) entries.set(secret.name, { ...reading, problems: [] });
      else problems.push(...reading.problems.map((problem) => `${file}: Secret ${secret.name}: ${problem}`));
    }
  }
  return entries;
}

function secretsIn(text: string): readonly LabelledSecret[] {
  const splitter = createSplitter();
  const pieces = [...splitter.push(text), ...splitter.end()];
  return pieces.flatMap((piece) => {
    const reading = readDocument(piece.text);
    if ('faults' in reading) return [];
    return objectsOf(reading.value).flatMap(({ kind, name, object }) => {
      if (kind !== 'Secret') return [];
      const type = textOf(object.type) ?? 'Opaque';
      const annotations = { ...(valueAt(object, ['metadata', 'annotations']) as Record<string, string> | undefined) };
      return [{ name, uid: '', type, annotations, data: dataOf(object, type) }];
    });
  });
}

function dataOf(object: unknown, type: string): string | undefined {
  const key = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson';
  const encoded = textOf(valueAt(object, ['data', key]));
  return encoded === undefined
    ? textOf(valueAt(object, ['stringData', key]))
    : Buffer.from(encoded, 'base64').toString('utf8');
}
