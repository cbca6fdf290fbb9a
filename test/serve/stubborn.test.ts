// What must never be lost or touched: a stranger's Secret through a hundred passes, logins whose source is away while every
// replica restarts, pull Secrets that vanished while nobody was there, and labels dropped by mistake.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { atMost } from '../full.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  makeNamespace,
  OWN_NAMESPACE,
  PULL_SECRET,
  pod,
  type ServeProcess,
  says,
  startServe,
} from './installation.ts';
import { watchSecrets } from './secret-watch.ts';

t.setTimeout(400_000);
const merge = 'application/merge-patch+json';
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port, { failurePolicy: 'Ignore' });
const folder = mkdtempSync(join(tmpdir(), 'pullpass-stubborn-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
const plugin = join(folder, 'provider');
const answer = (password: string): string =>
  `#!/bin/sh
cat > /dev/null
echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry","auth":{"exec.example.com":{"username":"AWS","password":"${password}"}}}'
`;
const failing = '#!/bin/sh\necho "no way with password hidden-from-everybody" >&2\nexit 1\n';

function setPlugin(text: string): void {
  writeFileSync(plugin, text);
  chmodSync(plugin, 0o755);
}

setPlugin(answer('fake-exec-1'));
writeFileSync(join(folder, 'file.json'), JSON.stringify({ auths: { 'file.example.com': login('fake-file-1') } }));
writeFileSync(
  config,
  `credentials:
  - { name: exec, match: [exec.example.com], source: { credentialProvider: { command: ${plugin}, refresh: 2s } } }
  - { name: file, match: [file.example.com], source: { dockerConfig: file.json } }
`,
);
await makeCredential(api, 'labelled', { 'labelled.example.com': login('fake-labelled-1') });
const watch = await watchSecrets(plane);
t.teardown(() => watch.stop());
/** Everything here is done with the rights that an installation has. */
const kubeconfig = await limitedKubeconfig(plane);
const running = new Set<ServeProcess>();
t.teardown(async () => {
  for (const serve of running) await serve.stop('SIGKILL');
});

function login(password: string): { username: string; password: string } {
  return { username: 'robot', password };
}

async function start(options: { port?: number } = { port }): Promise<ServeProcess> {
  const serve = await startServe(plane, ['--config', config], { bundle: true, kubeconfig, ...options });
  running.add(serve);
  return serve;
}

async function stop(serve: ServeProcess, signal?: NodeJS.Signals): Promise<void> {
  running.delete(serve);
  await serve.stop(signal);
}

const secretPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`;
const secretOf = async (namespace: string) => (await api.call('GET', secretPath(namespace))).body;
const THREE = ['exec.example.com', 'file.example.com', 'labelled.example.com'];
const passes = (serve: ServeProcess): Promise<number> => serve.metric('pullpass_sync_passes_total', { scope: 'all' });

async function needsAll(namespace: string): Promise<void> {
  await makeNamespace(api, namespace);
  const images = THREE.map((host) => `${host}/app:1`);
  await expectOk(api.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod('app', ...images)));
}

t.test('a stranger keeps his Secret through 100 passes, and it is said in four places', async (t) => {
  const serve = await start();
  await makeNamespace(api, 'strange');
  const mine = { metadata: { name: PULL_SECRET }, type: 'Opaque', stringData: { mine: 'not yours' } };
  await expectOk(api.call('POST', '/api/v1/namespaces/strange/secrets', mine));
  const before = await secretOf('strange');
  const { warnings } = await expectOk(
    api.call('POST', '/api/v1/namespaces/strange/pods', pod('app', 'labelled.example.com/app:1')),
  );
  t.match(warnings.join(), /not managed by Pullpass/, 'a warning');
  const from = await passes(serve);
  for (let i = 0; (await passes(serve)) < from + 100; i++) {
    const touch = { metadata: { labels: { touched: `${i}` } } };
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/labelled`, touch, merge));
    await sleep(15);
  }
  t.same(await secretOf('strange'), before, 'byte for byte, resourceVersion and all');
  t.equal(await serve.metric('pullpass_pull_secrets_refused', { reason: 'foreign' }), 1, 'a metric');
  await says(serve, /"namespace":"strange","reason":"foreign"/);
  const said = await eventually('an Event', async () => {
    const { body } = await api.call(
      'GET',
      '/api/v1/namespaces/strange/events?fieldSelector=reason%3DPullSecretRefused',
    );
    return body.items.length > 0 ? body.items : undefined;
  });
  t.match(said, [{ involvedObject: { kind: 'Secret', name: PULL_SECRET }, message: /not ours/ }], 'an Event');
  t.equal(said.length, 1, 'once');
  await stop(serve);
});

t.test('sources that fail while every replica restarts change and delete nothing', async (t) => {
  let serve = await start();
  await needsAll('steady');
  const good = await eventually('all three logins', async () => {
    const text = watch.texts.get('steady');
    return THREE.every((host) => text?.includes(host)) ? text : undefined;
  });
  setPlugin(failing);
  writeFileSync(join(folder, 'file.json'), '{ "auths": garbage');
  const bad = { metadata: { annotations: { 'pullpass.dev/match': 'https://*' } } };
  await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/labelled`, bad, merge));
  await eventually('the failures are seen', async () =>
    (await serve.metric('pullpass_source_failures_total', { credential: 'exec' })) > 0 ? true : undefined,
  );
  await stop(serve);
  watch.clear();
  serve = await start();
  const from = await passes(serve);
  await eventually('some passes', async () => {
    const touch = { metadata: { labels: { touched: `${Math.random()}`.slice(2, 10) } } };
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/labelled`, touch, merge));
    return (await passes(serve)) >= from + 5 ? true : undefined;
  });
  t.same(
    watch.news.filter(({ namespace }) => namespace === 'steady'),
    [],
    'nothing was written or deleted',
  );
  t.equal(watch.texts.get('steady'), good);
  t.notMatch(serve.output(), /hidden-from-everybody/, 'what the program said holds no login');
  await needsAll('newcomer');
  const text = await eventually('a new namespace is served from what was kept', async () =>
    watch.texts.get('newcomer'),
  );
  t.equal(text, good);
  setPlugin(answer('fake-exec-2'));
  const began = performance.now();
  await watch.until('steady', (one) => one?.includes('fake-exec-2') === true);
  t.comment(`the new login is out ${((performance.now() - began) / 1_000).toFixed(1)} s after its source is back`);
  t.ok(performance.now() - began < 4_000, 'within its interval');
  const metadata = { annotations: { 'pullpass.dev/match': null } };
  const data = Buffer.from(JSON.stringify({ auths: { 'labelled.example.com': login('fake-labelled-2') } })).toString(
    'base64',
  );
  await expectOk(
    api.call(
      'PATCH',
      `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/labelled`,
      { metadata, data: { '.dockerconfigjson': data } },
      merge,
    ),
  );
  await watch.until('steady', (one) => one?.includes('fake-labelled-2') === true);
  writeFileSync(join(folder, 'file.json'), JSON.stringify({ auths: { 'file.example.com': login('fake-file-2') } }));
  await watch.until('steady', (one) => one?.includes('fake-file-2') === true);
  await stop(serve);
});

t.test('deleted while nobody was there, and an ensure that failed on a replica that then died', async (t) => {
  const elected = await start({});
  const other = await start();
  await eventually('one is elected', async () => ((await elected.metric('pullpass_elected')) === 1 ? true : undefined));
  t.equal(await other.metric('pullpass_elected'), 0);
  await makeNamespace(api, 'poor');
  const quota = { metadata: { name: 'none' }, spec: { hard: { secrets: '0' } } };
  await expectOk(api.call('POST', '/api/v1/namespaces/poor/resourcequotas', quota));
  await eventually('the quota is in force', async () => {
    const { body } = await api.call('GET', '/api/v1/namespaces/poor/resourcequotas/none');
    return body.status?.hard ? true : undefined;
  });
  const { warnings, body } = await expectOk(
    api.call('POST', '/api/v1/namespaces/poor/pods', pod('app', 'labelled.example.com/app:1')),
  );
  t.match(warnings.join(), /quota/);
  t.match(body.spec.imagePullSecrets, [{ name: PULL_SECRET }]);
  await stop(other, 'SIGKILL');
  await stop(elected, 'SIGKILL');
  await expectOk(api.call('DELETE', secretPath('steady')));
  await expectOk(api.call('DELETE', '/api/v1/namespaces/poor/resourcequotas/none'));
  const began = performance.now();
  const serve = await start();
  for (const name of ['poor', 'steady']) await watch.until(name, (text) => text !== undefined, 60_000);
  t.comment(`both there again ${((performance.now() - began) / 1_000).toFixed(1)} s after the start`);
  t.ok(performance.now() - began <= 60_000);
  await stop(serve);
});

t.test('what somebody puts into the kept logins is taken out, without a hurry that never ends', async (t) => {
  // What a program gave before the restart is nowhere but in the kept logins and in this process.
  setPlugin(failing);
  const serve = await start();
  await eventually('a pass', async () => ((await passes(serve)) > 0 ? true : undefined));
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/pullpass-logins`;
  const intruder = Buffer.from('{"origin":"secret","where":"x","scope":{"except":[]},"logins":{}}').toString('base64');
  const from = await passes(serve);
  await expectOk(api.call('PATCH', path, { data: { intruder } }, merge));
  await eventually('it is out', async () =>
    (await api.call('GET', path)).body.data.intruder === undefined ? true : undefined,
  );
  await sleep(2_000);
  t.ok((await passes(serve)) - from <= atMost(4), `${(await passes(serve)) - from} passes`);
  await expectOk(api.call('DELETE', path));
  await eventually('made again, with the login that no program gives just now', async () =>
    atob((await api.call('GET', path)).body.data?.exec ?? '').includes('fake-exec-2') ? true : undefined,
  );
  setPlugin(answer('fake-exec-2'));
  await stop(serve);
});

async function eightAtATime(names: readonly string[], act: (name: string) => Promise<unknown>): Promise<void> {
  const left = names.values();
  const worker = async (): Promise<void> => {
    for (const name of left) await act(name);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

t.test('labels dropped from 200 namespaces by mistake and set again: nothing is lost', async (t) => {
  const serve = await start();
  const names = Array.from({ length: 200 }, (_, i) => `dropped-${i}`);
  await eightAtATime(names, async (name) => {
    await makeNamespace(api, name);
    await expectOk(api.call('POST', `/api/v1/namespaces/${name}/pods`, pod('app', 'labelled.example.com/app:1')));
  });
  const before = new Map(names.map((name) => [name, watch.texts.get(name)]));
  const relabel = async (value: string | null): Promise<void> => {
    const body = { metadata: { labels: { 'pullpass.dev/inject': value } } };
    await eightAtATime(names, (name) => expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, body, merge)));
  };
  const noted = async (): Promise<number> => {
    const { body } = await api.call('GET', `/api/v1/secrets?fieldSelector=metadata.name%3D${PULL_SECRET}`);
    return body.items.filter(
      (one: { metadata: { namespace: string; annotations?: Record<string, string> } }) =>
        one.metadata.namespace.startsWith('dropped-') && one.metadata.annotations?.['pullpass.dev/unwanted-since'],
    ).length;
  };
  watch.clear();
  await relabel(null);
  await eventually('noted on each', async () => ((await noted()) === names.length ? true : undefined), 30);
  await relabel('enabled');
  await eventually('and taken back', async () => ((await noted()) === 0 ? true : undefined), 30);
  t.equal(watch.news.filter(({ type }) => type === 'DELETED').length, 0, 'none was deleted');
  t.ok(
    names.every((name) => watch.texts.get(name) === before.get(name)),
    'each holds what it held',
  );
  await stop(serve);
});
