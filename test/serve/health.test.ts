// Credential health put together with the real list of public suffixes, beside registries of any name, which are all on loopback:
// what it tries and where logins go; and who tries at all.
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import t from 'tap';
import { parseMatch } from '../../src/config/match.ts';
import { createHealth, loadRegistrableDomain } from '../../src/serve/health.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { hostsBehindProxy, registryOf, tokenService } from '../registry/hosts-behind-proxy.ts';
import { eventually } from './installation.ts';

const login = { username: 'robot', password: 'not-a-password' };
/** A first try is made within three seconds. */
const TRIED_MS = 4_000;

interface Circumstances {
  readonly patterns: readonly string[];
  readonly realms?: readonly string[];
  readonly proxy: string;
}

function healthOf({ patterns, realms = [], proxy }: Circumstances) {
  const metrics = createMetrics();
  const settings = { enabled: true, interval: 3_600_000, realms };
  let refused: ReadonlySet<string> = new Set();
  const listeners: (() => void)[] = [];
  const parsed = patterns.map((text) => {
    const pattern = parseMatch(text);
    if (!pattern.ok) throw new Error(pattern.problem);
    return { pattern: pattern.value, hasLogin: true };
  });
  const health = createHealth({
    credentials: {
      inForce: () => ({
        config: { credentialHealth: settings },
        catalog: { credentials: [{ name: 'c', patterns: parsed, except: [] }], logins: () => login },
      }),
      onChange: (listener) => void listeners.push(() => listener([])),
      refusedLogins: () => refused,
      rememberRefused: (all) => {
        refused = all;
      },
    },
    environment: { HTTPS_PROXY: proxy },
    log: { info: () => undefined, warn: () => undefined },
    metrics,
  });
  const results = async (): Promise<readonly string[]> =>
    (await metrics.credentialHealth.get()).values.map(({ labels: { host, result } }) => `${host} ${result}`).sort();
  return {
    health,
    settings,
    results,
    change: () => {
      for (const listener of listeners) listener();
    },
  };
}

t.test('the domain under which anybody may register names', async (t) => {
  const registrableDomain = await loadRegistrableDomain();
  const rows = [
    ['registry.acme.io', 'acme.io'],
    ['a.b.acme.co.uk', 'acme.co.uk'],
    ['co.uk', undefined],
    ['acme.github.io', 'acme.github.io'],
    ['x.acme.github.io', 'acme.github.io'],
    ['github.io', undefined],
    ['registry-1.docker.io', 'docker.io'],
    ['localhost', undefined],
    ['127.0.0.1', undefined],
    ['[::1]', undefined],
  ] as const;
  for (const [host, domain] of rows) t.equal(registrableDomain(host), domain, host);
});

t.test('literal hosts are tried, and logins go to token services of their domain', async (t) => {
  const known = tokenService(login.username, login.password);
  const hosts = await hostsBehindProxy(t, {
    'registry.acme.example': registryOf('https://auth.acme.example/token'),
    'auth.acme.example': known,
    'acme.github.io': registryOf('https://other.github.io/token'),
    'other.github.io': known,
    'registry-1.docker.io': registryOf('https://auth.docker.io/token'),
    'auth.docker.io': known,
    'far.example': registryOf('https://sso.example.net/token'),
    'sso.example.net': known,
    'a.glob.example': registryOf('https://auth.glob.example/token'),
  });
  setDefaultCACertificates([...getCACertificates('default'), hosts.ca]);
  const patterns = [
    'registry.acme.example/team/',
    'acme.github.io',
    'docker.io/acme/',
    'far.example',
    '*.glob.example',
  ];
  const { health, results } = healthOf({ patterns, realms: ['sso.example.net'], proxy: hosts.proxy });
  t.teardown(() => health.stop());
  health.start();
  await eventually('all tried', async () => ((await results()).length === 4 ? true : undefined));
  t.same(await results(), [
    'acme.github.io realm-not-allowed',
    'docker.io accepted',
    'far.example accepted',
    'registry.acme.example accepted',
  ]);
  t.same(
    hosts.asked.filter(({ host }) => host === 'other.github.io' || host.includes('glob')),
    [],
    'neither a neighbour on a shared domain nor what a glob covers was asked anything',
  );
});

t.test('nobody tries but whoever was started, and it ends with that or with the setting', async (t) => {
  const hosts = await hostsBehindProxy(t, { 'registry.acme.example': (_, response) => response.end('{}') });
  setDefaultCACertificates([...getCACertificates('default'), hosts.ca]);
  const patterns = ['registry.acme.example'];
  const { health, settings, results, change } = healthOf({ patterns, proxy: hosts.proxy });
  t.teardown(() => health.stop());
  change();
  await sleep(TRIED_MS);
  t.same(hosts.asked, [], 'not elected');
  settings.enabled = false;
  health.start();
  await sleep(TRIED_MS);
  t.same(hosts.asked, [], 'switched off');
  settings.enabled = true;
  change();
  change();
  await eventually('tried', async () => ((await results()).length === 1 ? true : undefined));
  t.equal(hosts.asked.length, 1);
  settings.enabled = false;
  change();
  await eventually('nothing to tell', async () => ((await results()).length === 0 ? true : undefined));
  settings.enabled = true;
  change();
  await health.stop();
  await sleep(TRIED_MS);
  t.equal(hosts.asked.length, 1, 'not elected any more');
  t.same(await results(), []);
});
