// One turn of keeping the caBundle: decides what each entry should hold, and writes it if it does not. Every problem is a value
// with its outcome, and says when the next turn should be; what is wrong with us alone is an exception.
import { type BundleEdit, editBundle } from '../certificates/bundle.ts';
import { BUNDLE_OUTCOMES, type BundleOutcome } from '../core/reason.ts';
import type { Backoff } from './backoff.ts';
import { outcomeOf, writeBundles } from './bundle-write.ts';
import type { Contest } from './contest.ts';
import { Refused } from './paged-list.ts';
import { ApiUnavailable } from './unavailable.ts';
import type { ConfigurationOptions, FollowedConfiguration, LiveConfiguration } from './webhook-configuration.ts';

export interface BundleKeeperOptions extends ConfigurationOptions {
  /** What each entry should hold; undefined: nothing is to be written now. */
  wanted(): BundleEdit | undefined;
  /** Told once for each write, and once when it turns out that there is nothing to write to. */
  onWrite(outcome: BundleOutcome): void;
}

export interface Course {
  readonly options: BundleKeeperOptions;
  readonly followed: FollowedConfiguration;
  readonly signal: AbortSignal;
  readonly pause: Backoff;
  readonly contest: Contest;
  /** Every entry was right when it was last looked at. */
  stood: boolean;
  conflicts: number;
  /** The problem that was logged last. */
  said: string;
  /** It has been waited for, so the next write needs no more patience. */
  heldBack: boolean;
}

/** `news`: after a pause, or as soon as there are any. */
export type Next = 'idle' | 'again' | 'pause' | 'news';

export interface Plan {
  readonly seen: LiveConfiguration;
  readonly bundles: readonly string[];
  readonly isTrue: boolean;
}

/** So many conflicts in a row are answered at once. */
const QUICK_CONFLICTS = 3;

/** @returns why there is nothing to write to; undefined: nothing is wanted, or nothing is known yet */
export function planFor({ options, followed }: Course): Plan | 'missing' | 'no-webhooks' | undefined {
  const wanted = options.wanted();
  const seen = followed.live();
  if (wanted === undefined) return undefined;
  if (seen === undefined) return followed.synced() ? 'missing' : undefined;
  if (seen.bundles.length === 0) return 'no-webhooks';
  const now = options.time.now();
  const bundles = seen.bundles.map((bundle) => editBundle(bundle, wanted, now));
  return { seen, bundles, isTrue: bundles.every((bundle, index) => bundle === seen.bundles[index]) };
}

export async function turn(course: Course): Promise<Next> {
  const { options, signal } = course;
  const plan = planFor(course);
  if (plan === undefined) return 'idle';
  if (typeof plan === 'string') {
    if (say(course, plan, BUNDLE_OUTCOMES[plan])) options.onWrite(plan);
    return 'idle';
  }
  if (plan.isTrue) return settled(course);
  const waitMs = course.heldBack ? 0 : course.contest.holdBackMs();
  if (waitMs > 0) return holdBack(course, waitMs);
  course.heldBack = false;
  const write = await writeBundles(options.client, options.name, plan.seen, plan.bundles, signal);
  if (signal.aborted) return 'idle';
  if (write.outcome === 'written') return written(course, plan, write.live);
  if (write.outcome === 'conflict' || write.outcome === 'missing') return lookAgain(course, plan.seen);
  options.onWrite(write.outcome);
  say(course, write.outcome, write.why);
  return write.outcome === 'unavailable' ? 'news' : 'pause';
}

function settled(course: Course): Next {
  course.heldBack = false;
  course.conflicts = 0;
  course.pause.reset();
  course.said = '';
  return 'idle';
}

/** What is to be written is decided anew after it: another may have done it, or something else be wanted. */
async function holdBack(course: Course, waitMs: number): Promise<Next> {
  const { log, name, time } = course.options;
  if (course.contest.isNew()) {
    log.warn('somebody keeps undoing what is written to the caBundle, so it is written more rarely', { name });
  }
  await time.sleep(waitMs, course.signal);
  course.heldBack = true;
  return 'again';
}

function written(course: Course, { bundles }: Plan, live: LiveConfiguration): Next {
  const { options, followed } = course;
  // Something between us and the storage may undo it on the way, and nobody would see it stand.
  if (bundles.some((bundle, index) => bundle !== live.bundles[index])) course.contest.undone();
  followed.take(live);
  options.onWrite('written');
  const level = course.contest.holdBackMs() > 0 ? 'debug' : 'info';
  options.log[level]('the caBundle of the webhook configuration was written', { name: options.name });
  course.conflicts = 0;
  course.pause.reset();
  return 'again';
}

/** After a conflict the watch may lag behind, so what is there is read once. */
async function lookAgain(course: Course, seen: LiveConfiguration): Promise<Next> {
  const { options, followed, signal } = course;
  try {
    if (followed.live() === seen) await followed.refresh(signal);
  } catch (error) {
    if (!(error instanceof ApiUnavailable || error instanceof Refused)) throw error;
    if (signal.aborted) return 'idle';
    const failed = error instanceof Refused ? outcomeOf(error.status) : 'unavailable';
    options.onWrite(failed);
    say(course, failed, error.message);
    return 'news';
  }
  const outcome = followed.live() === seen ? 'refused' : 'conflict';
  options.onWrite(outcome);
  if (outcome === 'refused') {
    say(course, outcome, 'it finds the webhook configuration as a whole invalid');
    return 'pause';
  }
  course.conflicts += 1;
  return course.conflicts > QUICK_CONFLICTS ? 'pause' : 'again';
}

/** @returns whether it had to be said: a problem is said when it appears or turns into another */
function say(course: Course, outcome: BundleOutcome, why: string): boolean {
  const { log, name } = course.options;
  const problem = `${outcome} ${why}`;
  if (problem === course.said) return false;
  log.warn('the caBundle of the webhook configuration is not what it should be, trying on', { name, outcome, why });
  course.said = problem;
  return true;
}
