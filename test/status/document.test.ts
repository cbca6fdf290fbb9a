// docs/status.md: what it shows is what the command prints, and it has every field of the document and no other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { STATUS } from '../../src/commands/status.ts';
import { part, quoted, read, rows } from '../docs/documents.ts';

const document = read('docs/status.md');

t.test('what it shows at first is the first page of the manual', async (t) => {
  const [, shown = ''] = /```console\n([\s\S]*?)```/.exec(document) ?? [];
  const manual = readFileSync(join(import.meta.dirname, 'manual.txt'), 'utf8');
  t.match(shown, /^\$ pullpass status\n/);
  t.ok(manual.startsWith(`${shown}\n$ `));
});

t.test('it has every field, and none that there is not', async (t) => {
  const type = read('src/core/replica-status.ts');
  const fields = [...type.matchAll(/readonly (\w+)\??:/g)].map(([, name = '']) => name);
  t.ok(fields.length > 40);
  const told = rows(part(document, '## The document')).flatMap((row) => row.flatMap((cell) => quoted(cell)));
  const named = told.flatMap((text) => text.split(/\W+/)).filter((text) => text !== '');
  t.same(
    fields.filter((field) => !named.includes(field)),
    [],
  );
  const kinds = ['refused', 'shadowed', 'no', 'login', 'source', 'leaving'];
  t.same(
    named.filter((name) => !fields.includes(name) && !kinds.includes(name)),
    [],
  );
});

t.test('it has every option of its own', async (t) => {
  for (const option of ['output', 'references', 'exit-code'] as const) {
    const { short } = STATUS.options[option] as { readonly short?: string };
    t.ok(document.includes(short === undefined ? `--${option}` : `-${short} `), option);
  }
});
