// Files as a port: read one, and be told when it may have changed. Changes are found by looking at the file every second
// rather than by notification, because a mounted Secret is changed by swapping a symbolic link in another folder, which
// notifications on the file never see.
import { type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface Files {
  /** Rejects with an error that has a `code`, as `node:fs` does. */
  read(path: string): Promise<string>;
  /** Calls back after the file appeared, changed or vanished. @returns the function that ends it */
  watch(path: string, onChange: () => void): () => void;
}

const POLL_MS = 1_000;

export function diskFiles(pollMs: number = POLL_MS): Files {
  return {
    read: (path) => readFile(path, 'utf8'),
    watch(path, onChange) {
      const listener: StatsListener = () => onChange();
      watchFile(path, { interval: pollMs, persistent: false }, listener);
      return () => unwatchFile(path, listener);
    },
  };
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
};

/** Why a file could not be read, in words; never the message of the error, which repeats more than is needed. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return CAUSES[code] ?? code;
}
