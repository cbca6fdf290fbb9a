// Tries one login against its registry, the way `docker login` does (distribution spec, and its token authentication): ask /v2/
// without a login, answer the challenge, and ask /v2/ again with what came of it. It reads nothing and changes nothing there.
// The login goes to the registry, or to a token service that `realm.ts` allows, and the token to the registry; nowhere else,
// whatever an answer says.
import type { Login } from '../core/credential.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { allowedRealm, type RealmPolicy, registryOrigin } from './realm.ts';
import type { Get, HttpAnswer, HttpFailure } from './registry-http.ts';

/** All that can be said of a login, and so a closed set of labels. */
export const HEALTH_RESULTS = {
  accepted: 'the registry took the login',
  refused: 'the registry refused the login',
  'held-back': 'the same login was refused at another host of this domain, so it is not tried here',
  forbidden:
    'the registry or its token service forbids the access; a login that is locked or expired or an address that is blocked looks like that',
  'token-refused': 'the token service took the login, but the registry refuses its token',
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

type Answer = HttpAnswer | { readonly failure: HttpFailure };

export function createTryLogin(get: Get, realms: () => Promise<RealmPolicy>): TryLogin {
  return async ({ host, login }) => {
    const origin = registryOrigin(host);
    if (origin === undefined) return 'unexpected';
    const base = new URL('/v2/', origin);
    const first = await get(base, {});
    if ('failure' in first || first.status !== 401) return verdict(first, { 200: 'no-challenge' });
    const challenges = parseChallenges(first.headers.get('www-authenticate') ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) return withToken(get, base, bearer, login, await realms());
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return 'unexpected';
    return verdict(await get(base, basic(login)), { 200: 'accepted', 401: 'refused' });
  };
}

/**
 * The token service looks at the login and the registry at the token, so both are asked. No scope is named: that the login
 * is one is the question, not what it may pull. Where anybody is given a token, as at Docker Hub, the token proves little,
 * but a wrong login gets none.
 */
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
  if ('failure' in answer || answer.status !== 200) return verdict(answer, { 401: 'refused' });
  const token = tokenOf(answer.body);
  if (token === undefined) return 'unexpected';
  const presented = await get(base, { authorization: `Bearer ${token}` });
  return verdict(presented, { 200: 'accepted', 401: 'token-refused', 403: 'token-refused' });
}

function basic({ username, password }: Login): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/**
 * Only a 401 to a login is a refusal: so answer distribution, Docker Hub, GitLab, Harbor and ACR to a wrong password. A 403 is
 * also what firewalls and locks answer, so it must not be for good: ghcr.io has it for wrong logins, ECR for expired ones. (ECR
 * answers 400 to what is no login of its region.)
 */
function verdict(answer: Answer, by: Readonly<Record<number, HealthResult>>): HealthResult {
  if ('failure' in answer) return answer.failure;
  const { status } = answer;
  if (status === 429) return 'rate-limited';
  return by[status] ?? (status === 403 ? 'forbidden' : 'unexpected');
}

/** @returns undefined if there is none, or none that a header can hold */
function tokenOf(body: string): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    return [token, accessToken].find((found) => typeof found === 'string' && /^[\x21-\x7e]+$/.test(found)) as
      | string
      | undefined;
  } catch {
    return undefined;
  }
}
