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

/** @param paths as the user gave them; `-` or none at all is standard input */
export function findInputs(paths: readonly string[], stdin: AsyncIterable<Uint8Array>): Inputs {
  const inputs: Input[] = [];
  if (paths.filter((path) => path === '-').length > 1) return { problem: 'standard input (-) can be read only once' };
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') inputs.push({ name: 'stdin', read: readAgain(stdin) });
    else {
      const files = filesOf(path);
      if (typeof files === 'string') return { problem: `${path} cannot be read: ${files}` };
      inputs.push(...files.map((name) => ({ name, read: () => partsOf(name) })));
    }
  }
  return { inputs };
}

/** @returns why not, if it cannot be read */
function filesOf(path: string): readonly string[] | string {
  try {
    if (!statSync(path).isDirectory()) {
      closeSync(openSync(path, 'r'));
      return [path];
    }
    const found = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && /\.(?:ya?ml|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return found.length > 0 ? found : 'the folder holds no *.yaml, *.yml or *.json';
  } catch (error) {
    return readFailure(error);
  }
}

function* partsOf(path: string): Iterable<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    // One more than there is, so that a small file and its end are seen at once.
    const bytes = Math.min(fstatSync(file).size + 1, PART_BYTES);
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

function readAgain(stdin: AsyncIterable<Uint8Array>): () => AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const held = holdParts();
  let isRead = false;
  return () => {
    if (isRead) return held.parts();
    isRead = true;
    return holding();
  };

  async function* holding(): AsyncGenerator<Uint8Array> {
    for await (const part of stdin) {
      held.add(part);
      yield part;
    }
  }
}
