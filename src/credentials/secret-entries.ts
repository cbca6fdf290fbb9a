// What is known of each labelled Secret. A version that is bad is refused and the good one before it stays in force; a Secret
// that is deleted leaves its logins in force for a while, because people rotate by deleting and making it. Both also hold
// across a restart, by what was kept.
import type { Kept } from './kept.ts';
import { restore } from './kept.ts';
import { credentialFromSecret, type LabelledSecret } from './labelled-secret.ts';
import type { SecretEntry } from './snapshot.ts';

/** The last login of a deleted Secret lives on for so long. */
export const DELETED_GRACE_MS = 5 * 60 * 1_000;

export interface SecretEntries {
  readonly entries: ReadonlyMap<string, SecretEntry>;
  upsert(secret: LabelledSecret): void;
  remove(name: string): void;
  /** What was kept of Secrets that are not there, or not good, now. Once, when all Secrets that exist were reported. */
  restore(kept: Kept): void;
  requireNamespaces(required: boolean): void;
  stop(): void;
}

export interface SecretEntriesOptions {
  readonly requireNamespaces: boolean;
  readonly now: () => number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  readonly later: (ms: number, callback: () => void) => () => void;
  readonly changed: () => void;
}

export function keepSecretEntries({ now, later, changed, ...options }: SecretEntriesOptions): SecretEntries {
  const entries = new Map<string, SecretEntry>();
  const latest = new Map<string, LabelledSecret>();
  const leaving = new Map<string, () => void>();
  let required = options.requireNamespaces;

  function read(secret: LabelledSecret): void {
    const reading = credentialFromSecret(secret, required);
    const kept = entries.get(secret.name)?.loaded;
    if ('loaded' in reading) entries.set(secret.name, { loaded: reading.loaded, problems: [] });
    else entries.set(secret.name, { ...(kept && { loaded: kept }), problems: reading.problems });
  }

  function stay(name: string): void {
    leaving.get(name)?.();
    leaving.delete(name);
  }

  function drop(name: string): void {
    stay(name);
    entries.delete(name);
  }

  function leave(name: string, entry: SecretEntry, goneSince: number): void {
    const forget = (): void => {
      leaving.delete(name);
      entries.delete(name);
      changed();
    };
    stay(name);
    entries.set(name, { ...entry, problems: [], goneSince });
    leaving.set(name, later(Math.max(0, goneSince + DELETED_GRACE_MS - now()), forget));
  }

  return {
    entries,
    upsert(secret) {
      stay(secret.name);
      latest.set(secret.name, secret);
      read(secret);
      changed();
    },
    remove(name) {
      if (!latest.delete(name)) return;
      const entry = entries.get(name);
      if (entry?.loaded === undefined) entries.delete(name);
      else leave(name, entry, now());
      changed();
    },
    restore(kept) {
      for (const [name, record] of kept) {
        if (record.origin !== 'secret' || entries.get(name)?.loaded !== undefined) continue;
        const loaded = restore(name, record);
        if (loaded === undefined || (required && loaded.credential.namespaces === undefined)) continue;
        const entry = entries.get(name);
        if (entry !== undefined) entries.set(name, { ...entry, loaded });
        else leave(name, { loaded, problems: [] }, Math.min(record.goneSince ?? now(), now()));
      }
      changed();
    },
    requireNamespaces(value) {
      if (value === required) return;
      required = value;
      // What is too wide by the new rule does not stay in force by the old one.
      for (const [name, { loaded }] of entries) {
        if (required && loaded !== undefined && loaded.credential.namespaces === undefined) drop(name);
      }
      for (const secret of latest.values()) read(secret);
      changed();
    },
    stop() {
      for (const cancel of leaving.values()) cancel();
      leaving.clear();
    },
  };
}
