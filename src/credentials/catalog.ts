// Follows every place that credentials come from and hands out all of them as one snapshot. Something new that is bad is
// refused and reported, and the good one before it stays in force. Changes of one moment make one snapshot. It must never
// hand a login to anybody but the one who takes the snapshot.
import type { ConfiguredCredential } from '../config/schema.ts';
import { dockerConfigSource, type FileReading, openDockerConfigFile } from './docker-config-file.ts';
import type { Files } from './files.ts';
import { credentialFromSecret, type LabelledSecret } from './labelled-secret.ts';
import { assembleCatalog, type Catalog, type SecretEntry } from './snapshot.ts';
import type { SourceReading } from './source.ts';

export type { Catalog, CatalogProblem } from './snapshot.ts';

export interface CatalogOptions {
  readonly configured: readonly ConfiguredCredential[];
  /** Paths of docker configs whose every entry is a credential. */
  readonly dockerConfigs: readonly string[];
  readonly requireNamespaces: boolean;
  readonly files: Files;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  readonly later: (ms: number, callback: () => void) => () => void;
  readonly onChange: (catalog: Catalog) => void;
}

export interface CatalogFeed {
  /** Every file has been read once, with or without success. */
  readonly ready: Promise<void>;
  upsertSecret(secret: LabelledSecret): void;
  deleteSecret(name: string): void;
  /** Makes a snapshot although nothing changed. */
  refresh(): void;
  /** Afterwards nothing is called back any more. */
  close(): void;
}

/** People rotate a Secret by deleting and making it: its last login lives on for a while. */
export const DELETED_GRACE_MS = 5 * 60 * 1_000;

export function openCatalog(options: CatalogOptions): CatalogFeed {
  const { later, onChange, requireNamespaces } = options;
  let cancel: (() => void) | undefined;
  let closed = false;

  function changed(): void {
    if (closed) return;
    cancel ??= later(0, () => {
      cancel = undefined;
      onChange(assembleCatalog({ ...files.readings(), secrets: secrets.entries, requireNamespaces }));
    });
  }

  const files = followFiles(options, changed);
  const secrets = keepSecrets(options, changed);
  return {
    ready: files.ready,
    upsertSecret: secrets.upsert,
    deleteSecret(name) {
      if (!closed) secrets.remove(name);
    },
    refresh: changed,
    close() {
      closed = true;
      files.stop();
      secrets.stop();
      cancel?.();
    },
  };
}

function keepSecrets({ later, requireNamespaces }: CatalogOptions, changed: () => void) {
  const entries = new Map<string, SecretEntry>();
  const leaving = new Map<string, () => void>();

  function forget(name: string): void {
    leaving.delete(name);
    entries.delete(name);
    changed();
  }

  function upsert(secret: LabelledSecret): void {
    const { name } = secret;
    leaving.get(name)?.();
    leaving.delete(name);
    const reading = credentialFromSecret(secret, requireNamespaces);
    const kept = entries.get(name)?.loaded;
    if ('loaded' in reading) entries.set(name, { loaded: reading.loaded, problems: [], leaving: false });
    else entries.set(name, { ...(kept && { loaded: kept }), problems: reading.problems, leaving: false });
    changed();
  }

  function remove(name: string): void {
    const loaded = entries.get(name)?.loaded;
    if (loaded === undefined) {
      forget(name);
      return;
    }
    if (leaving.has(name)) return;
    const cancel = later(DELETED_GRACE_MS, () => forget(name));
    leaving.set(name, cancel);
    entries.set(name, { loaded, problems: [], leaving: true });
    changed();
  }

  function stop(): void {
    for (const cancel of leaving.values()) cancel();
    leaving.clear();
  }
  return { entries, upsert, remove, stop };
}

function followFiles(options: CatalogOptions, changed: () => void) {
  const { files } = options;
  const configured = options.configured.map((settings) => {
    const file = openDockerConfigFile(settings.source.dockerConfig, files);
    return { settings, ...follow<SourceReading>(dockerConfigSource(file, settings.match), changed) };
  });
  const dockerConfigs = options.dockerConfigs.map((path) => {
    const file = openDockerConfigFile(path, files);
    return { where: file.describe(), ...follow<FileReading>(file, changed) };
  });
  const all = [...configured, ...dockerConfigs];
  return {
    ready: Promise.all(all.map(({ first }) => first)).then(() => undefined),
    readings: () => ({
      configured: configured.map(({ settings, latest }) => ({ settings, reading: latest() })),
      dockerConfigs: dockerConfigs.map(({ where, latest }) => ({ where, reading: latest() })),
    }),
    stop() {
      for (const { stop } of all) stop();
    },
  };
}

interface Readable<R> {
  read(): Promise<R>;
  watch(onChange: () => void): () => void;
}

/** Reads now and after every change. The watch begins before the first reading, so that no change falls between them. */
function follow<R>(source: Readable<R>, changed: () => void) {
  let reading: R | undefined;
  async function refresh(): Promise<void> {
    reading = await source.read();
    changed();
  }
  const stop = source.watch(() => void refresh());
  return { first: refresh(), latest: () => reading, stop };
}
