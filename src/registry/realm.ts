// Where a login may be sent. A registry names a token service in its challenge, and a registry that was taken over could name
// any: the login goes to the registry itself, to an https host on the same registrable domain, or to one that the
// administrator names. Plain http only to this machine, as Docker has it.

/** The domain under which anybody may register names; undefined for an address or a public suffix itself. */
export type RegistrableDomain = (host: string) => string | undefined;

export interface RealmPolicy {
  /** Hosts, with their port if they have one. */
  readonly allowed: readonly string[];
  readonly registrableDomain: RegistrableDomain;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @param registry the origin that the challenge came from @returns undefined if the login must not go there */
export function allowedRealm(
  text: string,
  registry: URL,
  { allowed, registrableDomain }: RealmPolicy,
): URL | undefined {
  const realm = URL.parse(text);
  if (realm === null || realm.username !== '' || realm.password !== '') return undefined;
  const local = LOOPBACK.has(realm.hostname) && LOOPBACK.has(registry.hostname);
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && local)) return undefined;
  if (realm.host === registry.host || allowed.includes(realm.host)) return realm;
  if (realm.protocol !== 'https:') return undefined;
  const domain = registrableDomain(registry.hostname);
  return domain !== undefined && domain === registrableDomain(realm.hostname) ? realm : undefined;
}

/** The address of a registry: Docker Hub's is not its name, and one on this machine speaks http. */
export function registryOrigin(authority: string): URL | undefined {
  if (authority === 'docker.io') return new URL('https://registry-1.docker.io');
  const secure = URL.parse(`https://${authority}`);
  return secure !== null && LOOPBACK.has(secure.hostname)
    ? (URL.parse(`http://${authority}`) ?? undefined)
    : (secure ?? undefined);
}

/** Within what a login is likely looked up in one place: the registrable domain of the host, else the host itself. */
export function loginScope(authority: string, registrableDomain: RegistrableDomain): string {
  const hostname = registryOrigin(authority)?.hostname ?? authority;
  return registrableDomain(hostname) ?? hostname;
}

/** Docker Hub's token service is on the domain of its name, not on that of its registry alone. */
export const BUILT_IN_REALMS: readonly string[] = ['auth.docker.io'];
