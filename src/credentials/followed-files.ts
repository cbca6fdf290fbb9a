// The files that logins come from: read now and after every change. A configuration that changes takes over what it has in
// common with the one before; what is new is read before it counts, so that no credential is without its login in between.
import { isDeepStrictEqual } from 'node:util';
import type { ConfiguredCredential } from '../config/schema.ts';
import {
  type DockerConfigFile,
  dockerConfigSource,
  type FileReading,
  openDockerConfigFile,
} from './docker-config-file.ts';
import type { Files } from './files.ts';
import type { SourceReading } from './source.ts';

export interface FollowedFiles {
  /** Every file has been read once, with or without success. */
  readonly ready: Promise<void>;
  /** Resolves when what is new was read and is in force. */
  configure(configured: readonly ConfiguredCredential[]): Promise<void>;
  configured(): readonly { readonly settings: ConfiguredCredential; readonly reading: SourceReading | undefined }[];
  dockerConfigs(): readonly { readonly where: string; readonly reading: FileReading | undefined }[];
  stop(): void;
}

interface Followed<R> {
  readonly first: Promise<void>;
  latest(): R | undefined;
  stop(): void;
}

interface FollowedCredential {
  readonly settings: ConfiguredCredential;
  /** undefined: its logins do not come from a file. */
  readonly file: Followed<SourceReading> | undefined;
}

export function followFiles(
  initial: readonly ConfiguredCredential[],
  dockerConfigs: readonly string[],
  files: Files,
  changed: () => void,
): FollowedFiles {
  const opened = new Map<string, DockerConfigFile>();
  let configured = initial.map(open);
  let turn: Promise<void> = Promise.resolve();
  const wholeFiles = dockerConfigs.map((path) => {
    const file = fileAt(path);
    return { where: file.describe(), ...follow<FileReading>(file, changed) };
  });

  /** Hundreds of credentials may have their logins from one file. */
  function fileAt(path: string): DockerConfigFile {
    const file = opened.get(path) ?? openDockerConfigFile(path, files);
    opened.set(path, file);
    return file;
  }

  function open(settings: ConfiguredCredential): FollowedCredential {
    const { source, match } = settings;
    if (source.kind !== 'dockerConfig') return { settings, file: undefined };
    const file = fileAt(source.path);
    return { settings, file: follow<SourceReading>(dockerConfigSource(file, match), changed) };
  }

  async function configure(next: readonly ConfiguredCredential[]): Promise<void> {
    const before = configured;
    const after = next.map((settings) => {
      const same = before.find(({ settings: known }) => isDeepStrictEqual(known, settings));
      return same ?? open(settings);
    });
    await Promise.all(after.map(({ file }) => file?.first));
    configured = after;
    for (const old of before) if (!after.includes(old)) old.file?.stop();
    changed();
  }

  return {
    ready: Promise.all([...configured.map(({ file }) => file), ...wholeFiles].map((file) => file?.first)).then(
      () => undefined,
    ),
    configure(next) {
      turn = turn.then(() => configure(next));
      return turn;
    },
    configured: () => configured.map(({ settings, file }) => ({ settings, reading: file?.latest() })),
    dockerConfigs: () => wholeFiles.map(({ where, latest }) => ({ where, reading: latest() })),
    stop() {
      for (const { file } of configured) file?.stop();
      for (const { stop } of wholeFiles) stop();
    },
  };
}

interface Readable<R> {
  read(): Promise<R>;
  watch(onChange: () => void): () => void;
}

/** The watch begins before the first reading, so that no change falls between them. */
function follow<R>(source: Readable<R>, changed: () => void): Followed<R> {
  let reading: R | undefined;
  async function refresh(): Promise<void> {
    reading = await source.read();
    changed();
  }
  const stop = source.watch(() => void refresh());
  return { first: refresh(), latest: () => reading, stop };
}
