// Where manifests come from: files, the manifests in folders, and standard input. All are read twice, and in parts, so that
// their size does not matter.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readFailure } from '../credentials/files.ts';
import { holdParts } from './held-parts.ts';

export interface Input {
  /** For messages. */
  readonly name: string;
  /** May be called again when it was read to its end. */
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export type Inputs = { readonly inputs: readonly Input[] } | { readonly problem: string };

const PART_BYTES = 1024 * 1024;
/** Of what does not say how long it is. */
const PIPE_BYTES = 64 * 1024;

/** @param paths as the user gave them; `-` or none at all is standard input */
export function findInputs(paths: readonly string[], stdin: AsyncIterable<Uint8Array>): Inputs {
  const inputs: Input[] = [];
  if (paths.filter((path) => path === '-').length > 1) return { problem: 'standard input (-) can be read only once' };
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') inputs.push({ name: 'stdin', read: readAgain(stdin) });
    else {
      const files = filesOf(path);
      if (typeof files === 'string') return { problem: `${path} cannot be read: ${files}` };
      inputs.push(...files.map((name) => ({ name, read: readerOf(name) })));
    }
  }
  return { inputs };
}

/** @returns why not, if it cannot be read */
function filesOf(path: string): readonly string[] | string {
  try {
    const stats = statSync(path);
    if (!stats.isDirectory()) {
      // A pipe that is opened and closed again is over.
      if (stats.isFile()) closeSync(openSync(path, 'r'));
      return [path];
    }
    const found = [...manifestsIn(path)].sort();
    return found.length > 0 ? found : 'the folder holds no *.yaml, *.yml or *.json';
  } catch (error) {
    return readFailure(error);
  }
}

/** Links to folders are not followed, as they may lead round; and what begins with `..` is what a mounted ConfigMap is made of. */
function* manifestsIn(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('..')) yield* manifestsIn(path);
    else if (isManifest(entry.name) && statSync(path).isFile()) yield path;
  }
}

function isManifest(name: string): boolean {
  return /\.(?:ya?ml|json)$/.test(name);
}

/** Such as /dev/stdin or `<(helm template …)`: what is no file can be read only once. */
function readerOf(path: string): Input['read'] {
  return statSync(path).isFile() ? () => partsOf(path) : readAgain(partsOf(path));
}

function* partsOf(path: string): Iterable<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    // One more than there is, so that a small file and its end are seen at once.
    const stats = fstatSync(file);
    const bytes = stats.isFile() ? Math.min(stats.size + 1, PART_BYTES) : PIPE_BYTES;
    for (;;) {
      const part = Buffer.allocUnsafe(bytes);
      const size = readSync(file, part, 0, bytes, null);
      if (size === 0) return;
      yield part.subarray(0, size);
    }
  } finally {
    closeSync(file);
  }
}

function readAgain(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): () => AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const held = holdParts();
  let isRead = false;
  return () => {
    if (isRead) return held.parts();
    isRead = true;
    return holding();
  };

  async function* holding(): AsyncGenerator<Uint8Array> {
    for await (const part of source) {
      held.add(part);
      yield part;
    }
  }
}
