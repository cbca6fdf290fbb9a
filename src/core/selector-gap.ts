// What keeps a selector from selecting labels, in the words of `kubectl -l`, and what `kubectl label` has to be told so that it
// does. The surprising rule: a requirement that a label be absent, or be another, is met by taking the label away.
import type { LabelSelector, Labels, Requirement } from './selector.ts';
import { selects } from './selector.ts';

/** The requirements of a selector one by one, the labels of `matchLabels` among them. */
export function requirementsOf({ matchLabels, matchExpressions }: LabelSelector): readonly Requirement[] {
  const equal = Object.entries(matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'In', values: [value] }),
  );
  return [...equal, ...(matchExpressions ?? [])];
}

/** Those that the labels do not meet; none: it selects them. */
export function unmetRequirements(selector: LabelSelector, labels: Labels): readonly Requirement[] {
  return requirementsOf(selector).filter((requirement) => !selects({ matchExpressions: [requirement] }, labels));
}

/** As `kubectl -l` has it. */
export function requirementText({ key, operator, values = [] }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}

export function selectorText(selector: LabelSelector): string {
  return requirementsOf(selector).map(requirementText).join(', ') || 'everything';
}

/** Of the namespace: nobody can change it. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * The arguments of `kubectl label` after which the selector selects.
 * @returns undefined if no labelling can do that
 */
export function labellingFor(selector: LabelSelector, labels: Labels): readonly string[] | undefined {
  const changes: string[] = [];
  const after: Record<string, string> = { ...labels };
  for (const { key, operator, values } of unmetRequirements(selector, labels)) {
    if (key === NAME_LABEL) return undefined;
    const value = operator === 'Exists' ? 'true' : values?.[0];
    if (operator === 'NotIn' || operator === 'DoesNotExist') delete after[key];
    else after[key] = value ?? '';
    changes.push(Object.hasOwn(after, key) ? `${key}=${after[key]}` : `${key}-`);
  }
  if (!selects(selector, after)) return undefined;
  return Object.keys(after).some((key) => Object.hasOwn(labels, key) && labels[key] !== after[key])
    ? ['--overwrite', ...changes]
    : changes;
}
