// Writes what is derived from the schema of the configuration: config.schema.json, and the parts of the documents between
// `<!-- NAME:begin -->` and `<!-- NAME:end -->`. Run by `npm run docs`; a test fails when a file is not up to date. The error
// examples are not written by hand: a broken configuration is loaded, and what is said about it is what stands there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { loadConfig } from '../src/config/load.ts';
import { describeProblem } from '../src/config/problem.ts';
import { configJsonSchema } from '../src/config/schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const ROOT = join(import.meta.dirname, '..');
const DOCUMENTS = ['docs/configuration.md', 'README.md'];

const BROKEN = `credentials:
  - name: ghcr
    match: ["https://ghcr.io"]
    source: { dockerConfig: ghcr.json }
  - name: ghcr
    mach: [quay.io]
    pasword: not-shown
    source: { dockerConfig: ~/.docker/config.json }
  - name: hub
    match: ["*.io", "somebody:not-shown@docker.io", "*.acme.io"]
    source: { credentialHelper: acme }
workloads: [Deploymnt]
requireNamespaces: yes
`;

/** A row for every setting: its path, what it means, its default. */
export function settingsTable(): string {
  const rows = settings(configJsonSchema(), '').map(([path, { description = '', ...schema }, required]) => {
    const fallback = required ? 'required' : 'default' in schema ? `\`${JSON.stringify(schema.default)}\`` : '';
    const choices =
      schema.enum === undefined ? '' : ` One of ${schema.enum.map((choice) => `\`${choice}\``).join(', ')}.`;
    return `| \`${path}\` | ${cell(`${description}${choices}`)} | ${cell(fallback)} |`;
  });
  return ['| setting | meaning | default |', '|---|---|---|', ...rows].join('\n');
}

type Setting = readonly [path: string, schema: JsonSchema, required: boolean];

function settings(schema: JsonSchema, prefix: string): readonly Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]): readonly Setting[] => {
    if (typeof property === 'boolean') return [];
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const own: Setting = [path, property, schema.required?.includes(name) ?? false];
    const branches = (property.anyOf ?? [property]).filter((branch) => typeof branch === 'object');
    return [own, ...branches.flatMap((branch) => settings(branch, path)), ...itemSettings(property.items, `${path}[]`)];
  });
}

function itemSettings(items: JsonSchema['items'], path: string): readonly Setting[] {
  if (items === undefined || typeof items === 'boolean' || Array.isArray(items)) return [];
  const branches = items.anyOf ?? [items];
  return branches.flatMap((branch) => (typeof branch === 'boolean' ? [] : settings(branch, path)));
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

export function errorExample(): string {
  const loaded = loadConfig(BROKEN, 'pullpass.yaml');
  const lines = 'problems' in loaded ? loaded.problems.map(describeProblem) : [];
  return ['```yaml', BROKEN.trimEnd(), '```', '', '```text', ...lines, '```'].join('\n');
}

/** Every file that is generated, or that holds a generated part, as it should be. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map([['config.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`]]);
  for (const name of DOCUMENTS) {
    const path = join(ROOT, name);
    if (!existsSync(path)) continue;
    const text = fill(readFileSync(path, 'utf8'), 'settings', settingsTable());
    files.set(name, fill(text, 'errors', errorExample()));
  }
  return files;
}

/** A document without the marks stays as it is. */
function fill(text: string, name: string, content: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(`<!-- ${name}:end -->`);
  if (from < 0 || to < from) return text;
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

if (import.meta.main) {
  for (const [name, content] of generatedFiles()) writeFileSync(join(ROOT, name), content);
}
