// Who names the pull Secret: what would no longer find it after an uninstallation. Pure.
import { formatTable } from '../command-line/table.ts';

export interface Reference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Which of the names it is. */
  readonly pullSecret: string;
  /** Kind and name of the controller that made it, if one did. */
  readonly controller?: string;
}

export interface References {
  readonly found: readonly Reference[];
  /** Kinds that could not be looked at, each with why. */
  readonly unlisted: readonly { readonly kind: string; readonly why: string }[];
}

export function referencesText(
  { found, unlisted }: References,
  pullSecrets: readonly string[],
  columns: number,
): string {
  const names = pullSecrets.join(' or ');
  const rows = [...found]
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || compare(a.name, b.name))
    .map(({ kind, namespace, name, controller = '', pullSecret }) =>
      pullSecrets.length > 1 ? [namespace, kind, name, controller, pullSecret] : [namespace, kind, name, controller],
    );
  const header = ['NAMESPACE', 'KIND', 'NAME', 'MADE BY', ...(pullSecrets.length > 1 ? ['PULL SECRET'] : [])];
  const nothing = `Nothing ${unlisted.length === 0 ? '' : 'that could be looked at '}names ${names}.\n`;
  const table = found.length === 0 ? nothing : formatTable(header, rows, columns);
  return [table, ...unlisted.map(({ kind, why }) => `not looked at: ${kind}: ${why}\n`)].join('');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
