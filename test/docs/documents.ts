// The documents as tests read them: their texts, their parts below a heading or a bold line, and the rows of tables.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** @param path from the root of the project */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Every document that a user reads, by its path. */
export function documents(): ReadonlyMap<string, string> {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  );
  const paths = [
    'README.md',
    'CHANGELOG.md',
    'examples/README.md',
    'charts/pullpass/README.md',
    ...docs.map((name) => join('docs', name)),
  ];
  return new Map(paths.map((path) => [path, read(path)]));
}

/** What stands between this line and the next heading or bold line. */
export function part(text: string, head: string): string {
  const lines = text.split('\n');
  const from = lines.indexOf(head);
  if (from < 0) throw new Error(`there is no line "${head}"`);
  const length = lines.slice(from + 1).findIndex((line) => /^(#+ |\*\*[^*]+\*\*$)/.test(line));
  return lines.slice(from + 1, length < 0 ? undefined : from + 1 + length).join('\n');
}

/** The cells of every row of the tables in a text, without the heads. */
export function rows(text: string): readonly (readonly string[])[] {
  const cells = text.split('\n').map((line) =>
    line.startsWith('|')
      ? line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      : undefined,
  );
  const isRule = (row: readonly string[] | undefined): boolean => row?.every((cell) => /^-+$/.test(cell)) ?? false;
  return cells.flatMap((row, i) => (row === undefined || isRule(row) || isRule(cells[i + 1]) ? [] : [row]));
}

/** What stands in backquotes, in order. */
export function quoted(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside = '']) => inside);
}
