// The change that makes one pull Secret true: wanted and present, compared. Pure, and planning again after the change was
// carried out gives nothing. In order, the first that holds:
//
//   the namespace is gone or going                            -> nothing, Kubernetes clears it up
//   it is under a former name                                 -> if it is ours, as what nobody is meant to use; else nothing
//   a Secret of our name is not ours                          -> refuse `foreign` if it is in the way, else nothing
//   the content cannot be rendered                            -> refuse `too-large`, what is there stays
//   nobody is meant to use it: not enabled, no credential     -> note since when, keep it true, delete after the grace
//   it is there: type, content, marks and note as wanted      -> nothing, or apply; replace where Kubernetes lets no apply
//   it is not there and is wanted                             -> apply
//
// The surprising rules: a credential that the labels no longer admit leaves the content at once, the Secret only after the
// grace. Pods that run still name it, and a deletion by mistake would be an outage that a label cannot undo. And where an
// admitted credential has no login just now, its entries are carried over from what is there, so that it keeps them and keeps
// no other credential from its own change. One under a former name outlives its grace for as long as the one that should follow
// it could not be made: Pods would be left with neither.
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
  /** Of a pull Secret under a former name. */
  readonly former?: {
    /** One of ours is there under the present name. */
    readonly followed: boolean;
  };
}

export interface SyncSettings extends PullSecretSettings {
  readonly graceMs: number;
}

/** A pull Secret as it is to be written. */
export interface Wanted {
  readonly rendering: Rendering;
  readonly unwantedSince: number | undefined;
  /** Keys whose entries are taken from what is there: credentials whose source has no login just now. */
  readonly carried: readonly string[];
  /** Every credential in it, sorted. */
  readonly credentials: readonly string[];
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
  const { alive, takesPart, asked, present, rendering, former } = situation;
  if (!alive) return undefined;
  const isFor = takesPart && rendering.admitted.length > 0;
  if (former !== undefined) return planFormer(situation, isFor && !former.followed, settings, now);
  if (present !== undefined && !present.ours) return isFor ? { act: 'refuse', reason: 'foreign' } : undefined;
  const unwanted = takesPart ? 'nothing-admitted' : 'not-enabled';
  if (!isFor) return present && planUnwanted(present, rendering, unwanted, settings, now);
  if (present === undefined && !(asked && hasKeys(rendering))) return undefined;
  return planWritten(present, { rendering, unwantedSince: undefined }, settings);
}

/** Whether a change would take from Pods what they have: what the guard against mistakes counts. */
export function isRemoval(change: Change): boolean {
  // Whoever names a former name has said so.
  if (change.act === 'delete') return change.reason !== 'former-name';
  if (change.act !== 'apply' && change.act !== 'replace') return false;
  const { rendering, carried } = change.wanted;
  return change.seen !== undefined && change.seen.keys.size > 0 && !hasKeys(rendering) && carried.length === 0;
}

/**
 * When a pull Secret that nobody is meant to use will be due to be deleted, in milliseconds since the epoch; undefined if it
 * is due already: what keeps it then is not a matter of time.
 */
export function deletionDue({ alive, present }: Situation, graceMs: number, now: number): number | undefined {
  if (!alive || !present?.ours || present.unwantedSince === undefined) return undefined;
  const due = present.unwantedSince + graceMs;
  return due > now ? due : undefined;
}

/** @param needed no other can take its place yet */
function planFormer(
  { present, rendering }: Situation,
  needed: boolean,
  settings: SyncSettings,
  now: number,
): Change | undefined {
  if (!present?.ours) return undefined;
  const graceMs = needed ? Number.POSITIVE_INFINITY : settings.graceMs;
  const change = planUnwanted(present, rendering, 'former-name', { ...settings, graceMs }, now);
  // What is wrong with the content is said of the present one.
  return change?.act === 'refuse' ? undefined : change;
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
  { rendering, unwantedSince }: Pick<Wanted, 'rendering' | 'unwantedSince'>,
  settings: SyncSettings,
): Change | undefined {
  const { content, lacking } = rendering;
  if (content === undefined) return { act: 'refuse', reason: 'too-large' };
  const carried = present === undefined || lacking.size === 0 ? NONE : carriedKeys(present, rendering);
  const credentials = carried.length === 0 ? content.credentials : withCarried(content.credentials, carried, lacking);
  const wanted = { rendering, unwantedSince, carried, credentials };
  if (present === undefined) return { act: 'apply', reason: 'missing', wanted, seen: undefined };
  const reason = differenceOf(present, wanted, settings);
  if (reason === undefined) return undefined;
  if (present.type !== content.type) return replaceOrWait(present, wanted, 'type');
  // Metadata of an immutable Secret may be changed, its data may not.
  if (present.immutable && reason !== 'marks' && reason !== 'unwanted') {
    return replaceOrWait(present, wanted, 'immutable');
  }
  return { act: 'apply', reason, wanted, seen: present };
}

/** Most have nothing to carry over, and a pass plans for ten thousand. */
const NONE: readonly string[] = [];

function withCarried(
  credentials: readonly string[],
  carried: readonly string[],
  lacking: Rendering['lacking'],
): readonly string[] {
  return [...new Set([...credentials, ...carried.flatMap((key) => lacking.get(key) ?? [])])].sort();
}

/**
 * An entry does not say whose it is, the annotation says who is in there. What another credential left behind, that may not be
 * used here any more, must not stay under the name of one that has no login.
 */
function carriedKeys(present: ObservedPullSecret, { lacking, admitted }: Rendering): readonly string[] {
  const isOfAdmitted = present.credentials.every((name) => admitted.some((credential) => credential.name === name));
  return [...lacking].flatMap(([key, owner]) =>
    present.keys.has(key) && (isOfAdmitted || present.credentials.includes(owner)) ? [key] : [],
  );
}

/** A Secret that a finalizer holds cannot be made anew yet; its end is an event, and then it is missing. */
function replaceOrWait(present: ObservedPullSecret, wanted: Wanted, reason: ReplaceReason): Change | undefined {
  return present.leaving ? undefined : { act: 'replace', reason, wanted, seen: present };
}

function differenceOf(present: ObservedPullSecret, wanted: Wanted, settings: SyncSettings): ApplyReason | undefined {
  const { marks, content } = wanted.rendering;
  if (!holdsContent(present, wanted) || present.type !== content?.type || present.immutable) return 'content';
  const { unwantedSince, carried } = wanted;
  if (present.unwantedSince !== unwantedSince) return 'unwanted';
  const isPlain = unwantedSince === undefined && carried.length === 0;
  const expected = isPlain ? marks : marksOf(settings, wanted, unwantedSince);
  return present.marks === expected ? undefined : 'marks';
}

/** With entries carried over it is no text that could be rendered, so it is compared entry by entry. */
function holdsContent(present: ObservedPullSecret, { rendering, carried }: Wanted): boolean {
  if (carried.length === 0) return present.digest === rendering.digest;
  const { entries } = rendering;
  if (carried.some((key) => present.entries.get(key) === '')) return false;
  if (present.keys.size !== entries.size + carried.length) return false;
  return [...entries].every(([key, digest]) => present.entries.get(key) === digest);
}

function hasKeys({ content }: Rendering): boolean {
  return content !== undefined && content.keys.size > 0;
}
