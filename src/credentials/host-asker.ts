// One host of one credential: asks its program and knows when to ask again. The last good login stays whatever happens; near
// its expiry it is asked for more often. It never asks twice at once.
import type { Pattern } from '../core/pattern.ts';
import { coveringEntry, missingEntryProblem } from './entry-scope.ts';
import type { AskProgram, ExecAnswer } from './exec-answer.ts';
import type { KeptLogin } from './kept.ts';
import type { SourceReading } from './source.ts';

/** When a login was given and until when it holds, in milliseconds since the epoch. */
export interface Known {
  readonly obtained?: number;
  readonly expires?: number;
}

export interface HostAskerPorts {
  readonly ask: AskProgram;
  /** What is kept of a pattern's login. */
  readonly known: (pattern: string) => Known | undefined;
  readonly onChange: () => void;
  readonly onFailure: (failure: string) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly later: (ms: number, callback: () => void) => () => void;
}

export interface HostAsker {
  /** undefined: it has not answered yet. */
  reading(): SourceReading | undefined;
  start(): void;
  stop(): void;
}

/** A login is renewed when this part of its life is over, less up to the jitter. */
const RENEW_AT = 2 / 3;
const JITTER = 0.1;
const SOONEST_MS = 10_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;
/** Within so long before an expiry, pauses are short. */
const NEAR_MS = 10 * 60_000;
const NEAR_RETRY_MS = 30_000;

export function openHostAsker(patterns: readonly Pattern[], refreshMs: number, ports: HostAskerPorts): HostAsker {
  const { now, random, later } = ports;
  let reading: SourceReading | undefined;
  let failures = 0;
  let cancel: (() => void) | undefined;
  let stopping = new AbortController();

  function after(ms: number): void {
    cancel?.();
    cancel = later(ms, () => void turn());
  }

  async function turn(): Promise<void> {
    const { signal } = stopping;
    const answer = await ports.ask(patterns, signal);
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
    failures = 0;
    reading = readingOf(answer, patterns, now());
    if (reading.missing.size > 0) ports.onFailure('no-login');
    after(renewalIn(answer.holdsMs));
  }

  function renewalIn(holdsMs: number | undefined): number {
    if (holdsMs === undefined) return refreshMs * (1 - JITTER * random());
    return Math.max(SOONEST_MS, holdsMs * (RENEW_AT - JITTER * random()));
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
      const { obtained, expires } = ports.known(text) ?? {};
      if (obtained === undefined) return 0;
      const holdsMs = expires === undefined ? undefined : expires - obtained;
      return Math.max(0, obtained + renewalIn(holdsMs) - now());
    });
    return Math.min(...dues);
  }

  return {
    reading: () => reading,
    start: () => after(firstPause()),
    stop() {
      cancel?.();
      stopping.abort();
      stopping = new AbortController();
    },
  };
}

function readingOf(
  answer: Extract<ExecAnswer, { ok: true }>,
  patterns: readonly Pattern[],
  now: number,
): SourceReading {
  const logins = new Map<string, KeptLogin>();
  const missing = new Map<string, string>();
  for (const pattern of patterns) {
    const entry = coveringEntry(answer.entries, pattern);
    if (entry === undefined) missing.set(pattern.text, missingEntryProblem(pattern, answer.entries));
    else {
      const expires = answer.holdsMs === undefined ? {} : { expires: now + answer.holdsMs };
      logins.set(pattern.text, { ...entry.login, obtained: now, ...expires });
    }
  }
  return { logins, missing, problems: answer.problems };
}
