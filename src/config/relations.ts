// What can only be seen by looking at several settings together: names and kinds that stand twice, selectors that are
// required, hosts that a program can be asked about. It reads what the user wrote, not the parsed configuration, so that these
// are reported together with everything else that is wrong; it must therefore expect any shape.
import { DEFAULT_PULL_SECRET_NAME } from '../core/names.ts';
import { KNOWN_WORKLOADS } from '../core/workload.ts';
import type { Finding } from './issue.ts';
import { isShowable } from './match.ts';
import type { Path } from './yaml-text.ts';

/** @param locate the position of what stands at a path */
export function relationFindings(root: unknown, locate: (path: Path) => string): readonly Finding[] {
  const credentials = listAt(root, 'credentials');
  const named = credentials.map((entry, i) => ({ key: textAt(entry, 'name'), path: ['credentials', i, 'name'] }));
  const formerNames = listAt(fieldOf(root, 'pullSecret'), 'formerNames').map((name, i) => ({
    key: typeof name === 'string' ? name : undefined,
    path: ['pullSecret', 'formerNames', i],
  }));
  const kinds = listAt(root, 'workloads').map((entry, i) => ({ key: kindOf(entry), path: ['workloads', i] }));
  return [
    ...repeated(named, (first) => `two credentials of one name, the other is at ${locate(first)}`),
    ...repeated(formerNames, (first) => `this name stands twice, first at ${locate(first)}`),
    ...presentAsFormer(root, formerNames),
    ...repeated(kinds, (first) => `this kind stands twice, first at ${locate(first)}`),
    ...knownAsCustom(listAt(root, 'workloads')),
    ...withoutSelector(root, credentials),
    ...globsOfPrograms(credentials),
  ];
}

interface Keyed {
  readonly key: string | undefined;
  readonly path: Path;
}

function repeated(entries: readonly Keyed[], problemOf: (first: Path) => string): readonly Finding[] {
  const seen = new Map<string, Path>();
  const findings: Finding[] = [];
  for (const { key, path } of entries) {
    if (key === undefined) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, path);
    else findings.push({ path, part: 'value', ...(isShowable(key) && { found: key }), problem: problemOf(first) });
  }
  return findings;
}

function presentAsFormer(root: unknown, formerNames: readonly Keyed[]): readonly Finding[] {
  const present = textAt(fieldOf(root, 'pullSecret'), 'name') ?? DEFAULT_PULL_SECRET_NAME;
  const problem = 'this is the name that it has now, list those that it had before';
  return formerNames.flatMap(({ key, path }) =>
    key === present ? [{ path, part: 'value', ...(isShowable(key) && { found: key }), problem } as const] : [],
  );
}

function knownAsCustom(workloads: readonly unknown[]): readonly Finding[] {
  return workloads.flatMap((entry, i) => {
    const known = KNOWN_WORKLOADS.find(
      ({ group, kind }) => group === textAt(entry, 'group') && kind === textAt(entry, 'kind'),
    );
    if (known === undefined) return [];
    return [{ path: ['workloads', i], part: 'value', problem: `a known kind, write ${known.kind} alone` } as const];
  });
}

function withoutSelector(root: unknown, credentials: readonly unknown[]): readonly Finding[] {
  if (fieldOf(root, 'requireNamespaces') !== true) return [];
  return credentials.flatMap((entry, i) => {
    if (fieldOf(entry, 'namespaces') !== undefined) return [];
    const problem = 'requireNamespaces is on and this credential has no namespaces selector';
    return [{ path: ['credentials', i], part: 'value', problem } as const];
  });
}

/** A program is asked about one host, so a host with a glob is nothing that it could be asked about. */
function globsOfPrograms(credentials: readonly unknown[]): readonly Finding[] {
  return credentials.flatMap((entry, i) => {
    const source = fieldOf(entry, 'source');
    const kind = ['credentialProvider', 'credentialHelper'].find((key) => fieldOf(source, key) !== undefined);
    if (kind === undefined) return [];
    return listAt(entry, 'match').flatMap((pattern, k) => {
      if (typeof pattern !== 'string' || !pattern.replace(/\/.*$/s, '').includes('*')) return [];
      const problem = `a ${kind} is asked about one host at a time, write the host without "*"`;
      return [
        {
          path: ['credentials', i, 'match', k],
          part: 'value',
          ...(isShowable(pattern) && { found: pattern }),
          problem,
        } as const,
      ];
    });
  });
}

/** One text for a kind however it is written. */
function kindOf(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  const group = textAt(entry, 'group');
  const kind = textAt(entry, 'kind');
  return group === undefined || kind === undefined ? undefined : `${group}/${kind}`;
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}

function textAt(value: unknown, key: string): string | undefined {
  const text = fieldOf(value, key);
  return typeof text === 'string' ? text : undefined;
}
