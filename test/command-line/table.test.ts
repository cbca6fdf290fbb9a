// Tables for people.
import t from 'tap';
import { formatTable, wrap } from '../../src/command-line/table.ts';

t.test('columns are as wide as they need to be', async (t) => {
  t.equal(
    formatTable(
      ['NAME', 'AGE'],
      [
        ['ghcr', '3h'],
        ['a-longer-name', ''],
      ],
      80,
    ),
    'NAME           AGE\nghcr           3h\na-longer-name\n',
  );
});

t.test('where the width is too small the widest column is broken, and nothing is lost', async (t) => {
  const patterns = 'ghcr.io/acme/, ghcr.io/acme-labs/, registry.example.com/team/, harbor.example.com:5000/library';
  const text = formatTable(['NAME', 'PATTERNS', 'HEALTH'], [['ghcr', patterns, 'accepted']], 50);
  for (const line of text.split('\n')) t.ok(line.length <= 50, line);
  t.match(text, /^ghcr .* accepted$/m, 'the first line of a row holds the start of every cell');
  const cells = text
    .split('\n')
    .slice(1)
    .map((line) => line.slice(6, 40).trim());
  t.equal(cells.join('').replaceAll(' ', ''), patterns.replaceAll(' ', ''));
});

t.test('a word that is too long is broken', async (t) => {
  t.same(wrap('abcdefghijkl', 5), ['abcde', 'fghij', 'kl']);
  t.same(wrap('', 5), ['']);
});
