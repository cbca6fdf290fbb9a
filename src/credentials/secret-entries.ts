// What is known of each labelled Secret. A version that is bad is refused and the good one before it stays in force; a Secret
// that is deleted leaves its logins in force for a while, because people rotate by deleting and making it. Both also hold
// across a restart, by what was kept. The surprising rule: a bad Secret under the name of a deleted one saves nothing of it.
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
    const { name, uid } = secret;
    const reading = credentialFromSecret(secret, required);
    if ('loaded' in reading) {
      stay(name);
      entries.set(name, { loaded: reading.loaded, uid, problems: [] });
      return;
    }
    const before = entries.get(name);
    entries.set(name, { ...before, problems: reading.problems });
    // Nobody may have seen the one before go: then it does so now.
    if (isOfAnother(secret, before) && before?.goneSince === undefined) leave(name, now());
  }

  function stay(name: string): void {
    leaving.get(name)?.();
    leaving.delete(name);
  }

  function leave(name: string, goneSince: number): void {
    const entry = entries.get(name);
    stay(name);
    entries.set(name, { problems: [], ...entry, goneSince });
    leaving.set(
      name,
      later(Math.max(0, goneSince + DELETED_GRACE_MS - now()), () => {
        drop(name);
        changed();
      }),
    );
  }

  /** What is there now under the name is read as if nothing had been there before. */
  function drop(name: string): void {
    stay(name);
    entries.delete(name);
    const present = latest.get(name);
    if (present !== undefined) read(present);
  }

  return {
    entries,
    upsert(secret) {
      latest.set(secret.name, secret);
      read(secret);
      changed();
    },
    remove(name) {
      if (!latest.delete(name)) return;
      const entry = entries.get(name);
      if (entry?.loaded === undefined) entries.delete(name);
      else {
        entries.set(name, { ...entry, problems: [] });
        leave(name, entry.goneSince ?? now());
      }
      changed();
    },
    restore(kept) {
      for (const [name, record] of kept) {
        if (record.origin !== 'secret' || entries.get(name)?.loaded !== undefined) continue;
        const loaded = restore(name, record);
        if (loaded === undefined || (required && loaded.credential.namespaces === undefined)) continue;
        const { uid, goneSince } = record;
        const entry = { problems: [], ...entries.get(name), loaded, ...(uid !== undefined && { uid }) };
        entries.set(name, entry);
        if (goneSince !== undefined || isOfAnother(latest.get(name), entry))
          leave(name, Math.min(goneSince ?? now(), now()));
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

/** Whether the logins that an entry has are not those of the Secret that is there now. */
function isOfAnother(present: LabelledSecret | undefined, entry: SecretEntry | undefined): boolean {
  if (entry?.loaded === undefined) return false;
  return present === undefined || (entry.uid !== undefined && entry.uid !== present.uid);
}
