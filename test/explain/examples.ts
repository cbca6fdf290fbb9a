// Examples of `explain` in documents: a command and what it prints, between a comment that names it and the end of the block. What
// differs from run to run (ids, ages) is the same everywhere after `steady`. UPDATE=1 writes what is printed instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ran } from './site.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What belongs to one run alone, in the words of the documents. */
export function steady(text: string): string {
  return text
    .replace(/pullpass-1-[0-9a-f]{8}/g, 'pullpass-7c9d5b8f6-x2x4q')
    .replace(/web-[0-9a-f]{6,10}-[0-9a-z]{5}/g, 'web-5d8f6c7b9-k2x7p')
    .replace(/\b\d+ (s|min|h|d) (ago|old)/g, '5 min $2');
}

/** @returns the example of that name as it stands in a document, and as it should */
export function exampleIn(
  document: string,
  name: string,
  command: string,
  ran: Ran,
): { there: string; printed: string } {
  const file = join(ROOT, document);
  const text = readFileSync(file, 'utf8');
  const block = new RegExp(`(<!-- explain: ${name} -->\\n+\`\`\`console\\n)([\\s\\S]*?)(\`\`\`\\n)`);
  const there = block.exec(text)?.[2];
  if (there === undefined) throw new Error(`${document} has no example ${name}`);
  const printed = `$ ${command}\n${steady(ran.stdout)}`;
  if (process.env.UPDATE === '1')
    writeFileSync(
      file,
      text.replace(block, (_, head, __, tail) => head + printed + tail),
    );
  return { there, printed };
}
