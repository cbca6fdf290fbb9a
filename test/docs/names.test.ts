// The names that users and other programs see, and what the documents quote of logs: all of them are the real ones.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as names from '../../src/core/names.ts';
import { documents, part, quoted, read, rows } from './documents.ts';

const operations = read('docs/operations.md');
const LABELS_AND_ANNOTATIONS = Object.entries(names).filter(([constant]) => /^(LABEL|ANNOTATION)_/.test(constant));

t.test('every label and annotation has a row', async (t) => {
  const described = rows(part(operations, '## Labels and annotations')).flatMap(([name = '']) => quoted(name));
  // It is no name by itself.
  const wanted = LABELS_AND_ANNOTATIONS.filter(([constant]) => constant !== 'ANNOTATION_PREFIX');
  t.ok(wanted.length > 10);
  t.same([...described].sort(), wanted.map(([, name]) => name).sort());
});

t.test('every other name stands in a sentence', async (t) => {
  const troubleshooting = read('docs/troubleshooting.md');
  const sentences = [
    [operations, `The Secret \`${names.LOGINS_SECRET_NAME}\` holds`],
    [operations, `by the Lease \`${names.LEASE_NAME}\``],
    [operations, `The field manager of every write is \`${names.FIELD_MANAGER}\``],
    [operations, `| \`${names.MANAGED_BY}\`, and Pullpass's own namespace: together the mark`],
    [troubleshooting, `secret ${names.DEFAULT_PULL_SECRET_NAME}`],
    [troubleshooting, `${names.EXCLUDED_NAMESPACES.join(', ')} and Pullpass's own namespace`],
  ] as const;
  for (const [text, sentence] of sentences) t.ok(text.includes(sentence), sentence);
});

t.test('no document has a name under our prefix that there is not', async (t) => {
  const known = new Set<unknown>(LABELS_AND_ANNOTATIONS.map(([, name]) => name));
  let seen = 0;
  for (const [path, text] of documents()) {
    for (const [name] of text.matchAll(/\bpullpass\.dev\/[a-z-]+/g)) {
      seen += 1;
      t.ok(known.has(name), `${path}: ${name}`);
    }
  }
  t.ok(seen > known.size);
});

const source = readdirSync(join(import.meta.dirname, '..', '..', 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => read(join('src', path)))
  .join('\n');

t.test('what is quoted of the log is what the program says', async (t) => {
  const documented = read('docs/troubleshooting.md') + operations;
  const messages = [
    ...quoted(documented).filter((text) => /^[a-z]+( [A-Za-z,]+){2,}$/.test(text) && !text.startsWith('kubectl ')),
    ...[...documented.matchAll(/"msg":"([^"]+)"/g)].map(([, message = '']) => message),
  ];
  t.ok(messages.length > 5, messages.join('; '));
  for (const message of new Set(messages)) t.ok(source.includes(`'${message}'`), message);
});
