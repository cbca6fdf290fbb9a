// The objects in a document: one, or those of a List. A typed list, such as a DeploymentList, need not say of its items what
// they are.
import { type Path, valueAt } from './place.ts';

export interface FoundObject {
  /** Where in the document it is. */
  readonly path: Path;
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** As it says itself. */
  readonly namespace: string | undefined;
  readonly object: Readonly<Record<string, unknown>>;
}

const DEPTH_MAX = 10;

export function objectsOf(value: unknown, path: Path = [], parent?: FoundObject): readonly FoundObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const object = value as Readonly<Record<string, unknown>>;
  const kind = textOf(object.kind) ?? parent?.kind.replace(/List$/, '') ?? '';
  const version = textOf(object.apiVersion);
  const found: FoundObject = {
    path,
    group:
      version === undefined
        ? (parent?.group ?? '')
        : version.includes('/')
          ? version.slice(0, version.indexOf('/'))
          : '',
    kind,
    name: textOf(valueAt(object, ['metadata', 'name'])) ?? textOf(valueAt(object, ['metadata', 'generateName'])) ?? '',
    namespace: textOf(valueAt(object, ['metadata', 'namespace'])),
    object,
  };
  const { items } = object;
  if (!kind.endsWith('List') || !Array.isArray(items) || path.length > DEPTH_MAX) return [found];
  return items.flatMap((item, i) => objectsOf(item, [...path, 'items', i], found));
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
