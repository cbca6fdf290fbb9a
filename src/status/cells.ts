// What stands in the tables of `pullpass status` about one credential, login or namespace: the worst of it, in a few words. Pure.
import type { CredentialStatus, NamespaceStatus, PatternStatus } from '../core/replica-status.ts';
import { isBadResult, isLate } from './findings.ts';
import { agoText, untilText } from './time-text.ts';

export function credentialState({ patterns, problems, health }: CredentialStatus, now: number): string {
  const refused = health.find(({ result }) => isBadResult(result));
  if (refused !== undefined) return `${refused.result} at ${refused.host}`;
  if (patterns.every(({ hasLogin }) => !hasLogin)) return 'no login';
  const soonest = Math.min(...patterns.flatMap(({ expires }) => expires ?? []));
  if (soonest <= now) return `expired ${agoText(soonest, now)}`;
  const [kind] = [...new Set(problems.map((problem) => problem.kind))];
  if (kind !== undefined) return kind;
  if (patterns.some(({ hasLogin }) => !hasLogin)) return 'a login is missing';
  if (!Number.isFinite(soonest)) return 'ok';
  const isFine = !patterns.some((pattern) => isLate(pattern, now));
  return `${isFine ? 'ok, ' : ''}expires ${untilText(soonest, now)}`;
}

export function loginText({ hasLogin, obtained, expires }: PatternStatus, now: number): string {
  if (!hasLogin) return 'no login';
  const parts = [
    'login',
    ...(obtained === undefined ? [] : [`obtained ${agoText(obtained, now)}`]),
    ...(expires === undefined
      ? []
      : [expires > now ? `expires ${untilText(expires, now)}` : `expired ${agoText(expires, now)}`]),
  ];
  return parts.join(', ');
}

export function namespaceState(namespace: NamespaceStatus, now: number): string {
  const { refused, failed, missedPods, moreMissedPods, pullSecret, takesPart } = namespace;
  const missed = missedPods.length + moreMissedPods;
  const parts = [
    ...(refused === undefined ? [] : [refused === 'foreign' ? 'not ours' : `refused: ${refused}`]),
    // What the API server said is in the finding.
    ...(failed === undefined ? [] : [`not written: ${failed.split(':')[0]}`]),
    ...(missed === 0 ? [] : [`${missed} missed ${missed === 1 ? 'Pod' : 'Pods'}`]),
    ...(pullSecret?.change === undefined ? [] : [`to do: ${pullSecret.change}`]),
    ...(pullSecret?.leaves === undefined ? [] : [`leaves ${untilText(pullSecret.leaves, now)}`]),
  ];
  if (parts.length > 0) return parts.join(', ');
  if (pullSecret === undefined) return takesPart ? 'no pull Secret' : 'does not take part';
  if (!pullSecret.ours) return 'not ours, and nobody needs it to be';
  return takesPart ? 'ok' : 'does not take part';
}

/** In the order of their names otherwise. */
export function problemsFirst(namespaces: readonly NamespaceStatus[]): readonly NamespaceStatus[] {
  return [...namespaces].sort((a, b) => Number(hasProblem(b)) - Number(hasProblem(a)));
}

function hasProblem({ refused, failed, missedPods }: NamespaceStatus): boolean {
  return refused !== undefined || failed !== undefined || missedPods.length > 0;
}
