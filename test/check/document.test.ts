// docs/check.md has each check with what it means, as the code has it.
import t from 'tap';
import { AFTER, BEFORE } from '../../src/check/groups.ts';
import { part, read, rows } from '../docs/documents.ts';

const text = read('docs/check.md');

t.test('each group has its part, with a row for each check', async (t) => {
  const titles = new Set([...BEFORE, ...AFTER].map(({ title }) => title));
  for (const title of titles) {
    const [before = [], after = []] = [BEFORE, AFTER].map(
      (groups) => groups.find((one) => one.title === title)?.checks,
    );
    const all = new Map([...before, ...after].map((check) => [check.name, check.about]));
    const when = (name: string): string => {
      const [is, will] = [before, after].map((list) => list.some((check) => check.name === name));
      return is && will ? 'both' : is ? 'before' : 'after';
    };
    t.same(
      rows(part(text, `### ${title}`)),
      [...all].map(([name, about]) => [`\`${name}\``, when(name), about]),
      title,
    );
  }
  t.equal([...text.matchAll(/^### /gm)].length, titles.size, 'and no other');
});

t.test('a name stands for one check of a page', async (t) => {
  for (const groups of [BEFORE, AFTER]) {
    const names = groups.flatMap(({ checks }) => checks.map(({ name }) => name));
    t.same(names, [...new Set(names)]);
  }
});
