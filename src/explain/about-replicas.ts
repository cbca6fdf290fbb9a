// Who answers, and what is known only from there.
import { found } from './facts.ts';
import type { Case, Finding } from './finding.ts';
import { quiet } from './words.ts';

export function aboutReplicas({ facts, blame }: Case): readonly Finding[] {
  const findings: Finding[] = [];
  const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): void => {
    findings.push({ state, about: 'replicas', text, ...more });
  };
  const endpoints = found(facts.endpoints);
  const ready = endpoints === undefined ? '' : `, ${endpoints} endpoints ready`;
  if (endpoints === 0) {
    const problem = 'its Service has no endpoint that is ready';
    say(blame, problem, { reason: 'not-answered', names: { problem } });
  }
  if ('unavailable' in facts.replica) {
    say('-', `not asked: ${quiet(facts.replica.unavailable)}; this is what the API server alone tells`);
    return findings;
  }
  const { replica, notReady, refusedConfiguration } = facts.replica.status;
  if (notReady === undefined) say('ok', `${replica} answers${ready}`);
  else say('warn', `${replica} is not ready: ${quiet(notReady)}`);
  const [refused] = refusedConfiguration;
  if (refused !== undefined) say('warn', `a changed configuration is not in force: ${quiet(refused)}`);
  return findings;
}
