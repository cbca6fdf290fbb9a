// The guard against mistakes: a selector with a typo, a label dropped by a script or a lost configuration must not take the
// logins away from a whole cluster. Removals are counted over a while, so that many small passes are one big one. The
// surprising rule: what was held once stays held until somebody confirms it or it is not wanted any more. Waiting is no
// consent, and neither is a restart.

export interface Removals {
  /** Pull Secrets that this pass would delete or empty. */
  readonly planned: number;
  /** How many were deleted or emptied a short while ago. */
  readonly recent: number;
  /** Pull Secrets of ours that there are now. */
  readonly total: number;
  /** How many somebody has confirmed. */
  readonly confirmed: number;
  /** Some were held at the last look and are waiting since. */
  readonly waiting: boolean;
}

/** confirmed: they may go because somebody said so, which is then used up. */
export type RemovalVerdict = 'free' | 'confirmed' | 'held';

/** So few are never held back. */
export const REMOVALS_ALWAYS = 10;
export const REMOVALS_SHARE = 0.1;
/** Milliseconds that a removal counts as recent. */
export const RECENT_MS = 10 * 60 * 1_000;

export function judgeRemovals({ planned, recent, total, confirmed, waiting }: Removals): RemovalVerdict {
  if (planned === 0) return 'free';
  const together = planned + recent;
  const isMany = together > REMOVALS_ALWAYS && together > REMOVALS_SHARE * (total + recent);
  if (!isMany && !waiting) return 'free';
  return planned <= confirmed ? 'confirmed' : 'held';
}
