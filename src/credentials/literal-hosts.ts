// The patterns of a credential by the host that they are on: a program is asked once for each.
import type { Pattern } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';

/** Hosts with a glob are left out: nobody can be asked about them. */
export function groupByHost(patterns: readonly Pattern[]): readonly (readonly Pattern[])[] {
  const literal = patterns.filter(({ host }) => !host.some((label) => label.includes('*')));
  return [...Map.groupBy(literal, authorityOf).values()];
}
