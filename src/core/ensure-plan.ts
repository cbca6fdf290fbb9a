// What an admission must do about the pull Secret before it may answer: nothing, as long as a key for each pattern that was
// chosen is in it. A login that only changed is no reason to write, sync brings that to every namespace: replicas may know
// of it at different moments, and none must ever write an older login over a newer one because a Pod came by.
import type { EnsureReason } from './reason.ts';
import type { Need, Rendering } from './rendering.ts';
import type { PullSecretState } from './surroundings.ts';

export type EnsurePlan =
  | {
      readonly act: 'nothing';
      readonly reason: Extract<EnsureReason, 'present' | 'foreign' | 'login-missing' | 'too-large'>;
    }
  | { readonly act: 'create' }
  | { readonly act: 'rewrite'; readonly seen: PullSecretState };

/**
 * @param needs the patterns that the decision chose for the images of the object
 * @param rendering what a write would put in
 */
export function planEnsure(
  present: PullSecretState | undefined,
  needs: readonly Need[],
  rendering: Rendering,
): EnsurePlan {
  if (present !== undefined && !present.ours) return { act: 'nothing', reason: 'foreign' };
  if (present !== undefined && needs.every((need) => holds(present, need, rendering))) {
    return { act: 'nothing', reason: 'present' };
  }
  if (rendering.content === undefined) return { act: 'nothing', reason: 'too-large' };
  if (present === undefined) return { act: 'create' };
  if (losesLogin(present, rendering)) return { act: 'nothing', reason: 'login-missing' };
  return { act: 'rewrite', seen: present };
}

function holds(present: PullSecretState, need: Need, rendering: Rendering): boolean {
  return present.credentials.includes(need.credential) && rendering.keysOf(need).every((key) => present.keys.has(key));
}

/** Whether a write would take away the entry of a credential whose source has no login at the moment. Sync can carry it over. */
function losesLogin(present: PullSecretState, { lacking }: Rendering): boolean {
  for (const key of lacking.keys()) if (present.keys.has(key)) return true;
  return false;
}
