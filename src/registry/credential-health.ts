// When logins are tried: soon after a change, and at an interval while they work. A login that was refused is not tried again
// until it changes, at no host of its domain. Tries of one login in one domain run one after the other, so that the second
// sees what came of the first. One try serves all credentials with the same login for the same host.
import { takeTurns } from '../core/turns.ts';
import { inSequence } from './in-sequence.ts';
import { type Fingerprints, fingerprintsOf, openRefusals, type RefusalStore } from './refusals.ts';
import type { HealthResult, Trial, TryLogin } from './try-login.ts';

export interface HealthTarget extends Trial {
  readonly credential: string;
}

export interface HealthOutcome {
  readonly credential: string;
  readonly host: string;
  readonly result: HealthResult;
}

export interface CredentialHealthOptions {
  readonly tryLogin: TryLogin;
  /** Within what hosts likely share their users: `loginScope` of a host. */
  readonly scopeOf: (host: string) => string;
  readonly refusals: RefusalStore;
  readonly intervalMs: () => number;
  /** The newest results of all targets, after each try. */
  readonly onResults: (outcomes: readonly HealthOutcome[]) => void;
  readonly random: () => number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

export interface CredentialHealth {
  /** All logins that there are now. */
  update(targets: readonly HealthTarget[]): void;
  /** Forgets everything but what was refused. */
  stop(): void;
}

interface Tried {
  readonly trial: Trial;
  readonly fingerprints: Fingerprints;
  credentials: readonly string[];
  result: HealthResult | undefined;
  failures: number;
  cancel: (() => void) | undefined;
}

const SOON_MS = 1_000;
const SPREAD_MS = 2_000;
/** A registry that is slow to answer may have seen the login all the same. */
const RETRY_FIRST_MS = 5 * 60_000;
/** Tries at the same time. */
const PARALLEL = 2;
/** However short the interval is: this one asked for patience, or may have locked the login. */
const PATIENCE_MS = 60 * 60_000;
const AWAY: ReadonlySet<HealthResult | undefined> = new Set(['timeout', 'unreachable', 'tls']);
const STRICT: ReadonlySet<HealthResult | undefined> = new Set(['rate-limited', 'forbidden']);

export function openCredentialHealth(options: CredentialHealthOptions): CredentialHealth {
  const { tryLogin, random, later } = options;
  const turns = takeTurns(PARALLEL);
  const afterOthers = inSequence();
  const refusals = openRefusals(options.refusals);
  /** By the fingerprint of the login at its host. */
  const known = new Map<string, Tried>();

  const isWanted = (tried: Tried): boolean => known.get(tried.fingerprints.here) === tried;

  function schedule(tried: Tried, ms: number): void {
    tried.cancel?.();
    // Whoever waits for another try of the same login holds no turn.
    tried.cancel = later(ms, () => void afterOthers(tried.fingerprints.domain, () => turns(() => attempt(tried))));
  }

  async function attempt(tried: Tried): Promise<void> {
    // It may have waited: what was removed, replaced or refused elsewhere meanwhile must not be sent.
    if (!isWanted(tried)) return;
    if (bar(tried)) return tell();
    const result = await tryLogin(tried.trial).catch((): HealthResult => 'unexpected');
    // A login that went meanwhile has no result any more, but a refusal is remembered.
    if (result === 'refused') return refuse(tried);
    if (!isWanted(tried)) return;
    tried.result = result;
    tried.failures = AWAY.has(result) ? tried.failures + 1 : 0;
    schedule(tried, pauseAfter(tried, options.intervalMs(), random));
    tell();
  }

  function refuse({ fingerprints }: Tried): void {
    const entries = [...known.values()];
    const targets = entries.map((entry) => entry.fingerprints);
    refusals.add(fingerprints, targets);
    // Where the login worked before, it is not asked again either, so what was said there is not true for long.
    for (const entry of entries) bar(entry);
    tell();
  }

  /** @returns whether it must not be tried, which is its result then */
  function bar(tried: Tried): boolean {
    const barred = refusals.barred(tried.fingerprints);
    if (barred === undefined) return false;
    tried.cancel?.();
    tried.result = barred;
    return true;
  }

  function tell(): void {
    options.onResults([...known.values()].flatMap(outcomesOf));
  }

  function forget(id: string): void {
    known.get(id)?.cancel?.();
    known.delete(id);
  }

  function take(fingerprints: Fingerprints, trial: Trial, credentials: readonly string[]): void {
    const before = known.get(fingerprints.here);
    const tried: Tried = before ?? {
      trial,
      fingerprints,
      credentials,
      result: undefined,
      failures: 0,
      cancel: undefined,
    };
    tried.credentials = credentials;
    known.set(fingerprints.here, tried);
    const wasBarred = tried.result === 'refused' || tried.result === 'held-back';
    // Somebody may have taken a refusal back: the account was locked, say, and is open again.
    if (!bar(tried) && (before === undefined || wasBarred)) soon(tried);
  }

  function soon(tried: Tried): void {
    tried.result = undefined;
    schedule(tried, SOON_MS + SPREAD_MS * random());
  }

  return {
    update(targets) {
      const entries = targets.map((target) => ({
        target,
        fingerprints: fingerprintsOf(target, options.scopeOf(target.host)),
      }));
      const wanted = Map.groupBy(entries, ({ fingerprints }) => fingerprints.here);
      for (const id of known.keys()) if (!wanted.has(id)) forget(id);
      for (const [first, ...others] of wanted.values()) {
        if (first === undefined) continue;
        const credentials = new Set([first, ...others].map(({ target }) => target.credential));
        take(first.fingerprints, first.target, [...credentials]);
      }
      tell();
    },
    stop() {
      for (const id of known.keys()) forget(id);
    },
  };
}

/** A bit sooner than said, so that not all come at once, also after they began together. */
function pauseAfter({ result, failures }: Tried, intervalMs: number, random: () => number): number {
  const interval = intervalMs * (1 - random() / 10);
  if (STRICT.has(result)) return Math.max(PATIENCE_MS, interval);
  if (!AWAY.has(result)) return interval;
  return Math.min(interval, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16)) * (1 - random() / 2);
}

function outcomesOf({ trial: { host }, credentials, result }: Tried): readonly HealthOutcome[] {
  return result === undefined ? [] : credentials.map((credential) => ({ credential, host, result }));
}
