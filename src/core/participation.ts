// Which namespaces take part at all. Checked against our own view of the cluster, whatever the webhook configuration
// selected: anybody who can reach the port can send a review.
import { EXCLUDED_NAMESPACES } from './names.ts';
import type { ObjectReason } from './reason.ts';
import { type LabelSelector, type Labels, selects } from './selector.ts';

export interface Participation {
  /** The selector of the configuration. */
  readonly namespaces: LabelSelector;
  /** Pullpass's own namespace. */
  readonly own: string;
}

/** @returns undefined if the namespace takes part */
export function namespaceRefusal(
  name: string,
  labels: Labels | undefined,
  { namespaces, own }: Participation,
): Extract<ObjectReason, 'namespace-excluded' | 'namespace-not-enabled'> | undefined {
  if (name === own || EXCLUDED_NAMESPACES.includes(name)) return 'namespace-excluded';
  return labels !== undefined && selects(namespaces, labels) ? undefined : 'namespace-not-enabled';
}
