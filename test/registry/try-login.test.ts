// Logins tried against real registries, and against servers that would like to have one. A login that went to the wrong place is
// found at the place.
import t from 'tap';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { allowedRealm, registryOrigin } from '../../src/registry/realm.ts';
import { openRegistryHttp } from '../../src/registry/registry-http.ts';
import { createTryLogin, type TryLogin } from '../../src/registry/try-login.ts';
import { registryWithPassword, registryWithTokens, serveOn } from './real-registry.ts';

t.setTimeout(300_000);
const login = { username: 'robot', password: 'not-a-password' };
const wrong = { ...login, password: 'wrong' };

function opened(environment: Record<string, string> = {}, allowed: readonly string[] = []): TryLogin {
  const http = openRegistryHttp({ environment, timeoutMs: 1_000 });
  t.teardown(() => http.close());
  return createTryLogin(http.get, async () => ({ allowed, registrableDomain: () => undefined }));
}

t.test('a real registry with a password file', async (t) => {
  const { host } = await registryWithPassword(t, login.username, login.password);
  const tryLogin = opened();
  t.equal(await tryLogin({ host, login }), 'accepted');
  t.equal(await tryLogin({ host, login: wrong }), 'refused');
});

t.test('a real registry with a token service', async (t) => {
  const { host, service } = await registryWithTokens(t, login.username, login.password);
  t.equal(await opened()({ host, login }), 'realm-not-allowed', 'another port is another host');
  t.equal(service.asked.length, 0, 'it saw nothing');
  const tryLogin = opened({}, [service.host]);
  t.equal(await tryLogin({ host, login }), 'accepted');
  t.equal(await tryLogin({ host, login: wrong }), 'refused');
  t.match(service.asked[0]?.path, /^\/token\?service=tests&account=robot$/);
});

t.test('servers that would like to have a login, or waste our time', async (t) => {
  const thief = await serveOn(t, (_, response) => response.end('{}'));
  const answers = {
    'no-challenge': (_: unknown, response: import('node:http').ServerResponse) => response.end('{}'),
    'rate-limited': (_: unknown, response: import('node:http').ServerResponse) => response.writeHead(429).end(),
  } as const;
  for (const [result, answer] of Object.entries(answers)) {
    const server = await serveOn(t, answer);
    t.equal(await opened()({ host: server.host, login }), result);
    t.equal(server.asked[0]?.authorization, undefined, 'asked without a login first');
  }
  const challenge = (header: string) =>
    serveOn(t, (_, response) => response.writeHead(401, { 'www-authenticate': header }).end());
  const rows = [
    [`Bearer realm="http://${thief.host}/token"`, 'realm-not-allowed'],
    [`Bearer realm="https://robot:x@evil.example/token"`, 'realm-not-allowed'],
    ['Bearer realm="file:///etc/passwd"', 'realm-not-allowed'],
    ['Bearer', 'realm-not-allowed'],
    ['Negotiate', 'unexpected'],
    ['"garbage', 'unexpected'],
    ['Basic realm="x"', 'refused'],
    [`Negotiate, Basic realm="a, b"`, 'refused'],
  ] as const;
  for (const [header, result] of rows) {
    const { host } = await challenge(header);
    t.equal(await opened()({ host, login }), result, header);
  }
  const redirecting = await serveOn(t, (request, response) => {
    const target = { location: `http://${thief.host}/v2/` };
    if (request.headers.authorization) response.writeHead(307, target).end();
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  t.equal(await opened()({ host: redirecting.host, login }), 'unexpected', 'a redirect is not followed');
  t.same(thief.asked, [], 'the thief saw nothing at all');
  const slow = await serveOn(t, () => undefined);
  t.equal(await opened()({ host: slow.host, login }), 'timeout');
  const huge = await serveOn(t, (_, response) => response.writeHead(401).end('x'.repeat(1_000_000)));
  t.equal(await opened()({ host: huge.host, login }), 'unexpected');
  t.equal(await opened()({ host: '127.0.0.1:1', login }), 'unreachable');
});

t.test('a proxy is used for what is not on its list', async (t) => {
  const proxy = await serveOn(t, (_, response) => response.writeHead(502).end());
  const target = await serveOn(t, (_, response) => response.end('{}'));
  for (const address of [`http://${proxy.host}`, proxy.host]) {
    const environment = { HTTP_PROXY: address, HTTPS_PROXY: address };
    proxy.asked.length = 0;
    const { get, close } = openRegistryHttp({ environment });
    await get(new URL('http://registry.acme.example/v2/'), {});
    t.ok(proxy.asked.length > 0 || address === proxy.host, 'the proxy was asked');
    t.equal(
      await opened(environment)({ host: target.host, login }),
      'no-challenge',
      'what is on this machine stays here',
    );
    await close();
    const without = openRegistryHttp({ environment: { ...environment, NO_PROXY: 'registry.acme.example' } });
    t.match(await without.get(new URL('http://registry.acme.example/v2/'), {}), { failure: 'unreachable' });
    await without.close();
  }
  await openRegistryHttp({ environment: { HTTPS_PROXY: 'not an address' } }).close();
});

t.test('where a login may go', async (t) => {
  const domains: Readonly<Record<string, string>> = {
    'registry.acme.io': 'acme.io',
    'auth.acme.io': 'acme.io',
    'a.github.io': 'a.github.io',
    'b.github.io': 'b.github.io',
  };
  const policy = {
    allowed: ['auth.docker.io', 'sso.example.com:8443'],
    registrableDomain: (host: string) => domains[host],
  };
  const rows = [
    ['registry.acme.io', 'https://registry.acme.io/token', true],
    ['registry.acme.io', 'https://auth.acme.io/token', true],
    ['registry.acme.io', 'http://auth.acme.io/token', false],
    ['registry.acme.io', 'https://evil.example/token', false],
    ['registry.acme.io', 'https://registry.acme.io.evil.example/', false],
    ['registry.acme.io', 'https://sso.example.com:8443/token', true],
    ['registry.acme.io', 'https://sso.example.com/token', false],
    ['a.github.io', 'https://b.github.io/token', false],
    ['unknown.example', 'https://other.example/', false],
    ['docker.io', 'https://auth.docker.io/token', true],
    ['registry.acme.io', 'http://localhost/token', false],
    ['registry.acme.io', 'not a url', false],
  ] as const;
  for (const [registry, realm, allowed] of rows) {
    const origin = registryOrigin(registry);
    t.equal(origin && allowedRealm(realm, origin, policy) !== undefined, allowed, `${registry} → ${realm}`);
  }
  t.equal(registryOrigin('docker.io')?.host, 'registry-1.docker.io');
});

t.test('challenges', async (t) => {
  const rows = [
    ['Basic realm="x"', ['basic realm=x']],
    ['Bearer realm="https://a/t?x=1,2",service="s"', ['bearer realm=https://a/t?x=1,2 service=s']],
    ['Negotiate, Basic realm="a \\"b\\"" , Bearer realm=c', ['negotiate', 'basic realm=a "b"', 'bearer realm=c']],
    ['', []],
    ['=', []],
  ] as const;
  for (const [header, expected] of rows) {
    const found = parseChallenges(header).map(({ scheme, parameters }) =>
      [scheme, ...[...parameters].map(([name, value]) => `${name}=${value}`)].join(' '),
    );
    t.same(found, expected, header);
  }
});
