// Whether the namespace takes part: by the settings, or where no replica could be asked by what the webhook configuration selects,
// or what is selected unless somebody chose otherwise.
import { LABEL_INJECT } from '../core/names.ts';
import { namespaceRefusal } from '../core/participation.ts';
import type { LabelSelector } from '../core/selector.ts';
import { labellingFor, requirementText, selectorText, unmetRequirements } from '../core/selector-gap.ts';
import { found } from './facts.ts';
import type { Case, Finding } from './finding.ts';
import { shellWord } from './words.ts';

const BY_DEFAULT: LabelSelector = { matchLabels: { [LABEL_INJECT]: 'enabled' } };

export function aboutNamespace({ facts, status, blame }: Case): readonly Finding[] {
  const { name, read } = facts.namespace;
  const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): readonly Finding[] => [
    { state, about: 'namespace', text, ...more },
  ];
  if ('missing' in read) {
    if (read.missing === 'absent') return say('fail', `${name} does not exist`, { reason: 'namespace-missing' });
    return say('-', `${name}: ${read.missing === 'forbidden' ? 'you may not read it' : read.why}`);
  }
  const { labels, terminating } = read.found;
  if (terminating) return say('fail', `${name} is being deleted`, { reason: 'terminating' });
  const selector =
    status?.settings.namespaces ?? found(facts.webhook.read)?.entries[0]?.namespaceSelector ?? BY_DEFAULT;
  const own = status?.settings.own ?? facts.own;
  const refusal = namespaceRefusal(name, labels, { namespaces: selector, own });
  if (refusal === undefined) return say('ok', `${name} takes part (${selectorText(selector)})`);
  if (refusal === 'namespace-excluded') return say(blame, `${name} never takes part`, { reason: refusal });
  const unmet = unmetRequirements(selector, labels).map(requirementText).join(', ');
  const change = labellingFor(selector, labels)?.map(shellWord).join(' ');
  return say(blame, `${name} does not take part, it lacks ${unmet}`, { reason: refusal, names: { labels: change } });
}

/** Whether it takes part, as far as is known. */
export function takesPart(opened: Case): boolean {
  return aboutNamespace(opened).every(({ state }) => state === 'ok');
}
