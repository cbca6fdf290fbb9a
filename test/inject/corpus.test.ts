// What comes out is what went in but for what was added: on a corpus of everything that YAML lets people write.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { readWithLibrary } from '../../src/inject/library-reader.ts';
import { readQuickly } from '../../src/inject/quick-reader.ts';
import { injectStream, keepsAll, knownWith, OURS, piecesOfText } from './given.ts';

const FOLDER = join(import.meta.dirname, 'corpus');
const files = readdirSync(FOLDER).sort();
/** In these styles a line must change: everything stands in it already. */
const IN_LINE = ['compact.json', 'flow-style.yaml', 'nulls.yaml', 'pretty.json', 'tabbed.json'];
const ADDED = /^ *(?:imagePullSecrets:|- name: (?:pullpass-dockercfg|inherited))\r?$/;

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

/** The lines of the second that the first lacks, in order; undefined if the first has lines that the second lacks. */
function addedLines(before: readonly string[], after: readonly string[]): readonly string[] | undefined {
  const added: string[] = [];
  let next = 0;
  for (const line of after) {
    if (line === before[next]) next++;
    else added.push(line);
  }
  return next === before.length ? added : undefined;
}

const parsed = (text: string): unknown[] =>
  piecesOfText(text).flatMap((piece) =>
    parseAllDocuments(piece.text, { merge: true, logLevel: 'silent' }).map((doc: { toJS(): unknown }) => doc.toJS()),
  );

/** As the injection should change a value, written without any of its code. */
function expected(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  const map = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expected(inner)]));
  if (!JSON.stringify(map.containers ?? null).includes('"image":"ghcr.io/acme/')) return map;
  return { ...map, imagePullSecrets: [...((map.imagePullSecrets as unknown[] | null) ?? []), { name: OURS }] };
}

t.test('the corpus is there', async (t) => {
  t.ok(files.length >= 18, `${files.length} files`);
});

for (const file of files) {
  t.test(`${file}: nothing is changed but what is added`, async (t) => {
    const before = read(file);
    const after = injectStream(before, knownWith({ default: [] }));
    if (file === 'other-things.yaml') t.equal(after, before, 'byte for byte');
    else t.match(after, OURS);
    if (IN_LINE.includes(file)) {
      t.ok(keepsAll(before, after), 'every character is there, in order');
    } else {
      const added = addedLines(before.split('\n'), after.split('\n'));
      t.ok(added, 'every line is there, in order');
      for (const line of added ?? []) t.match(line, ADDED);
    }
  });

  t.test(`${file}: it means what it meant, and the pull Secret`, async (t) => {
    const before = read(file);
    t.strictSame(parsed(injectStream(before)), parsed(before).map(expected));
  });

  t.test(`${file}: a second time adds nothing`, async (t) => {
    const once = injectStream(read(file));
    t.equal(injectStream(once), once);
  });

  t.test(`${file}: documents are the same in whatever parts the stream arrives`, async (t) => {
    const text = read(file);
    const whole = piecesOfText(text);
    t.equal(whole.map((piece) => piece.text).join(''), text);
    for (const size of [1, 7, 100]) t.strictSame(piecesOfText(text, size), whole, `${size} at a time`);
    t.strictSame(piecesOfText(text, 300, 1), whole);
  });

  t.test(`${file}: the quick reader reads it as the library does, or leaves it`, async (t) => {
    for (const { text } of piecesOfText(read(file))) {
      const quick = readQuickly(text);
      const slow = readWithLibrary(text);
      t.ok('value' in slow, 'the library reads it');
      if (quick !== undefined && 'value' in slow) t.ok(isDeepStrictEqual(plain(quick.value), plain(slow.value)));
    }
  });
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
