// Reading objects whose form nobody vouches for: what is not there, or is something else than expected, is undefined.
import type { Fields } from './facts.ts';

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.flatMap((item): readonly Fields[] => [fieldsOf(item) ?? {}]) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = fieldsOf(current)?.[key];
  return current;
}

/** Labels and the like: only what is text. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(fieldsOf(value) ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Milliseconds since the epoch; 0 for no time. */
export function timeOf(value: unknown): number {
  return Date.parse(textOf(value)) || 0;
}

/** The names in the list of pull Secrets of a pod spec. */
export function listedIn(podSpec: unknown): readonly string[] {
  return listOf(at(podSpec, 'imagePullSecrets')).flatMap(({ name }) => textOf(name) || []);
}
