// Proxies: which variables are read, what goes through one and what does not, and that a login in https is not the proxy's to see.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import t from 'tap';
import { openRegistryHttp } from '../../src/registry/registry-http.ts';
import { createTryLogin } from '../../src/registry/try-login.ts';
import { hostsBehindProxy, registryOf, tokenService } from './hosts-behind-proxy.ts';
import { serveOn } from './real-registry.ts';

const login = { username: 'robot', password: 'not-a-password' };
const HTTP_URL = new URL('http://registry.acme.example/v2/');

function opened(environment: Record<string, string>) {
  const http = openRegistryHttp({ environment });
  t.teardown(() => http.close());
  const policy = { allowed: [], registrableDomain: (host: string) => host.split('.').slice(-2).join('.') };
  return { get: http.get, tryLogin: createTryLogin(http.get, async () => policy) };
}

t.test('plain http goes to the proxy as it is', async (t) => {
  const proxy = await serveOn(t, (_, response) => response.writeHead(418).end());
  const target = await serveOn(t, (_, response) => response.end('{}'));
  for (const address of [`http://${proxy.host}`, proxy.host]) {
    for (const name of ['HTTP_PROXY', 'http_proxy']) {
      proxy.asked.length = 0;
      const { get, tryLogin } = opened({ [name]: address });
      t.match(await get(HTTP_URL, {}), { status: 418 }, `${name}=${address}`);
      t.same(
        proxy.asked.map(({ path }) => path),
        [HTTP_URL.href],
      );
      t.equal(await tryLogin({ host: target.host, login }), 'no-challenge', 'what is on this machine stays here');
      t.equal(proxy.asked.length, 1);
    }
    const without = opened({ HTTP_PROXY: address, NO_PROXY: 'acme.example' });
    t.match(await without.get(HTTP_URL, {}), { failure: 'unreachable' });
    t.equal(proxy.asked.length, 1, 'NO_PROXY');
  }
  for (const HTTPS_PROXY of ['not an address', '']) {
    const http = openRegistryHttp({ environment: { HTTPS_PROXY } });
    await http.close();
  }
});

t.test('https goes through the proxy, which sees no login', async (t) => {
  const hosts = await hostsBehindProxy(t, {
    'registry.acme.example': registryOf('https://auth.acme.example/token'),
    'auth.acme.example': tokenService(login.username, login.password),
  });
  setDefaultCACertificates([...getCACertificates('default'), hosts.ca]);
  for (const address of [`http://${hosts.proxy}`, hosts.proxy]) {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      hosts.connected.length = 0;
      const { tryLogin } = opened({ [name]: address });
      t.equal(await tryLogin({ host: 'registry.acme.example', login }), 'accepted', `${name}=${address}`);
      t.match(
        [...new Set(hosts.connected.map(({ to }) => to))],
        ['registry.acme.example:443', 'auth.acme.example:443'],
      );
      t.notOk(hosts.connected.some(({ headers }) => headers.authorization ?? headers['proxy-authorization']));
    }
  }
  t.match(
    hosts.asked.slice(0, 3).map(({ host, authorization = 'nothing' }) => `${host} ${authorization.split(' ')[0]}`),
    ['registry.acme.example nothing', 'auth.acme.example Basic', 'registry.acme.example Bearer'],
  );
  const { tryLogin } = opened({ HTTPS_PROXY: hosts.proxy });
  t.equal(await tryLogin({ host: 'other.example', login }), 'unreachable', 'a proxy that does not want to');
  hosts.connected.length = 0;
  for (const NO_PROXY of ['registry.acme.example', '.acme.example', '*']) {
    const without = opened({ HTTPS_PROXY: hosts.proxy, NO_PROXY });
    t.equal(await without.tryLogin({ host: 'registry.acme.example', login }), 'unreachable', NO_PROXY);
  }
  t.same(hosts.connected, []);
});
