// Credential health as an administrator sees it: switched on, a login is tried when it changes, and what comes of it is a metric and a
// log line. The registry is a real one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { registryWithPassword } from '../registry/real-registry.ts';
import { eventually, expectOk, install, makeCredential, OWN_NAMESPACE, startServe } from './installation.ts';

t.setTimeout(300_000);
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-health-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, '');

t.test('off by default, switched on without a restart, tried again only when the login changes', async (t) => {
  const { host } = await registryWithPassword(t, 'robot', 'not-a-password');
  const login = (password: string) => ({ [host]: { username: 'robot', password } });
  await makeCredential(api, 'local', login('not-a-password'));
  const serve = await startServe(plane, ['--config', config], { port, bundle: true });
  t.teardown(() => serve.stop('SIGKILL'));
  const is = (result: string): Promise<number> =>
    serve.metric('pullpass_credential_health', { credential: 'local', host, result });
  await sleep(4_000);
  t.equal(await serve.metric('pullpass_credential_health'), 0, 'off by default');
  writeFileSync(config, 'credentialHealth: { enabled: true }\n');
  await eventually('accepted', async () => ((await is('accepted')) === 1 ? true : undefined));
  const data = Buffer.from(JSON.stringify({ auths: login('wrong') })).toString('base64');
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/local`;
  const patch = { data: { '.dockerconfigjson': data } };
  await expectOk(api.call('PATCH', path, patch, 'application/merge-patch+json'));
  await eventually('refused', async () => ((await is('refused')) === 1 ? true : undefined));
  t.equal(await is('accepted'), 0, 'one result each');
  t.match(serve.output(), /"result":"refused","msg":"the registry refused the login"/);
  writeFileSync(config, 'credentialHealth: { enabled: yes }\n');
  await eventually('refused as a whole', async () =>
    (await serve.metric('pullpass_config_refused')) === 1 ? true : undefined,
  );
  t.equal(await is('refused'), 1, 'a bad configuration changes nothing');
  t.match(serve.output(), /credentialHealth.enabled: found a string, wanted true or false/);
  writeFileSync(config, 'namespaces: { matchLabels: { other: label } }\n');
  await eventually('a change that needs a restart', async () =>
    serve.output().includes('namespaces takes effect with a restart') ? true : undefined,
  );
  writeFileSync(config, '');
  await eventually('good again', async () =>
    (await serve.metric('pullpass_config_refused')) === 0 ? true : undefined,
  );
  await eventually('switched off', async () => ((await is('refused')) === 0 ? true : undefined));
});
