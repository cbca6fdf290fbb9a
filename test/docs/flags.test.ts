// The flags of `serve`: what the help says and what the document says are the same.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { part, quoted, read, rows } from './documents.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const help = execFileSync(process.execPath, [MAIN, 'serve', '--help'], { encoding: 'utf8' });
const [, options = ''] = /Options:\n([\s\S]*?)\n\n/.exec(help) ?? [];

t.test('each flag has a row, with its argument and its default', async (t) => {
  const helped = options.split('\n').map((line) => {
    const [, flag = '', argument = '', text = ''] = /^ {2}(--[a-z-]+) ([A-Z]+) +(.*)$/.exec(line) ?? [];
    // The default stands in brackets at the end, or is all that there is to say.
    const [, byDefault = ''] = /\(default: (.*)\)$/.exec(text) ?? /^default: (.*)$/.exec(text) ?? [];
    return [`${flag} ${argument}`, byDefault];
  });
  t.ok(helped.length > 10);
  for (const [flag] of helped) t.match(flag, /^--/, 'each line is read');
  const described = rows(part(read('docs/operations.md'), '## Flags of `serve`'));
  t.same(
    described.map(([flag = '', byDefault = '']) => [quoted(flag).join(), byDefault.replaceAll('`', '')]),
    helped,
  );
  for (const [flag, , is] of described) t.match(is, /\S/, `${flag} is something`);
});
