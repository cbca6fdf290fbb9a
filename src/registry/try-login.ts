// Tries one login against its registry, the way a pull would (distribution spec, and its token authentication): ask /v2/
// without a login, and answer the challenge. It reads nothing and changes nothing there. The login goes to the registry, or to
// a token service that `realm.ts` allows, and nowhere else, whatever an answer says.
import type { Login } from '../core/credential.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { allowedRealm, type RealmPolicy, registryOrigin } from './realm.ts';
import type { Get, HttpAnswer, HttpFailure } from './registry-http.ts';

/** What a try can end with. */
export const HEALTH_RESULTS = {
  accepted: 'the registry took the login',
  refused: 'the registry refused the login',
  'no-challenge': 'the registry asked for no login, so nothing is proven',
  'realm-not-allowed': 'the registry names a token service that the login may not go to; see credentialHealth.realms',
  'rate-limited': 'the registry asks for patience',
  timeout: 'the registry gave no answer in time',
  tls: 'the certificate of the registry is not trusted',
  unreachable: 'the registry cannot be reached',
  unexpected: 'the registry answered in a way that says nothing about the login',
} as const;

export type HealthResult = keyof typeof HEALTH_RESULTS;

export interface Trial {
  /** host[:port], literal. */
  readonly host: string;
  readonly login: Login;
}

/** Never rejects. */
export type TryLogin = (trial: Trial) => Promise<HealthResult>;

export function createTryLogin(get: Get, realms: () => Promise<RealmPolicy>): TryLogin {
  return async ({ host, login }) => {
    const origin = registryOrigin(host);
    if (origin === undefined) return 'unexpected';
    const base = new URL('/v2/', origin);
    const first = await get(base, {});
    if ('failure' in first) return first.failure;
    if (first.status === 200) return 'no-challenge';
    if (first.status === 429) return 'rate-limited';
    if (first.status !== 401) return 'unexpected';
    const challenges = parseChallenges(first.headers.get('www-authenticate') ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) return withToken(get, base, bearer, login, await realms());
    if (challenges.some(({ scheme }) => scheme === 'basic')) return verdict(await get(base, basic(login)));
    return 'unexpected';
  };
}

async function withToken(
  get: Get,
  base: URL,
  { parameters }: Challenge,
  login: Login,
  policy: RealmPolicy,
): Promise<HealthResult> {
  const realm = allowedRealm(parameters.get('realm') ?? '', base, policy);
  if (realm === undefined) return 'realm-not-allowed';
  const service = parameters.get('service');
  if (service !== undefined) realm.searchParams.set('service', service);
  realm.searchParams.set('account', login.username);
  const answer = await get(realm, basic(login));
  // The token service looks at the login; a token that then opens nothing is a matter of rights.
  const outcome = verdict(answer);
  if (outcome !== 'accepted' || 'failure' in answer) return outcome;
  return tokenOf(answer.body) === undefined ? 'unexpected' : 'accepted';
}

function basic({ username, password }: Login): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

function verdict(answer: HttpAnswer | { readonly failure: HttpFailure }): HealthResult {
  if ('failure' in answer) return answer.failure;
  if (answer.status === 200) return 'accepted';
  if (answer.status === 401 || answer.status === 403) return 'refused';
  return answer.status === 429 ? 'rate-limited' : 'unexpected';
}

function tokenOf(body: string): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    const found = token ?? accessToken;
    return typeof found === 'string' && found !== '' ? found : undefined;
  } catch {
    return undefined;
  }
}
