// The documents of an input, one after the other, as they arrive. Bytes that are not UTF-8 are refused rather than changed.
import { readDocument } from './document.ts';
import type { Input } from './inputs.ts';
import { REMEMBERED } from './known-objects.ts';
import { type FoundObject, objectsOf } from './objects.ts';
import { createSplitter, type Piece } from './split.ts';

/** @throws an error of which `isNotUtf8` tells where the input is not UTF-8 */
export async function* piecesOf(input: Input): AsyncGenerator<Piece> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const splitter = createSplitter();
  for await (const part of input.read()) yield* splitter.push(decoder.decode(part, { stream: true }));
  yield* splitter.push(decoder.decode());
  yield* splitter.end();
}

/** Shows what says something about other objects, so that it counts wherever it stands. */
export async function meetBeforehand(inputs: readonly Input[], meet: (found: FoundObject) => void): Promise<void> {
  for (const input of inputs) {
    try {
      for await (const { text } of piecesOf(input)) {
        const reading = REMEMBERED.test(text) ? readDocument(text) : { faults: [] };
        if ('value' in reading) objectsOf(reading.value).forEach(meet);
      }
    } catch (error) {
      // It is read once more, and then this is said.
      if (!isNotUtf8(error)) throw error;
    }
  }
}

export function isNotUtf8(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}
