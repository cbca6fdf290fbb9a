// Finds a kind that is not one of Kubernetes' own by what a user typed for it, among the resources of its group.
import type { Kind } from './kinds.ts';

/** One resource of a group, as discovery has it. */
export interface Resource {
  /** The plural name. */
  readonly name: string;
  readonly singularName?: string;
  readonly shortNames?: readonly string[];
  readonly kind: string;
  readonly version: string;
}

export type CustomKind = Kind | { readonly unknown: string };

/** @param resources of the group; none: there is no such group */
export function findCustomKind(group: string, type: string, resources: readonly Resource[]): CustomKind {
  if (resources.length === 0) return { unknown: `the cluster has no API group ${group}` };
  const found = resources.find(({ name, singularName, shortNames, kind }) =>
    [name, singularName, kind.toLowerCase(), ...(shortNames ?? [])].includes(type),
  );
  if (found !== undefined) return { group, version: found.version, kind: found.kind, resource: found.name };
  return {
    unknown: `the API group ${group} has no kind ${type}, it has ${resources.map(({ kind }) => kind).join(', ')}`,
  };
}
