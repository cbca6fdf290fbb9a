// Tells when an outage is over, and ends streams that it has silently cut off. A network that loses a connection tells nobody, and a watch that says
// nothing may be dead or quiet: that is known only after minutes. But calls are made every few seconds, so when one is answered
// after others were not, each stream that said nothing since then is begun anew, from where it was.

export interface Outages {
  /** A call that began then got no answer. */
  failed(began: number): void;
  /** A call got one. */
  answered(): void;
  follow(outer: AbortSignal): Life;
}

export interface Life {
  /** Aborts with the outer signal, or when the stream is to begin anew. */
  readonly signal: AbortSignal;
  /** The other side has said something. */
  heard(): void;
  /** Must be called, or it is remembered for ever. */
  end(): void;
}

/** Where calls fail now and then, and streams do not. */
const RARELY_MS = 10_000;

/**
 * @param now milliseconds
 * @param onEnd called when an outage is over, before streams begin anew: connections that were made in it may be dead too
 */
export function watchOutages(now: () => number, onEnd: () => void = () => undefined): Outages {
  const lives = new Set<{ heardAt: number; readonly controller: AbortController }>();
  let since: number | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  return {
    failed(began) {
      since = Math.max(began, since ?? began);
    },
    answered() {
      if (since === undefined || now() - endedAt < RARELY_MS) return;
      const began = since;
      since = undefined;
      endedAt = now();
      onEnd();
      for (const { heardAt, controller } of lives) if (heardAt < began) controller.abort();
    },
    follow(outer) {
      const life = { heardAt: Number.NEGATIVE_INFINITY, controller: new AbortController() };
      const { controller } = life;
      const follow = (): void => controller.abort();
      lives.add(life);
      outer.addEventListener('abort', follow, { once: true });
      if (outer.aborted) follow();
      return {
        signal: controller.signal,
        heard() {
          life.heardAt = now();
        },
        end() {
          lives.delete(life);
          outer.removeEventListener('abort', follow);
        },
      };
    },
  };
}
