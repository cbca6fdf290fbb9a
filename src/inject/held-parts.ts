// Holds a stream until it is wanted: standard input, which can be read only once, and the result, of which nobody may ever get
// half. What is held is compressed, which makes manifests ten times smaller, so that memory stays small for very long streams too.
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export interface HeldParts {
  add(part: Uint8Array | string): void;
  /** All that was added, in order. May be called again. */
  parts(): Iterable<Uint8Array>;
}

const PART_BYTES = 1024 * 1024;

export function holdParts(): HeldParts {
  const packed: Uint8Array[] = [];
  let loose: Uint8Array[] = [];
  let size = 0;
  return {
    add(part) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part;
      loose.push(bytes);
      size += bytes.length;
      if (size < PART_BYTES) return;
      // A copy, because what zlib gives holds on to the larger memory that it was written into.
      packed.push(new Uint8Array(deflateRawSync(Buffer.concat(loose), { level: 1 })));
      [loose, size] = [[], 0];
    },
    *parts() {
      for (const part of packed) yield inflateRawSync(part);
      yield* loose;
    },
  };
}
