// Arithmetic of host globs. The rows are what the key plan builds upon; that it holds in all was counted out below.
import t from 'tap';
import {
  CLOSURE_MAX,
  closeUnderOverlap,
  hostContains,
  labelContains,
  overlapHosts,
  overlapLabels,
} from '../../src/core/host-glob.ts';
import { globMatches } from '../../src/core/pattern.ts';

const OVERLAPS: readonly (readonly [a: string, b: string, overlap: readonly string[]])[] = [
  ['a', 'a', ['a']],
  ['a', 'b', []],
  ['a*', 'ab', ['ab']],
  ['*', 'a*', ['a*']],
  ['a*', '*b', ['a*b']],
  ['a*', 'b*', []],
  ['*a', '*b', []],
  ['ab*', 'a*', ['ab*']],
  ['ab*', '*bc', ['abc', 'ab*bc']], // head and tail may share a `b`
  ['aa*', '*aa', ['aa', 'aaa', 'aa*aa']],
  ['a*bc', 'ab*c', ['abc', 'ab*bc']],
];

t.test('what two labels have in common', async (t) => {
  for (const [a, b, overlap] of OVERLAPS) {
    t.same([...overlapLabels(a, b)].sort(), [...overlap].sort(), `${a} and ${b}`);
    t.same([...overlapLabels(b, a)].sort(), [...overlap].sort(), `${b} and ${a}`);
  }
});

t.test('counted out: for all globs over two letters, and all texts, the overlap is what both match', async (t) => {
  const texts = words(6);
  const globs = words(3).flatMap((word) =>
    Array.from({ length: word.length + 1 }, (_, i) => `${word.slice(0, i)}*${word.slice(i)}`),
  );
  const wrong: string[] = [];
  for (const a of globs) {
    for (const b of globs) {
      const overlap = overlapLabels(a, b);
      for (const text of texts) {
        const matching = overlap.filter((glob) => globMatches(glob, text)).length;
        if (matching !== Number(globMatches(a, text) && globMatches(b, text))) wrong.push(`${a} ${b} ${text}`);
      }
      const contained = texts.every((text) => !globMatches(b, text) || globMatches(a, text));
      if (labelContains(a, b) && !contained) wrong.push(`${a} does not contain ${b}`);
    }
  }
  t.same(wrong, []);
});

function words(longest: number): readonly string[] {
  const all = [''];
  for (const word of all) if (word.length < longest) all.push(`${word}a`, `${word}b`);
  return all;
}

t.test('hosts', async (t) => {
  t.equal(hostContains(['*', 'r', 'io'], ['a*', 'r', 'io']), true);
  t.equal(hostContains(['*', 'io'], ['a', 'r', 'io']), false);
  t.same(overlapHosts(['a*', '*', 'io'], ['*b', 'x', 'io']), [['a*b', 'x', 'io']]);
  t.same(overlapHosts(['a*', 'io'], ['a*', 'x', 'io']), []);
  t.same(overlapHosts(['a*', 'x', 'io'], ['*b', 'y', 'io']), []);
});

t.test('a closure holds every overlap, and gives up above its bound', async (t) => {
  const closed = closeUnderOverlap([
    ['a*', 'io'],
    ['*b', 'io'],
    ['*', 'io'],
    ['x', 'io'],
  ]);
  t.same(closed?.map((host) => host.join('.')).sort(), ['*.io', '*b.io', 'a*.io', 'a*b.io', 'x.io']);
  const many = Array.from({ length: 60 }, (_, i) => [
    [`${'a'.repeat(i)}*`, 'io'],
    [`*${'b'.repeat(i + 1)}`, 'io'],
  ]).flat();
  t.equal(closeUnderOverlap(many), undefined);
  const literals = Array.from({ length: CLOSURE_MAX * 2 }, (_, i) => [`r${i}`, 'io']);
  t.equal(closeUnderOverlap(literals)?.length, CLOSURE_MAX * 2, 'hosts without a glob are no burden');
});
