import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { errorExample, generatedFiles, settingsTable } from '../../docs/generate.ts';
import { loadConfig } from '../../src/config/load.ts';

const ROOT = join(import.meta.dirname, '..', '..');

t.test('what is derived from the schema is up to date: npm run docs', async (t) => {
  const files = generatedFiles();
  t.ok(files.has('config.schema.json'));
  t.ok(files.has('docs/configuration.md'));
  for (const [name, content] of files) t.equal(readFileSync(join(ROOT, name), 'utf8'), content, name);
});

t.test('every setting has a meaning in full sentences', async (t) => {
  const rows = settingsTable().split('\n').slice(2);
  t.ok(rows.length > 30);
  for (const row of rows) t.match(row, /^\| `[^`]+` \| [A-Z`].*\. \| .* \|$/, row.slice(0, 60));
  t.match(settingsTable(), /`credentials\[\]\.match`.*required/);
  t.match(settingsTable(), /`workloads\[\]\.podSpec`/);
});

t.test('the example of the document is a configuration, and its error example is none', async (t) => {
  const text = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  t.match(example, /^# pullpass\.yaml/);
  t.ok('config' in loadConfig(example, 'pullpass.yaml'), 'it loads');
  t.match(errorExample(), /pullpass\.yaml:3:13 credentials\[0\]\.match\[0\] "https:\/\/ghcr\.io"/);
  t.notMatch(errorExample().split('```text')[1] ?? '', /not-shown/);
});
