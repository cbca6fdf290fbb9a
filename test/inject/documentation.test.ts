// docs/inject.md: what stands there as printed is printed, and its options are those of the help.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { INJECT } from '../../src/commands/inject.ts';
import { answerTo, installed } from './manual.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'inject.md'), 'utf8');
const path = installed((end) => t.teardown(end));
const blocks = [...text.matchAll(/```console\n\$ (.*)\n([\s\S]*?)```/g)];

t.test('every command prints what stands below it', async (t) => {
  t.ok(blocks.length >= 4, `${blocks.length} commands`);
  for (const [, command = '', printed = ''] of blocks) {
    const answer = await answerTo(`{ ${command.replace(' > /dev/null', ' 2>&1 > /dev/null')}; } 2>&1`, path);
    t.equal(answer.replace(/\nexit \d+$/, ''), printed.trimEnd(), command);
  }
});

t.test('every option has a row', async (t) => {
  const described = [...text.matchAll(/^\| `(--[^`]+)` \|/gm)].map(([, option]) => option);
  const options = Object.entries(INJECT.options).map(([name, option]) =>
    'value' in option ? `--${name} ${option.value}` : `--${name}`,
  );
  t.strictSame(described, options);
});
