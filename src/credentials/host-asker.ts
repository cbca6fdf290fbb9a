// One host of one credential: asks its program and knows when to ask again. The last good login stays whatever happens; near
// its expiry it is asked for more often. It never asks twice at once. It waits in small steps, because a machine sleeps and
// its clock is set: whichever says first that it is time, the clock or the steps, is believed.
import type { Pattern } from '../core/pattern.ts';
import { type AskProgram, type ExecAnswer, failed, readingOf } from './exec-answer.ts';
import type { SourceReading } from './source.ts';

/** When a login was given and until when it holds, in milliseconds since the epoch. */
export interface Known {
  readonly obtained?: number;
  readonly expires?: number;
  /** What the program was asked with, as a digest. */
  readonly asked?: string;
}

export interface HostAskerPorts {
  readonly ask: AskProgram;
  /** What the program is asked with, as a digest: what is kept of another is not trusted to be fresh. */
  readonly askedWith: string;
  /** What is kept of a pattern's login. */
  readonly known: (pattern: string) => Known | undefined;
  readonly onChange: () => void;
  readonly onFailure: (failure: string) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly later: (ms: number, callback: () => void) => () => void;
}

/** Times in milliseconds since the epoch. */
export interface AskerState {
  readonly lastSuccess: number | undefined;
  readonly nextAttempt: number | undefined;
  /** In a row, until now. */
  readonly failures: number;
}

export interface HostAsker {
  /** undefined: it has not answered yet. */
  reading(): SourceReading | undefined;
  state(): AskerState;
  /** @param atOnce also if what is kept is fresh: it may be of another program */
  start(atOnce?: boolean): void;
  /** Asks now; a call that is under way is waited for instead. */
  refresh(): Promise<void>;
  /** For good. Resolves when the program has ended. */
  stop(): Promise<void>;
}

/** A login is renewed when this part of its life is over, less up to the jitter. */
const RENEW_AT = 2 / 3;
const JITTER = 0.1;
const SOONEST_MS = 10_000;
/** A year is more than a timer can wait, and more than a login should be believed. */
const LATEST_MS = 24 * 60 * 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;
/** Within so long before an expiry, pauses are short. */
const NEAR_MS = 10 * 60_000;
const NEAR_RETRY_MS = 30_000;
/** Nothing is waited for longer than that without a look at the clock. */
const STEP_MS = 60_000;
/** The clocks of two replicas may differ by so much. */
const SKEW_MS = 5 * 60_000;

export function openHostAsker(patterns: readonly Pattern[], refreshMs: number, ports: HostAskerPorts): HostAsker {
  const { now, random, later } = ports;
  let reading: SourceReading | undefined;
  let failures = 0;
  let lastSuccess: number | undefined;
  let nextAttempt: number | undefined;
  let running: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  const stopping = new AbortController();

  function after(ms: number): void {
    cancel?.();
    nextAttempt = now() + ms;
    wait(ms, nextAttempt);
  }

  function wait(left: number, due: number): void {
    const step = Math.min(left, STEP_MS);
    cancel = later(step, () => {
      const rest = Math.min(left - step, due - now());
      if (rest <= 0 || knowsNothing()) void refresh();
      else wait(rest, due);
    });
  }

  /** What was kept when the wait began may be lost meanwhile. */
  function knowsNothing(): boolean {
    return reading === undefined && patterns.some(({ text }) => ports.known(text) === undefined);
  }

  function refresh(): Promise<void> {
    cancel?.();
    running ??= turn(stopping.signal).finally(() => {
      running = undefined;
    });
    return running;
  }

  async function turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const answer = await ports.ask(patterns, signal).catch(() => failed('unreadable', 'it could not be asked'));
    // What comes after the end is an answer that nobody may use any more.
    if (signal.aborted) return;
    take(answer);
    ports.onChange();
  }

  function take(answer: ExecAnswer): void {
    if (!answer.ok) {
      failures += 1;
      ports.onFailure(answer.failure);
      const problem = `${answer.problem}; the last good login, if there was one, stays in force`;
      reading = { logins: reading?.logins ?? new Map(), missing: new Map(), problems: [problem] };
      after(retryPause());
      return;
    }
    const { missing, ...fresh } = readingOf(answer, patterns, { obtained: now(), asked: ports.askedWith });
    reading = { ...fresh, missing, logins: new Map([...(reading?.logins ?? []), ...fresh.logins]) };
    if (missing.size > 0) ports.onFailure('no-login');
    // Google's plugin says "no login" also when it could not ask for one, so that is tried again soon.
    const isEmpty = fresh.logins.size === 0;
    failures = isEmpty ? failures + 1 : 0;
    if (!isEmpty) lastSuccess = now();
    after(isEmpty ? retryPause() : renewalIn(answer.holdsMs));
  }

  function renewalIn(holdsMs: number | undefined): number {
    if (holdsMs === undefined) return refreshMs * (1 - JITTER * random());
    return Math.min(LATEST_MS, Math.max(SOONEST_MS, holdsMs * (RENEW_AT - JITTER * random())));
  }

  function retryPause(): number {
    const pause = Math.min(RETRY_MAX_MS, refreshMs, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16));
    const expiry = firstExpiry();
    const untilNear = expiry === undefined ? Number.POSITIVE_INFINITY : expiry - NEAR_MS - now();
    return Math.min(pause, Math.max(NEAR_RETRY_MS, untilNear)) * (1 - random() / 2);
  }

  function firstExpiry(): number | undefined {
    const expiries = patterns.flatMap(({ text }) => (reading?.logins.get(text) ?? ports.known(text))?.expires ?? []);
    return expiries.length === 0 ? undefined : Math.min(...expiries);
  }

  /** What another replica was given a while ago is good until it is due. */
  function firstPause(): number {
    const dues = patterns.map(({ text }) => {
      const { obtained, expires, asked } = ports.known(text) ?? {};
      if (obtained === undefined || asked !== ports.askedWith) return 0;
      // The clock of the replica that asked was ahead, or ours is behind: nobody knows how old it is.
      if (obtained > now() + SKEW_MS) return 0;
      const pause = renewalIn(expires === undefined ? undefined : expires - obtained);
      return Math.min(pause, Math.max(0, obtained + pause - now()));
    });
    return Math.min(...dues);
  }

  return {
    reading: () => reading,
    state: () => ({ lastSuccess, nextAttempt, failures }),
    start: (atOnce = false) => after(atOnce ? 0 : firstPause()),
    refresh,
    async stop() {
      cancel?.();
      stopping.abort();
      await running;
    },
  };
}
