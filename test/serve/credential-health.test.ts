// Credential health as an administrator sees it: switched on, a login is tried when it changes, and what comes of it is a metric and a
// log line; a login that was refused is tried by no other replica. The registries are real ones, but for those whose names
// could not be had here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { fingerprintsOf } from '../../src/registry/refusals.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { hostsBehindProxy, registryOf, tokenService } from '../registry/hosts-behind-proxy.ts';
import { registryWithPassword, registryWithTokens } from '../registry/real-registry.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  OWN_NAMESPACE,
  type ServeProcess,
  says,
  startServe,
} from './installation.ts';

t.setTimeout(300_000);
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-health-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, '{}\n');

/** A first try is made within three seconds. */
const TRIED_MS = 4_000;
const METRIC = 'pullpass_credential_health';

async function changeLogin(name: string, host: string, password: string): Promise<void> {
  const auths = { [host]: { username: 'robot', password } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`;
  await expectOk(api.call('PATCH', path, { data }, 'application/merge-patch+json'));
}

const becomes = (serve: ServeProcess, credential: string, result: string): Promise<true> =>
  eventually(`${credential} ${result}`, async () =>
    (await serve.metric(METRIC, { credential, result })) === 1 ? true : undefined,
  );

t.test('off by default, switched on without a restart, tried again only when the login changes', async (t) => {
  const { host } = await registryWithPassword(t, 'robot', 'not-a-password');
  await makeCredential(api, 'local', { [host]: { username: 'robot', password: 'not-a-password' } });
  const serve = await startServe(plane, ['--config', config], { port, bundle: true });
  t.teardown(() => serve.stop('SIGKILL'));
  await sleep(TRIED_MS);
  t.equal(await serve.metric(METRIC), 0, 'off by default');
  writeFileSync(config, 'credentialHealth: { enabled: true }\n');
  await becomes(serve, 'local', 'accepted');
  await changeLogin('local', host, 'wrong');
  await becomes(serve, 'local', 'refused');
  t.equal(await serve.metric(METRIC), 1, 'one result each');
  const said = /"result":"refused","msg":"the registry refused the login"/;
  await eventually('said', async () => said.test(serve.output()) || undefined, 10);
  writeFileSync(config, 'credentialHealth: { enabled: yes }\n');
  await eventually('refused as a whole', async () =>
    (await serve.metric('pullpass_config_refused')) === 1 ? true : undefined,
  );
  t.equal(await serve.metric(METRIC, { result: 'refused' }), 1, 'a bad configuration changes nothing');
  await says(serve, /credentialHealth.enabled: found a string, wanted true or false/);
  writeFileSync(config, 'namespaces: { matchLabels: { other: label } }\n');
  await eventually('a change that needs a restart', async () =>
    serve.output().includes('namespaces takes effect with a restart') ? true : undefined,
  );
  writeFileSync(config, '{}\n');
  await eventually('good again', async () =>
    (await serve.metric('pullpass_config_refused')) === 0 ? true : undefined,
  );
  await eventually('switched off', async () => ((await serve.metric(METRIC)) === 0 ? true : undefined));
});

t.test('a login that was refused is tried by no replica again until it changes', async (t) => {
  const { host, service } = await registryWithTokens(t, 'robot', 'the-right-one');
  writeFileSync(config, `credentialHealth: { enabled: true, realms: ["${service.host}"] }\n`);
  const start = async (): Promise<ServeProcess> => {
    const serve = await startServe(plane, ['--config', config], { port, bundle: true });
    t.teardown(() => serve.stop('SIGKILL'));
    return serve;
  };
  const first = await start();
  await eventually('elected', async () => ((await first.metric('pullpass_elected')) === 1 ? true : undefined));
  const other = await startServe(plane, ['--config', config], { bundle: true });
  t.teardown(() => other.stop('SIGKILL'));
  const login = { username: 'robot', password: 'never-right' };
  await makeCredential(api, 'tokens', { [host]: login });
  await becomes(first, 'tokens', 'refused');
  await sleep(TRIED_MS);
  const tries = (): number => service.asked.filter(({ authorization }) => authorization !== undefined).length;
  t.equal(tries(), 1, 'by the elected replica only');
  t.equal(await other.metric(METRIC), 0);
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/pullpass-logins`;
  const kept = await api.call('GET', path);
  const texts = Object.values<string>(kept.body.data).map((text) => Buffer.from(text, 'base64').toString());
  const { domain } = fingerprintsOf({ host, login }, '127.0.0.1');
  t.ok(texts.some((text) => text.includes(domain)));
  await first.stop();
  await becomes(other, 'tokens', 'refused');
  const third = await start();
  await other.stop();
  await becomes(third, 'tokens', 'refused');
  await sleep(TRIED_MS);
  t.equal(tries(), 1, 'by nobody who was elected or started later');
  const forget = [{ op: 'remove', path: '/data/_refused' }];
  await expectOk(api.call('PATCH', path, forget, 'application/json-patch+json'));
  await eventually('tried once more', async () => (tries() === 2 ? true : undefined));
  await becomes(third, 'tokens', 'refused');
  await changeLogin('tokens', host, 'the-right-one');
  await becomes(third, 'tokens', 'accepted');
  t.equal(tries(), 3);
  // It gives the Lease up, which the next one would have to wait for.
  t.equal(await third.stop(), 0);
});

t.test('the bundle knows public suffixes, and finds https registries through a proxy', async (t) => {
  const known = tokenService('robot', 'not-a-password');
  const hosts = await hostsBehindProxy(t, {
    'registry.acme.example': registryOf('https://auth.acme.example/token'),
    'auth.acme.example': known,
    'acme.github.io': registryOf('https://other.github.io/token'),
    'other.github.io': known,
  });
  const login = { username: 'robot', password: 'not-a-password' };
  await makeCredential(api, 'acme', { 'registry.acme.example': login });
  await makeCredential(api, 'pages', { 'acme.github.io': login });
  writeFileSync(config, 'credentialHealth: { enabled: true }\n');
  // In small letters they come first, whatever this machine has set.
  const environment = { https_proxy: hosts.proxy, no_proxy: '127.0.0.1', NODE_EXTRA_CA_CERTS: hosts.caFile };
  for (const [name, value] of Object.entries(environment)) {
    const before = process.env[name];
    process.env[name] = value;
    t.teardown(() => {
      delete process.env[name];
      if (before !== undefined) process.env[name] = before;
    });
  }
  const serve = await startServe(plane, ['--config', config], { port, bundle: true });
  t.teardown(() => serve.stop('SIGKILL'));
  await becomes(serve, 'acme', 'accepted');
  await becomes(serve, 'pages', 'realm-not-allowed');
  t.notOk(hosts.asked.some(({ host }) => host === 'other.github.io'));
});
