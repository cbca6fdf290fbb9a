// The objects in a text of manifests: documents of YAML or JSON one after the other, Lists taken apart. What is wrong is said by
// line only, since a manifest may hold a password.
import { LineCounter, parseAllDocuments } from 'yaml';

export type Manifests = { readonly objects: readonly object[] } | { readonly problem: string };

const ALIASES_MAX = 50;

export function readManifests(text: string): Manifests {
  const lineCounter = new LineCounter();
  const objects: object[] = [];
  try {
    for (const document of parseAllDocuments(text, { lineCounter, merge: true })) {
      const [fault] = document.errors;
      if (fault !== undefined) return { problem: `line ${lineCounter.linePos(fault.pos[0]).line} is not valid YAML` };
      objects.push(...itemsOf(document.toJS({ maxAliasCount: ALIASES_MAX })));
    }
  } catch {
    return { problem: 'it is nested too deeply, or has too many aliases, to be read' };
  }
  return { objects };
}

function itemsOf(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown };
  const isList = typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
  return isList ? items.flatMap(itemsOf) : [value];
}
