// A label selector as `kubectl -l` takes it.
import type { LabelSelector, Requirement } from '../core/selector.ts';

export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...labels, ...matchExpressions.map(requirementText)].join(',');
}

function requirementText({ key, operator, values = [] }: Requirement): string {
  const [only] = values;
  const isOne = values.length === 1;
  switch (operator) {
    case 'In':
      return isOne ? `${key}=${only}` : `${key} in (${values.join()})`;
    case 'NotIn':
      return isOne ? `${key}!=${only}` : `${key} notin (${values.join()})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}
