// Credential health in simulated time, with a registry that is a function.
import { type HealthOutcome, openCredentialHealth } from '../../src/registry/credential-health.ts';
import type { RefusalStore } from '../../src/registry/refusals.ts';
import type { HealthResult } from '../../src/registry/try-login.ts';

export const [MINUTE, HOUR] = [60_000, 3_600_000];

type Answer = HealthResult | Promise<HealthResult>;

interface Circumstances {
  readonly refusals?: RefusalStore;
  readonly interval?: number;
}

export function start(
  answer: (password: string, host: string) => Answer,
  { refusals = keep(), interval = 6 * HOUR }: Circumstances = {},
) {
  let now = 0;
  const tried: string[] = [];
  const due: { at: number; callback: () => void }[] = [];
  let outcomes: readonly HealthOutcome[] = [];
  const health = openCredentialHealth({
    async tryLogin({ host, login }) {
      tried.push(`${host} ${login.password} at ${Math.round(now / MINUTE)} min`);
      return answer(login.password, host);
    },
    scopeOf: (host) => host.split('.').slice(-2).join('.'),
    refusals,
    intervalMs: () => interval,
    onResults: (next) => {
      outcomes = next;
    },
    random: () => 0,
    later(ms, callback) {
      const entry = { at: now + ms, callback };
      due.push(entry);
      return () => {
        const at = due.indexOf(entry);
        if (at >= 0) due.splice(at, 1);
      };
    },
  });
  return {
    health,
    /** What was sent, and when. */
    tried,
    results: () => outcomes.map(({ credential, host, result }) => `${credential} ${host} ${result}`),
    async until(at: number) {
      for (;;) {
        const next = due.filter((entry) => entry.at <= at).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        now = next.at;
        next.callback();
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = at;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** What all replicas see of what was refused. */
export function keep(): RefusalStore & { readonly written: ReadonlySet<string>[] } {
  const written: ReadonlySet<string>[] = [];
  return { written, known: () => written.at(-1) ?? new Set(), remember: (all) => void written.push(new Set(all)) };
}

export const target = (credential: string, host: string, password: string) => ({
  credential,
  host,
  login: { username: 'robot', password },
});
