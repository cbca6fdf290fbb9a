// A docker config file as the place where logins come from. It remembers the last good reading: a file that vanishes, cannot
// be read or is garbled changes no login, and an entry that breaks keeps its last login. An entry that is taken away is
// gone, though: that is how somebody withdraws a login.
import { parseMatch } from '../config/match.ts';
import type { Pattern } from '../core/pattern.ts';
import { type DockerConfigEntry, type DockerConfigReading, readDockerConfig } from './docker-config.ts';
import { coveringEntry, missingEntryProblem } from './entry-scope.ts';
import { type Files, readFailure } from './files.ts';
import type { KeptLogin } from './kept.ts';
import type { CredentialSource, SourceReading } from './source.ts';

/** Of one path there is one, however many credentials have their logins from it. */
export interface DockerConfigFile {
  describe(): string;
  /** Never rejects. One reading at a time, for all who ask before it begins: what it answers is never older than the call. */
  read(): Promise<FileReading>;
  /** When nobody watches any more, what it remembers is let go. */
  watch(onChange: () => void): () => void;
}

export interface FileReading {
  /** What is in force, which may be older than the file. */
  readonly entries: readonly DockerConfigEntry[];
  readonly problems: readonly string[];
  /** Whether the file says what is to be done about the entry of a pattern, be it by having none. */
  tells(pattern: Pattern): boolean;
  /** Whether it says so about a pattern that any of its entries may serve: none that could is broken. */
  tellsFor(pattern: Pattern): boolean;
}

export function openDockerConfigFile(path: string, files: Files): DockerConfigFile {
  const listeners = new Set<() => void>();
  let unwatch: () => void = () => undefined;
  let entries: readonly DockerConfigEntry[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  /** Asked for, and not begun. */
  let next: Promise<FileReading> | undefined;

  async function readNow(): Promise<FileReading> {
    const reading = await readFile(path, files);
    const kept = entries.filter(({ pattern }) => reading.garbled || reading.broken.has(pattern.text));
    entries = [...reading.entries, ...kept];
    const problems = kept.length === 0 ? reading.problems : [...reading.problems, keptProblem(kept)];
    const broken = [...reading.broken].map(parseMatch).flatMap((key) => (key.ok ? [{ pattern: key.value }] : []));
    return {
      entries,
      problems,
      tells: ({ text }) => !reading.garbled && !reading.broken.has(text),
      tellsFor: (pattern) => !reading.garbled && coveringEntry(broken, pattern) === undefined,
    };
  }

  return {
    describe: () => `docker config ${path}`,
    read() {
      next ??= turn.then(() => {
        next = undefined;
        return readNow();
      });
      turn = next;
      return next;
    },
    watch(onChange) {
      if (listeners.size === 0) {
        unwatch = files.watch(path, () => {
          for (const listener of [...listeners]) listener();
        });
      }
      listeners.add(onChange);
      return () => {
        if (!listeners.delete(onChange) || listeners.size > 0) return;
        unwatch();
        entries = [];
      };
    },
  };
}

/** The source of one configured credential: the logins of its patterns out of a file. */
export function dockerConfigSource(file: DockerConfigFile, patterns: readonly Pattern[]): CredentialSource {
  return {
    watch: file.watch,
    async read(): Promise<SourceReading> {
      const { entries, problems, tellsFor } = await file.read();
      const logins = new Map<string, KeptLogin>();
      const missing = new Map<string, string>();
      for (const pattern of patterns) {
        const entry = coveringEntry(entries, pattern);
        if (entry === undefined) missing.set(pattern.text, missingEntryProblem(pattern, entries));
        else logins.set(pattern.text, { ...entry.login, key: entry.pattern.text });
      }
      return { logins, problems, missing, tells: tellsFor };
    },
  };
}

async function readFile(path: string, files: Files): Promise<DockerConfigReading> {
  let text: string;
  try {
    text = await files.read(path);
  } catch (error) {
    return {
      entries: [],
      problems: [`the file cannot be read: ${readFailure(error)}`],
      broken: new Set(),
      garbled: true,
    };
  }
  return readDockerConfig(text, 'auto');
}

function keptProblem(kept: readonly DockerConfigEntry[]): string {
  return `the last good login stays in force for ${kept.map(({ pattern }) => pattern.text).join(', ')}`;
}
