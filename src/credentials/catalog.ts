// Follows every place that credentials come from and hands out all of them as one snapshot. Something new that is bad is
// refused and reported, and the good one before it stays in force. Changes of one moment make one snapshot. It must never
// hand a login to anybody but the one who takes the snapshot.
import type { ConfiguredCredential } from '../config/schema.ts';
import type { Files } from './files.ts';
import { followFiles } from './followed-files.ts';
import type { Kept } from './kept.ts';
import type { LabelledSecret } from './labelled-secret.ts';
import { keepSecretEntries } from './secret-entries.ts';
import { assembleCatalog, type Catalog } from './snapshot.ts';
import type { SourceReading } from './source.ts';
import { sourceDigest } from './source-digest.ts';

export { DELETED_GRACE_MS } from './secret-entries.ts';
export type { Catalog, CatalogProblem } from './snapshot.ts';

export interface CatalogOptions {
  readonly configured: readonly ConfiguredCredential[];
  /** Paths of docker configs whose every entry is a credential. */
  readonly dockerConfigs: readonly string[];
  readonly requireNamespaces: boolean;
  readonly files: Files;
  readonly now: () => number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  readonly later: (ms: number, callback: () => void) => () => void;
  readonly onChange: (catalog: Catalog) => void;
}

/** The settings that a program was asked by, which may have changed since. */
export type Asked = Pick<ConfiguredCredential, 'name' | 'source'>;

export interface CatalogFeed {
  /** Every file has been read once, with or without success. */
  readonly ready: Promise<void>;
  upsertSecret(secret: LabelledSecret): void;
  deleteSecret(name: string): void;
  /** What a program answered about a credential; it stands until the next, until its source is changed or answers are forgotten. */
  answer(asked: Asked, reading: SourceReading): void;
  /** Only the elected replica asks programs: whoever is it no more goes by what is kept. */
  forgetAnswers(): void;
  /** What is kept of the logins, now and whenever that changes. */
  keep(kept: Kept): void;
  /** All Secrets that exist and what is kept have been reported: what was kept of Secrets that are gone comes back. */
  restoreSecrets(): void;
  /** Resolves when it is in force. */
  configure(configured: readonly ConfiguredCredential[], requireNamespaces: boolean): Promise<void>;
  /** Makes a snapshot although nothing changed. */
  refresh(): void;
  /** Afterwards nothing is called back any more. */
  close(): void;
}

export function openCatalog(options: CatalogOptions): CatalogFeed {
  const { later, onChange, now } = options;
  const answers = new Map<string, { readonly source: string; readonly reading: SourceReading }>();
  let { requireNamespaces } = options;
  let kept: Kept = new Map();
  // What is in force outlives the loss of what is kept, so that it can be kept again.
  let inForce: Kept = new Map();
  let cancel: (() => void) | undefined;
  let closed = false;

  function changed(): void {
    if (closed) return;
    cancel ??= later(0, () => {
      cancel = undefined;
      onChange(assemble());
    });
  }

  function assemble(): Catalog {
    const configured = files
      .configured()
      .map(({ settings, reading }) => ({ settings, reading: reading ?? answerOf(settings) }));
    const parts = { configured, dockerConfigs: files.dockerConfigs(), secrets: secrets.entries };
    const catalog = assembleCatalog({ ...parts, requireNamespaces, kept: [kept, inForce] });
    inForce = catalog.kept;
    return catalog;
  }

  /** An answer of another source is not this credential's. */
  function answerOf({ name, source }: Asked): SourceReading | undefined {
    const answer = answers.get(name);
    return answer?.source === sourceDigest(source) ? answer.reading : undefined;
  }

  const files = followFiles(options.configured, options.dockerConfigs, options.files, changed);
  const secrets = keepSecretEntries({ requireNamespaces, now, later, changed });
  return {
    ready: files.ready,
    upsertSecret(secret) {
      if (!closed) secrets.upsert(secret);
    },
    deleteSecret(name) {
      if (!closed) secrets.remove(name);
    },
    answer({ name, source }, reading) {
      answers.set(name, { source: sourceDigest(source), reading });
      changed();
    },
    forgetAnswers() {
      answers.clear();
      changed();
    },
    keep(next) {
      kept = next;
      changed();
    },
    restoreSecrets: () => secrets.restore(kept),
    async configure(configured, required) {
      await files.configure(configured);
      requireNamespaces = required;
      secrets.requireNamespaces(required);
      for (const name of answers.keys()) {
        const settings = configured.find((credential) => credential.name === name);
        if (settings === undefined || answerOf(settings) === undefined) answers.delete(name);
      }
      changed();
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
