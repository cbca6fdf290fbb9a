// Logins tried against real registries, and against servers that would like to have one. A login that went to the wrong place is
// found at the place.
import t from 'tap';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { allowedRealm, BUILT_IN_REALMS, loginScope, registryOrigin } from '../../src/registry/realm.ts';
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

t.test('a real registry that does not want the tokens of its token service', async (t) => {
  const { host, service } = await registryWithTokens(t, login.username, login.password, 'somebody else');
  const tryLogin = opened({}, [service.host]);
  t.equal(await tryLogin({ host, login }), 'token-refused');
  t.equal(await tryLogin({ host, login: wrong }), 'refused');
});

t.test('what statuses say, at each step', async (t) => {
  type Step = 'before' | 'basic' | 'service' | 'token';
  const asked: string[] = [];
  const run = async (step: Step, status: number, body = '{"access_token":"a-token"}'): Promise<string> => {
    const service = await serveOn(t, (_, response) => response.writeHead(step === 'service' ? status : 200).end(body));
    const server = await serveOn(t, ({ headers: { authorization = '' } }, response) => {
      const at: Step = authorization === '' ? 'before' : authorization.startsWith('Basic') ? 'basic' : 'token';
      if (at === step) return void response.writeHead(status).end('{}');
      const challenge = step === 'basic' ? 'Basic realm="x"' : `Bearer realm="http://${service.host}/",service="s"`;
      response.writeHead(at === 'before' ? 401 : 200, { 'www-authenticate': challenge }).end('{}');
    });
    const result = await opened({}, [service.host])({ host: server.host, login });
    asked.push(...server.asked.map(({ authorization = 'nothing' }) => authorization));
    return result;
  };
  const rows: readonly (readonly [status: number, expected: Readonly<Record<Step, string>>])[] = [
    [200, { before: 'no-challenge', basic: 'accepted', service: 'accepted', token: 'accepted' }],
    [204, { before: 'unexpected', basic: 'unexpected', service: 'unexpected', token: 'unexpected' }],
    [307, { before: 'unexpected', basic: 'unexpected', service: 'unexpected', token: 'unexpected' }],
    [400, { before: 'unexpected', basic: 'unexpected', service: 'unexpected', token: 'unexpected' }],
    [401, { before: 'unexpected', basic: 'refused', service: 'refused', token: 'token-refused' }],
    [403, { before: 'forbidden', basic: 'forbidden', service: 'forbidden', token: 'token-refused' }],
    [429, { before: 'rate-limited', basic: 'rate-limited', service: 'rate-limited', token: 'rate-limited' }],
    [503, { before: 'unexpected', basic: 'unexpected', service: 'unexpected', token: 'unexpected' }],
  ];
  for (const [status, expected] of rows) {
    for (const [step, result] of Object.entries(expected)) {
      t.equal(await run(step as Step, status), result, `${status} ${step}`);
    }
  }
  t.ok(asked.includes('Bearer a-token'));
  for (const body of ['{}', '{"token":""}', '{"token":"a\\nb"}', '{"token":1}', 'garbage', 'null']) {
    t.equal(await run('service', 200, body), 'unexpected', body);
  }
  t.equal(await run('service', 200, '{"token":"","access_token":"x"}'), 'accepted');
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

t.test('where a login may go', async (t) => {
  const domains: Readonly<Record<string, string>> = {
    'registry.acme.io': 'acme.io',
    'auth.acme.io': 'acme.io',
    'a.github.io': 'a.github.io',
    'b.github.io': 'b.github.io',
  };
  const policy = {
    allowed: [...BUILT_IN_REALMS, 'sso.example.com:8443'],
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
  const scopes = [
    ['registry.acme.io:5000', 'acme.io'],
    ['auth.acme.io', 'acme.io'],
    ['unknown.example:5000', 'unknown.example'],
    ['127.0.0.1:5000', '127.0.0.1'],
    ['[::1]:5000', '[::1]'],
    ['docker.io', 'registry-1.docker.io'],
  ] as const;
  for (const [host, scope] of scopes) t.equal(loginScope(host, policy.registrableDomain), scope);
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
