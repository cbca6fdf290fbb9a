// When logins are tried: soon after a change, and at an interval while they work. A login that was refused is not tried again until
// it changes, because registries lock accounts: it is remembered by a salted hash, for as long as the process lives. One try
// serves all credentials with the same login for the same host.
import { createHash, randomBytes } from 'node:crypto';
import { takeTurns } from '../core/turns.ts';
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
const PATIENCE_MS = 60 * 60_000;

export function openCredentialHealth(options: CredentialHealthOptions): CredentialHealth {
  const { tryLogin, random, later } = options;
  const turns = takeTurns(PARALLEL);
  const salt = randomBytes(16);
  const refused = new Set<string>();
  const known = new Map<string, Tried>();

  function fingerprint({ host, login }: Trial): string {
    return createHash('sha256')
      .update(salt)
      .update(JSON.stringify([host, login.username, login.password]))
      .digest('base64');
  }

  function schedule(id: string, tried: Tried, ms: number): void {
    tried.cancel?.();
    tried.cancel = later(ms, () => void turn(id, tried));
  }

  async function turn(id: string, tried: Tried): Promise<void> {
    const result = await turns(() => tryLogin(tried.trial)).catch((): HealthResult => 'unexpected');
    // A login that went meanwhile has no result any more, but a refusal is remembered.
    if (result === 'refused') refused.add(id);
    if (known.get(id) !== tried) return;
    tried.result = result;
    const pause = pauseAfter(result, tried);
    if (pause !== undefined) schedule(id, tried, pause);
    tell();
  }

  function pauseAfter(result: HealthResult, tried: Tried): number | undefined {
    const interval = options.intervalMs() * (1 - random() / 10);
    if (result === 'refused') return undefined;
    if (result === 'rate-limited') return Math.max(PATIENCE_MS, interval);
    if (result !== 'timeout' && result !== 'unreachable' && result !== 'tls') {
      tried.failures = 0;
      return interval;
    }
    tried.failures += 1;
    return Math.min(interval, RETRY_FIRST_MS * 2 ** Math.min(tried.failures - 1, 16)) * (1 - random() / 2);
  }

  function tell(): void {
    const outcomes = [...known.values()].flatMap(({ trial: { host }, credentials, result }) =>
      result === undefined ? [] : credentials.map((credential) => ({ credential, host, result })),
    );
    options.onResults(outcomes);
  }

  function forget(id: string): void {
    known.get(id)?.cancel?.();
    known.delete(id);
  }

  return {
    update(targets) {
      const wanted = Map.groupBy(targets, fingerprint);
      for (const id of known.keys()) if (!wanted.has(id)) forget(id);
      for (const [id, [first, ...others]] of wanted) {
        if (first === undefined) continue;
        const credentials = [...new Set([first, ...others].map(({ credential }) => credential))];
        const tried = known.get(id);
        if (tried !== undefined) {
          tried.credentials = credentials;
          continue;
        }
        const result = refused.has(id) ? 'refused' : undefined;
        const fresh: Tried = { trial: first, credentials, result, failures: 0, cancel: undefined };
        known.set(id, fresh);
        if (result === undefined) schedule(id, fresh, SOON_MS + SPREAD_MS * random());
      }
      tell();
    },
    stop() {
      for (const id of known.keys()) forget(id);
    },
  };
}
