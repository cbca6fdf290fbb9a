// The guard against mistakes: a selector with a typo, a label dropped by a script or a lost configuration must not take the
// logins away from a whole cluster. Removals are counted over a while, so that many small passes are one big one.

export interface Removals {
  /** Pull Secrets that this pass would delete or empty. */
  readonly planned: number;
  /** How many were deleted or emptied a short while ago. */
  readonly recent: number;
  /** Pull Secrets of ours that there are now. */
  readonly total: number;
  /** How many somebody has confirmed. */
  readonly confirmed: number;
}

/** So few are never held back. */
export const REMOVALS_ALWAYS = 10;
export const REMOVALS_SHARE = 0.1;
/** Milliseconds that a removal counts as recent. */
export const RECENT_MS = 10 * 60 * 1_000;

export function isHeld({ planned, recent, total, confirmed }: Removals): boolean {
  const together = planned + recent;
  if (planned === 0 || planned <= confirmed) return false;
  return together > REMOVALS_ALWAYS && together > REMOVALS_SHARE * (total + recent);
}
