import t from 'tap';
import { nearest, suggestion } from '../../src/config/nearest.ts';

t.test('the nearest known word', async (t) => {
  const known = ['name', 'match', 'except', 'namespaces', 'source'];
  const rows: readonly (readonly [word: string, near: string | undefined])[] = [
    ['mach', 'match'],
    ['matches', 'match'],
    ['namespace', 'namespaces'],
    ['Name', 'name'],
    ['excpet', 'except'],
    ['password', undefined],
    ['x', undefined],
    ['', undefined],
    ['z'.repeat(10_000), undefined],
  ];
  for (const [word, near] of rows) t.equal(nearest(word, known), near, word.slice(0, 20));
  t.equal(suggestion('mach', known), ', did you mean "match"?');
  t.equal(suggestion('zzz', known), ', known here: name, match, except, namespaces, source');
});
