// The chart as helm renders it, as objects. Values are given as what they are, in a file, so that no text is guessed to be a
// number; dotted paths stand for what lies within.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { OWN_NAMESPACE } from '../serve/installation.ts';
import { CHART, helm } from './helm.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever kind a test asks for
export type Manifest = any;

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  /** Further arguments of helm. */
  readonly args?: readonly string[];
  /** With a cluster, which decides whether there are hooks. */
  readonly kubeconfig?: string;
}

/** `{ 'image.tag': 'x' }` as `{ image: { tag: 'x' } }`. */
export function nested(values: Readonly<Record<string, unknown>>): object {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let place = root;
    for (const name of names) {
      place[name] ??= {};
      place = place[name] as Record<string, unknown>;
    }
    place[last] = value;
  }
  return root;
}

/** @param values by their dotted paths @throws Error with what helm said */
export async function renderText(
  values: Readonly<Record<string, unknown>> = {},
  { release = 'pullpass', namespace = OWN_NAMESPACE, args = [], kubeconfig }: RenderOptions = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'values-'));
  const file = join(folder, 'values.json');
  writeFileSync(file, JSON.stringify(nested(values)));
  try {
    const all = ['template', release, CHART, '--namespace', namespace, '--values', file, ...args];
    return (await helm(all, kubeconfig)).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function render(
  values: Readonly<Record<string, unknown>> = {},
  options: RenderOptions = {},
): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await renderText(values, options));
  for (const { errors } of documents) if (errors[0] !== undefined) throw errors[0];
  return documents.map((document) => document.toJS()).filter((manifest) => manifest !== null);
}

/** The one of a kind; undefined if there is none. @param name where there are several of them */
export function find(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name),
  );
  if (found.length > 1) throw new Error(`there are ${found.length} of kind ${kind}`);
  return found[0];
}

export function podOf(manifests: readonly Manifest[]): Manifest {
  return find(manifests, 'Deployment').spec.template.spec;
}

export function containerOf(manifests: readonly Manifest[]): Manifest {
  return podOf(manifests).containers[0];
}

/** The value of a flag of the program. */
export function flag(manifests: readonly Manifest[], name: string): string | undefined {
  const start = `--${name}=`;
  return (containerOf(manifests).args as string[]).find((arg) => arg.startsWith(start))?.slice(start.length);
}
