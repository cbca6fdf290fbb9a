// How streams are cut into documents, held, and put together again.
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import t from 'tap';
import { readDocument } from '../../src/inject/document.ts';
import { holdParts } from '../../src/inject/held-parts.ts';
import { findInputs } from '../../src/inject/inputs.ts';
import { behind, joined } from '../../src/inject/join.ts';
import { piecesOfText } from './given.ts';

const CUTS: readonly (readonly [what: string, pieces: readonly string[]])[] = [
  ['documents begin at a marker', ['a: 1\n', '---\nb: 2\n', '---\n', '---\nc: 3']],
  ['what is in front of a marker belongs to its document', ['# a\n\n---\na: 1\n', '--- # b\n# b\n']],
  ['a marker has a blank or a line end behind it', ['a: 1\n---b\n----\n', '---\tx\n', '--- {a: b}\n', '---']],
  ['the end of a document belongs to it', ['a: 1\n...\n', '# b\n%YAML 1.2\n---\nb: 2\n... # end\n', '...\n']],
  ['a marker counts in a text too, as in YAML', ['a: |\n  ---\n', '---\n  b\n']],
  ['a separator of lines for JavaScript is none for YAML', ['a: "\u2028--- b"\n']],
  ['JSON follows JSON without a marker', ['{"a": 1}', '{"b": "}{"}\n', '{}\n', '{"c": [{}]}']],
  ['JSON and YAML are told apart by a marker', ['{"a": 1}\n', '---\na: 1\n', '---\n{"b": 2}\n', '---\n']],
  ['what begins as JSON and is YAML is not cut', ['{"a": \'{"}\',\n b: c}\n', '---\nd: 1\n']],
  ['Windows line ends', ['a: 1\r\n', '---\r\nb: 2\r\n...\r\n', 'c: 3\r\n']],
  ['nothing', []],
];

for (const [what, pieces] of CUTS) {
  t.test(`${what}, in whatever parts it arrives`, async (t) => {
    for (const size of [1, 2, 3, 1_000]) {
      t.strictSame(
        piecesOfText(pieces.join(''), size).map(({ text }) => text),
        pieces,
        `${size} at a time`,
      );
    }
  });
}

t.test('each document knows its line', async (t) => {
  t.strictSame(
    piecesOfText('a: 1\n---\nb: 2\n\n---\nc: 3\n').map(({ line }) => line),
    [1, 2, 5],
  );
});

t.test('a long document that arrives in small parts is not searched anew with each', async (t) => {
  const text = `a: |\n${'  a line of a text\n'.repeat(100_000)}`;
  const started = performance.now();
  t.equal(piecesOfText(text, 1_000).length, 1);
  t.ok(performance.now() - started < 10_000);
});

const JOINS: readonly (readonly [what: string, before: string, text: string, after: string])[] = [
  ['a marker where there is none', 'a: 1\n', 'b: 2\n', 'a: 1\n---\nb: 2\n'],
  ['no second one', 'a: 1\n', '# b\n---\nb: 2\n', 'a: 1\n# b\n---\nb: 2\n'],
  ['a line end where there is none', 'a: 1', '---\nb: 2', 'a: 1\n---\nb: 2'],
  ['an end before directives', 'a: 1\n', '%YAML 1.2\n---\nb: 2\n', 'a: 1\n...\n%YAML 1.2\n---\nb: 2\n'],
  ['nothing between JSON and JSON', '{"a": 1}\n', '{"b": 2}\n', '{"a": 1}\n{"b": 2}\n'],
  ['a marker between JSON and YAML', '{"a": 1}', 'b: 2\n', '{"a": 1}\n---\nb: 2\n'],
  ['no byte order mark within', 'a: 1\n', '\ufeffb: 2\n', 'a: 1\n---\nb: 2\n'],
];

for (const [what, before, text, after] of JOINS) {
  t.test(`between two inputs stands ${what}`, async (t) => {
    t.equal(before + joined(behind(before), text), after);
  });
}

t.test('what is held comes back as it was, as often as it is wanted', async (t) => {
  const held = holdParts();
  const parts = Array.from({ length: 40 }, (_, i) => randomBytes(i * 5_000));
  for (const part of parts) held.add(part);
  held.add('and a text: ä');
  const whole = Buffer.concat([...parts, Buffer.from('and a text: ä')]);
  for (const _ of [1, 2]) t.ok(Buffer.concat([...held.parts()]).equals(whole));
});

t.test('nesting without end is an error and no crash', async (t) => {
  for (const text of [
    `a: ${'['.repeat(50_000)}`,
    `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    '- '.repeat(50_000),
  ]) {
    t.ok('faults' in readDocument(text));
  }
});

t.test('very long texts are read', async (t) => {
  const long = 'x\\n'.repeat(500_000);
  const reading = readDocument(`a: "${long}"\nb: '${"it''s ".repeat(300_000)}'\n`);
  t.ok('value' in reading && (reading.value as { a: string }).a.length === 1_000_000);
});

async function* nothing(): AsyncGenerator<Uint8Array> {}

t.test('a pipe by its name is read once, and told as often as it is wanted', async (t) => {
  const dir = t.testdir({});
  execFileSync('mkfifo', [`${dir}/pipe`]);
  const writer = execFile('sh', ['-c', 'printf "a: 1\\n" > "$0"', `${dir}/pipe`]);
  const found = findInputs([`${dir}/pipe`], nothing());
  if ('problem' in found) return t.fail(found.problem);
  for (const time of ['first', 'second']) {
    const parts: Uint8Array[] = [];
    for (const { read } of found.inputs) for await (const part of read()) parts.push(part);
    t.equal(Buffer.concat(parts).toString(), 'a: 1\n', time);
  }
  writer.kill();
});

t.test('what is named like a manifest and is a link to a folder is not read as one', async (t) => {
  const dir = t.testdir({ 'x.yaml': {}, 'b.yaml': 'b: 2\n' });
  symlinkSync(`${dir}/x.yaml`, `${dir}/link.yaml`);
  const found = findInputs([dir], nothing());
  t.match(found, { inputs: [{ name: `${dir}/b.yaml` }] });
  t.equal('inputs' in found && found.inputs.length, 1);
});

t.test('links to folders are not followed, nor what a mounted ConfigMap is made of', async (t) => {
  const dir = t.testdir({ sub: { 'b.yml': 'b: 2\n' }, '..2026': { 'a.yaml': 'a: 1\n' } });
  symlinkSync('.', `${dir}/round`);
  symlinkSync('..2026', `${dir}/..data`);
  symlinkSync('..data/a.yaml', `${dir}/a.yaml`);
  const found = findInputs([dir], nothing());
  t.same('inputs' in found && found.inputs.map(({ name }) => name), [`${dir}/a.yaml`, `${dir}/sub/b.yml`]);
});
