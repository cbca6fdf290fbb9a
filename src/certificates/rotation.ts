// How one CA follows another without a moment in which anybody is not trusted: publish the new one beside the old, see both in
// the live webhook configuration, sign with the new one, drop the old one when the last certificate that it signed has
// expired. Pure. There is no leader: every replica comes to the same step, and whoever writes it first has done it for all.
import type { Authorities, Authority, FormerAuthority } from './authorities.ts';
import type { BundleEdit } from './bundle.ts';

export interface Lives {
  readonly caMs: number;
  readonly leafMs: number;
}

export interface RotationFacts extends Lives {
  /** Milliseconds since the epoch, as all times here. */
  readonly now: number;
  /** Somebody wants a new CA, whatever the age of this one. */
  readonly asked: boolean;
  /** Since when every entry of the live webhook configuration holds `next`; undefined: not every one does. */
  readonly publishedSince: number | undefined;
}

/** `prepare`: make a CA and publish it. `promote`: sign with it from now on. */
export type Step = 'stay' | 'prepare' | 'promote';

/** What we see, every API server sees a little later: they watch the same object, each for itself. */
const SETTLE_MS = 5_000;
/** Of its life that a CA has left when the next one is made. */
const LEFT = 1 / 3;
/** Clocks of nodes differ. */
const SKEW_MS = 5 * 60_000;

function slackOf(leafMs: number): number {
  return Math.min(SKEW_MS, leafMs / 4);
}

export function nextStep({ current, next }: Authorities, facts: RotationFacts): Step {
  if (facts.asked) return 'prepare';
  if (next === undefined) return current.until - facts.now < facts.caMs * LEFT ? 'prepare' : 'stay';
  // Nobody was there, or could publish it, for all of its life.
  if (next.until <= facts.now) return 'prepare';
  const { publishedSince } = facts;
  return publishedSince !== undefined && facts.now - publishedSince >= SETTLE_MS ? 'promote' : 'stay';
}

/** A CA that was prepared and never signed anything is dropped at once: who asks again has lost trust in it too. */
export function prepare({ current, next, former }: Authorities, fresh: Authority, now: number): Authorities {
  const dropped = next === undefined ? [] : [{ cert: next.cert, until: next.until, dropAfter: now - SKEW_MS }];
  return { current, next: fresh, former: remembered([...former, ...dropped], now) };
}

export function promote({ current, next, former }: Authorities, { now, leafMs }: RotationFacts): Authorities {
  if (next === undefined) return { current, former };
  const dropAfter = now + leafMs + slackOf(leafMs);
  return {
    current: next,
    former: remembered([...former, { cert: current.cert, until: current.until, dropAfter }], now),
  };
}

/** Until they have expired, and leave every bundle by themselves. */
function remembered(former: readonly FormerAuthority[], now: number): readonly FormerAuthority[] {
  return former.filter(({ until }) => until > now);
}

/** The surprising part: for a while after its time one is neither wanted nor unwanted, lest two clocks fight over it. */
export function bundleEdit(
  { current, next, former }: Authorities,
  { now, leafMs }: Pick<RotationFacts, 'now' | 'leafMs'>,
): BundleEdit {
  const stays = former.filter(({ dropAfter }) => now < dropAfter);
  const goes = former.filter(({ dropAfter }) => now >= dropAfter + slackOf(leafMs));
  return { add: [...(next === undefined ? [] : [next]), current, ...stays].map(certOf), remove: goes.map(certOf) };
}

function certOf({ cert }: { readonly cert: string }): string {
  return cert;
}

/**
 * Whether it is time for another certificate: half of its life is over, and a new one would live longer. Or its life has more
 * than one left: it was made by a clock that was ahead, and others may not take it for good yet.
 * @param expires of the one in use
 */
export function isDue(
  expires: number,
  { until }: Authority,
  { now, leafMs }: Lives & { readonly now: number },
): boolean {
  const left = expires - now;
  return left > leafMs || (left < leafMs / 2 && Math.min(now + leafMs, until) > expires);
}
