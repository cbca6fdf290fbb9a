// Puts credential health together, if it is switched on: which logins there are, how one is tried, what is remembered of those
// that were refused, and where results go.
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { Config } from '../config/schema.ts';
import { authorityOf } from '../core/policy.ts';
import {
  type CredentialHealth,
  type HealthOutcome,
  type HealthTarget,
  openCredentialHealth,
} from '../registry/credential-health.ts';
import { BUILT_IN_REALMS, loginScope, type RegistrableDomain } from '../registry/realm.ts';
import { openRegistryHttp, type RegistryHttp } from '../registry/registry-http.ts';
import { createTryLogin, HEALTH_RESULTS } from '../registry/try-login.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Credentials, InForce } from './credentials-in-force.ts';
import { later } from './later.ts';

type LoginCatalog = Pick<InForce['catalog'], 'credentials' | 'logins'>;

export interface HealthOptions {
  readonly credentials: Pick<Credentials, 'onChange' | 'refusedLogins' | 'rememberRefused'> & {
    inForce(): { readonly config: Pick<Config, 'credentialHealth'>; readonly catalog: LoginCatalog };
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: Pick<Metrics, 'credentialHealth'>;
}

export function createHealth(options: HealthOptions) {
  const { credentials, environment, metrics } = options;
  let http: RegistryHttp | undefined;
  let opened: Promise<CredentialHealth> | undefined;
  let started = false;
  let last: readonly HealthOutcome[] = [];

  async function update(): Promise<void> {
    if (!started || (opened === undefined && !isEnabled(credentials))) return;
    opened ??= open(
      options,
      () => (http ??= openRegistryHttp({ environment })),
      (outcomes) => (last = outcomes),
    );
    const health = await opened;
    if (started) health.update(isEnabled(credentials) ? targetsOf(credentials) : []);
  }

  credentials.onChange(() => void update());
  return {
    /** The newest of all logins. */
    results: () => last,
    start(): void {
      started = true;
      void update();
    },
    async stop(): Promise<void> {
      started = false;
      (await opened)?.stop();
      last = [];
      metrics.credentialHealth.reset();
      const closing = http;
      http = undefined;
      await closing?.close();
    },
  };
}

async function open(
  { credentials, log, metrics }: HealthOptions,
  http: () => RegistryHttp,
  take: (outcomes: readonly HealthOutcome[]) => void,
): Promise<CredentialHealth> {
  const registrableDomain = await loadRegistrableDomain();
  const settings = () => credentials.inForce().config.credentialHealth;
  const report = createReport(log, metrics);
  const realms = async () => ({ allowed: [...BUILT_IN_REALMS, ...settings().realms], registrableDomain });
  return openCredentialHealth({
    tryLogin: (trial) => createTryLogin(http().get, realms)(trial),
    scopeOf: (host) => loginScope(host, registrableDomain),
    refusals: { known: credentials.refusedLogins, remember: credentials.rememberRefused },
    intervalMs: () => settings().interval,
    onResults(outcomes) {
      take(outcomes);
      report(outcomes);
    },
    random: SYSTEM_TIME.random,
    later,
  });
}

/** By the list of public suffixes, which is large, and needed by few: it is loaded when it is. */
export async function loadRegistrableDomain(): Promise<RegistrableDomain> {
  const { getDomain } = await import('tldts');
  // Whoever rents a name below github.io is a stranger to the others there.
  return (host) => getDomain(host, { allowPrivateDomains: true }) ?? undefined;
}

/** A result is logged when it is another one than before. */
function createReport(log: HealthOptions['log'], metrics: HealthOptions['metrics']) {
  const said = new Map<string, string>();
  return (outcomes: readonly HealthOutcome[]): void => {
    metrics.credentialHealth.reset();
    for (const { credential, host, result } of outcomes) {
      const fields = { credential, host, result };
      metrics.credentialHealth.set(fields, 1);
      const what = `${credential} ${host}`;
      if (said.get(what) === result) continue;
      said.set(what, result);
      if (result === 'accepted' || result === 'no-challenge') log.info(fields, HEALTH_RESULTS[result]);
      else log.warn(fields, HEALTH_RESULTS[result]);
    }
  };
}

const isEnabled = (credentials: HealthOptions['credentials']): boolean =>
  credentials.inForce().config.credentialHealth.enabled;

/** Every login once for each literal host that it serves: a glob may cover hosts of strangers. */
function targetsOf(credentials: HealthOptions['credentials']): readonly HealthTarget[] {
  const { catalog } = credentials.inForce();
  return catalog.credentials.flatMap(({ name, patterns }) =>
    patterns.flatMap(({ pattern }): HealthTarget[] => {
      const login = catalog.logins(name, pattern);
      if (login === undefined || pattern.host.some((label) => label.includes('*'))) return [];
      return [{ credential: name, host: authorityOf(pattern), login }];
    }),
  );
}
