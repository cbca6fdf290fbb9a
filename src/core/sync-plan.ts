// The change that makes one pull Secret true: wanted and present, compared. Pure, and planning again after the change was
// carried out gives nothing. In order, the first that holds:
//
//   the namespace is gone or going                            -> nothing, Kubernetes clears it up
//   a Secret of our name is not ours                          -> refuse `foreign` if it is in the way, else nothing
//   the content cannot be rendered                            -> refuse `too-large`, what is there stays
//   a write would take away a login that is missing just now  -> refuse `login-missing`, what is there stays
//   nobody is meant to use it: not enabled, no credential     -> note since when, keep it true, delete after the grace
//   it is there: type, content, marks and note as wanted      -> nothing, or apply; replace where Kubernetes lets no apply
//   it is not there and is wanted                             -> apply
//
// The surprising rule: a credential that the labels no longer admit leaves the content at once, the Secret only after the
// grace. Pods that run still name it, and a deletion by mistake would be an outage that a label cannot undo.
import { losesLogin } from './ensure-plan.ts';
import type { PullSecretSettings } from './pull-secret.ts';
import type { ApplyReason, DeleteReason, RefuseReason, ReplaceReason } from './reason.ts';
import { marksOf, type Rendering } from './rendering.ts';
import type { ObservedPullSecret } from './surroundings.ts';

export interface Situation {
  /** The namespace is there and not being deleted. */
  readonly alive: boolean;
  readonly takesPart: boolean;
  /** Something beside a pull Secret of ours asks for one: a Pod that waits, one that vanished, distribution everywhere. */
  readonly asked: boolean;
  readonly present: ObservedPullSecret | undefined;
  readonly rendering: Rendering;
}

export interface SyncSettings extends PullSecretSettings {
  readonly graceMs: number;
}

/** A pull Secret as it is to be written. */
export interface Wanted {
  readonly rendering: Rendering;
  readonly unwantedSince: number | undefined;
}

export type Change =
  | {
      readonly act: 'apply';
      readonly reason: ApplyReason;
      readonly wanted: Wanted;
      readonly seen: ObservedPullSecret | undefined;
    }
  | {
      readonly act: 'replace';
      readonly reason: ReplaceReason;
      readonly wanted: Wanted;
      readonly seen: ObservedPullSecret;
    }
  | { readonly act: 'delete'; readonly reason: DeleteReason; readonly seen: ObservedPullSecret }
  | { readonly act: 'refuse'; readonly reason: RefuseReason };

/** @returns undefined if there is nothing to do */
export function planChange(situation: Situation, settings: SyncSettings, now: number): Change | undefined {
  const { alive, takesPart, asked, present, rendering } = situation;
  if (!alive) return undefined;
  const isFor = takesPart && rendering.admitted.length > 0;
  if (present !== undefined && !present.ours) return isFor ? { act: 'refuse', reason: 'foreign' } : undefined;
  const unwanted = takesPart ? 'nothing-admitted' : 'not-enabled';
  if (!isFor) return present && planUnwanted(present, rendering, unwanted, settings, now);
  if (present === undefined && !(asked && hasKeys(rendering))) return undefined;
  return planWritten(present, { rendering, unwantedSince: undefined }, settings);
}

/** Whether a change would take from Pods what they have: what the guard against mistakes counts. */
export function isRemoval(change: Change): boolean {
  if (change.act === 'delete') return true;
  if (change.act !== 'apply' && change.act !== 'replace') return false;
  return change.seen !== undefined && change.seen.keys.size > 0 && !hasKeys(change.wanted.rendering);
}

/** When a pull Secret that nobody is meant to use is due to be deleted, in milliseconds since the epoch. */
export function deletionDue({ present }: Situation, graceMs: number): number | undefined {
  return present?.unwantedSince === undefined ? undefined : present.unwantedSince + graceMs;
}

function planUnwanted(
  present: ObservedPullSecret,
  rendering: Rendering,
  reason: DeleteReason,
  settings: SyncSettings,
  now: number,
): Change | undefined {
  // A note from the future was written by another clock: from now on then.
  const since = Math.min(present.unwantedSince ?? now, now);
  if (now - since < settings.graceMs) return planWritten(present, { rendering, unwantedSince: since }, settings);
  return present.leaving ? undefined : { act: 'delete', reason, seen: present };
}

function planWritten(
  present: ObservedPullSecret | undefined,
  wanted: Wanted,
  settings: SyncSettings,
): Change | undefined {
  const { content } = wanted.rendering;
  if (content === undefined) return { act: 'refuse', reason: 'too-large' };
  if (present === undefined) return { act: 'apply', reason: 'missing', wanted, seen: undefined };
  const reason = differenceOf(present, wanted, settings);
  if (reason === undefined) return undefined;
  if (losesLogin(present, wanted.rendering)) return { act: 'refuse', reason: 'login-missing' };
  if (present.type !== content.type) return replaceOrWait(present, wanted, 'type');
  // Metadata of an immutable Secret may be changed, its data may not.
  if (present.immutable && reason !== 'marks' && reason !== 'unwanted') {
    return replaceOrWait(present, wanted, 'immutable');
  }
  return { act: 'apply', reason, wanted, seen: present };
}

/** A Secret that a finalizer holds cannot be made anew yet; its end is an event, and then it is missing. */
function replaceOrWait(present: ObservedPullSecret, wanted: Wanted, reason: ReplaceReason): Change | undefined {
  return present.leaving ? undefined : { act: 'replace', reason, wanted, seen: present };
}

function differenceOf(present: ObservedPullSecret, wanted: Wanted, settings: SyncSettings): ApplyReason | undefined {
  const { content, digest, marks } = wanted.rendering;
  if (content === undefined) return undefined;
  if (present.digest !== digest || present.type !== content.type || present.immutable) return 'content';
  const { unwantedSince } = wanted;
  if (present.unwantedSince !== unwantedSince) return 'unwanted';
  const expected = unwantedSince === undefined ? marks : marksOf(settings, content, unwantedSince);
  return present.marks === expected ? undefined : 'marks';
}

function hasKeys({ content }: Rendering): boolean {
  return content !== undefined && content.keys.size > 0;
}
