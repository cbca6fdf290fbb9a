// Puts credential health together, if it is switched on: which logins there are, how one is tried, and where results go.
import { SYSTEM_TIME } from '../cluster/time.ts';
import { authorityOf } from '../core/policy.ts';
import { type HealthOutcome, type HealthTarget, openCredentialHealth } from '../registry/credential-health.ts';
import { BUILT_IN_REALMS, type RealmPolicy } from '../registry/realm.ts';
import { openRegistryHttp, type RegistryHttp } from '../registry/registry-http.ts';
import { createTryLogin, HEALTH_RESULTS } from '../registry/try-login.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Credentials } from './credentials-in-force.ts';
import { later } from './later.ts';

export interface HealthOptions {
  readonly credentials: Credentials;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'credentialHealth'>;
}

export function createHealth({ credentials, environment, log, metrics }: HealthOptions) {
  const settings = () => credentials.inForce().config.credentialHealth;
  let http: RegistryHttp | undefined;
  let started = false;
  const said = new Map<string, string>();

  /** The list of public suffixes is large, and needed by few. */
  async function realms(): Promise<RealmPolicy> {
    const { getDomain } = await import('tldts');
    const registrableDomain = (host: string): string | undefined =>
      getDomain(host, { allowPrivateDomains: true }) ?? undefined;
    return { allowed: [...BUILT_IN_REALMS, ...settings().realms], registrableDomain };
  }

  function observe(outcomes: readonly HealthOutcome[]): void {
    metrics.credentialHealth.reset();
    for (const { credential, host, result } of outcomes) {
      metrics.credentialHealth.set({ credential, host, result }, 1);
      const what = `${credential} ${host}`;
      if (said.get(what) === result) continue;
      said.set(what, result);
      const fields = { credential, host, result };
      if (result === 'accepted' || result === 'no-challenge') log.info(fields, HEALTH_RESULTS[result]);
      else log.warn(fields, HEALTH_RESULTS[result]);
    }
  }

  const health = openCredentialHealth({
    async tryLogin(trial) {
      http ??= openRegistryHttp({ environment });
      return createTryLogin(http.get, realms)(trial);
    },
    intervalMs: () => settings().interval,
    onResults: observe,
    random: SYSTEM_TIME.random,
    later,
  });

  function update(): void {
    if (started) health.update(settings().enabled ? targetsOf(credentials) : []);
  }
  credentials.onChange(update);
  return {
    start(): void {
      started = true;
      update();
    },
    async stop(): Promise<void> {
      started = false;
      health.stop();
      metrics.credentialHealth.reset();
      await http?.close();
      http = undefined;
    },
  };
}

/** Every login once for each literal host that it serves. */
function targetsOf(credentials: Credentials): readonly HealthTarget[] {
  const { catalog } = credentials.inForce();
  return catalog.credentials.flatMap(({ name, patterns }) =>
    patterns.flatMap(({ pattern }): HealthTarget[] => {
      const login = catalog.logins(name, pattern);
      if (login === undefined || pattern.host.some((label) => label.includes('*'))) return [];
      return [{ credential: name, host: authorityOf(pattern), login }];
    }),
  );
}
