// Writes what is derived from the chart: values.schema.json and the table of its README.md from values.yaml and the schema of
// the configuration, and examples/rbac.yaml from its templates. Run as `node charts/generate.ts`; a test fails when a file is not
// up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helm } from '../test/chart/helm.ts';
import { closed, readValues, type Value } from './values.ts';

const ROOT = join(import.meta.dirname, '..');
const CHART = join(import.meta.dirname, 'pullpass');
/** The newest that every Helm that is in use understands. */
const DRAFT = 'http://json-schema.org/draft-07/schema#';

const RBAC = ['serviceaccount', 'clusterrole', 'clusterrolebinding', 'role', 'rolebinding'];
const RBAC_HEAD = `# The rights of \`pullpass serve\`, and no more, as the chart renders them:
#   helm template pullpass charts/pullpass --namespace pullpass-system --set config.missedPods.repair=restart
# Made by \`node charts/generate.ts\`. Names to change with the configuration: the pull Secret (pullSecret.name, here
# pullpass-dockercfg), the webhook configuration and Pullpass's own namespace.
`;

function values(): readonly Value[] {
  return readValues(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
}

export function valuesSchema(): string {
  const schema = closed(values());
  // Helm hands it to every chart that another one includes.
  const properties = { ...schema.properties, global: { type: 'object', description: 'Not used.' } };
  return `${JSON.stringify({ $schema: DRAFT, ...schema, properties }, null, 2)}\n`;
}

/** A row for each value, and for each group that has something to say. */
export function valuesTable(): string {
  const rows = values().flatMap(rowsOf);
  return ['| value | meaning | default |', '|---|---|---|', ...rows].join('\n');
}

function rowsOf(value: Value): readonly string[] {
  const { path, description, schema, byDefault, values: inside } = value;
  const choices = (schema.enum ?? []).map((choice) => `\`${choice}\``).join(', ');
  const meaning = [description, choices && `One of ${choices}.`].filter(Boolean).join(' ').replaceAll('|', '\\|');
  const fallback = inside === undefined ? `\`${JSON.stringify(byDefault)}\`` : '';
  const own = meaning === '' ? [] : [`| \`${path}\` | ${meaning} | ${fallback} |`];
  return [...own, ...(inside ?? []).flatMap(rowsOf)];
}

/** The optional rule of `missedPods.repair` is there too, so that whoever installs by hand sees it. */
export async function rbacExample(): Promise<string> {
  const shown = RBAC.flatMap((name) => ['--show-only', `templates/${name}.yaml`]);
  const place = ['--namespace', 'pullpass-system', '--set', 'config.missedPods.repair=restart'];
  const { stdout } = await helm(['template', 'pullpass', CHART, ...place, ...shown]);
  const text = stdout.replace(/^# Source: .*\n/gm, '').replace(/\n+(---\n|$)/g, '\n$1');
  return RBAC_HEAD + text.replace(/^---\n/, '');
}

/** Every file that is generated, or that holds a generated part, as it should be. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const readme = 'charts/pullpass/README.md';
  return new Map([
    ['charts/pullpass/values.schema.json', valuesSchema()],
    [readme, fill(readFileSync(join(ROOT, readme), 'utf8'), valuesTable())],
    ['examples/rbac.yaml', await rbacExample()],
  ]);
}

function fill(text: string, table: string): string {
  const [before, rest = ''] = text.split('<!-- values:begin -->');
  const [, after] = rest.split('<!-- values:end -->');
  if (after === undefined) throw new Error('the README of the chart has no place for the table of values');
  return `${before}<!-- values:begin -->\n\n${table}\n\n<!-- values:end -->${after}`;
}

if (import.meta.main) {
  // The rights are rendered by helm, which looks at the schema first.
  writeFileSync(join(CHART, 'values.schema.json'), valuesSchema());
  for (const [name, content] of await generatedFiles()) writeFileSync(join(ROOT, name), content);
}
