// Keeps the caBundle of every entry of our webhook configuration what it should be, on every replica at once and without a
// leader: all try, one wins, the others see that it is done. It must never create the configuration or write anything else
// in it, and it goes on for ever, because without our CA no admission reaches us. The surprising rule: it writes at once,
// without a pause by chance, and only who undoes it again and again is answered slowly.
import { backoff } from './backoff.ts';
import { type Bell, hangBell } from './bell.ts';
import { type BundleKeeperOptions, type Course, type Next, planFor, turn } from './bundle-turn.ts';
import { contest } from './contest.ts';
import { frames } from './delivery.ts';
import { followWebhookConfiguration } from './webhook-configuration.ts';
import type { WebhookScope } from './webhook-rules.ts';

export interface BundleKeeper {
  /** Call when what is wanted has changed. */
  nudge(): void;
  /** The caBundle of each entry as PEM text, '' where there is none; undefined while the configuration is not there. */
  live(): readonly string[] | undefined;
  /** What lets reviews reach us, of each entry; undefined while the configuration is not there. */
  webhooks(): readonly WebhookScope[] | undefined;
  /** Whether there are entries, and each is what is wanted; false while nothing is. */
  isTrue(): boolean;
  /** Calls back at each news of the configuration, our own writes included; the listener must not throw. */
  onLive(listener: () => void): void;
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
}

export function keepBundle(options: BundleKeeperOptions): BundleKeeper {
  const { time } = options;
  const stopping = new AbortController();
  const followed = followWebhookConfiguration(options);
  const bell = hangBell(time);
  const course: Course = {
    ...{ options, followed, signal: stopping.signal },
    ...{ pause: backoff(time), contest: contest(time) },
    ...{ stood: false, conflicts: 0, said: '', heldBack: false },
  };
  followed.onNews(() => {
    judge(course);
    bell.ring();
  });
  const running = run(course, bell);
  return {
    nudge() {
      // What was right by what was wanted before is undone by nobody.
      course.stood = isTrue(course);
      bell.ring();
    },
    live: () => followed.live()?.bundles,
    webhooks: () => followed.live()?.webhooks,
    isTrue: () => isTrue(course),
    onLive: followed.onNews,
    async stop() {
      stopping.abort();
      bell.ring();
      await Promise.all([running, followed.stop()]);
    },
  };
}

function isTrue(course: Course): boolean {
  const plan = planFor(course);
  return typeof plan === 'object' && plan.isTrue;
}

/** Notices that somebody undid what was right; that the configuration is gone, or comes back, is part of it. */
function judge(course: Course): void {
  const plan = planFor(course);
  if (plan === undefined || plan === 'missing') return;
  const now = plan !== 'no-webhooks' && plan.isTrue;
  if (course.stood && !now) course.contest.undone();
  course.stood = now;
}

async function run(course: Course, bell: Bell): Promise<void> {
  const { pause, signal, options } = course;
  while (!signal.aborted) {
    let next: Next = 'pause';
    try {
      next = await turn(course);
    } catch (error) {
      options.log.error('keeping the caBundle failed because of a fault of ours', { at: frames(error) });
    }
    if (next === 'idle') await bell.heard();
    if (next === 'news') await bell.heard(pause.next());
    if (next === 'pause') await options.time.sleep(pause.next(), signal);
  }
}
