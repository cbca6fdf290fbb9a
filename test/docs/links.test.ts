// Links from one document to another lead somewhere: to a file, and to a heading in it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { documents, read } from './documents.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** As GitHub makes anchors of headings. */
function anchors(text: string): ReadonlySet<string> {
  const headings = text.split('\n').flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

t.test('each link has a file, and a heading if it names one', async (t) => {
  let seen = 0;
  for (const [path, text] of documents()) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      seen += 1;
      const [file = '', heading] = target.split('#');
      const to = file === '' ? path : join(dirname(path), file);
      t.ok(existsSync(join(ROOT, to)), `${path}: ${target}`);
      if (heading !== undefined) t.ok(anchors(read(to)).has(heading), `${path}: ${target}`);
    }
  }
  t.ok(seen > 20);
});
