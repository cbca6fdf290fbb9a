// Manifests as they come: several documents, Lists, JSON, and what is none.
import t from 'tap';
import { readManifests } from '../../src/config/manifests.ts';

t.test('documents, Lists and JSON', async (t) => {
  const text = 'kind: A\n---\n---\nkind: List\nitems: [{ kind: B }, { kind: PodList, items: [{ kind: C }] }]\n';
  t.same(readManifests(text), { objects: [{ kind: 'A' }, { kind: 'B' }, { kind: 'C' }] });
  t.same(readManifests('{"kind":"D"}'), { objects: [{ kind: 'D' }] });
  t.same(readManifests('- a\n- b\n'), { objects: [] });
  t.same(readManifests(''), { objects: [] });
});

t.test('a merge is followed, as kubectl does', async (t) => {
  t.same(readManifests('a: &a { b: 1 }\nc: { <<: *a, d: 2 }\n'), { objects: [{ a: { b: 1 }, c: { b: 1, d: 2 } }] });
});

t.test('what is wrong is said by its line, without what stands there', async (t) => {
  const read = readManifests('kind: A\n---\npassword: "hidden\nx: [');
  t.match(read, { problem: /^line \d+ is not valid YAML$/ });
  const bomb = `a: &a [x]\n${'bcdefgh'
    .split('')
    .map((key, i) => `${key}: &${key} [${`*${'abcdefg'[i]},`.repeat(9)}]\n`)
    .join('')}`;
  t.match(readManifests(bomb), { problem: /aliases/ });
});
