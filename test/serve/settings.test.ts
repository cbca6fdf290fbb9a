// What a changed setting does to pull Secrets that exist, on a real API server: distribution, a grace that really passes, the
// type, and credentials that have no login just now while others change beside them.
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  OWN_NAMESPACE,
  PULL_SECRET,
  startServe,
} from './installation.ts';
import { median, watchSecrets } from './secret-watch.ts';

t.setTimeout(180_000);
const merge = 'application/merge-patch+json';
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-settings-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
const program = join(folder, 'provider');
writeFileSync(
  program,
  `#!/bin/sh
cat > /dev/null
echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry","auth":{"exec.example.com":{"username":"AWS","password":"fake-exec"}}}'
`,
);
chmodSync(program, 0o755);

function configure(settings: object): void {
  writeFileSync(`${config}.new`, JSON.stringify(settings));
  renameSync(`${config}.new`, config);
}

const exec = (name: string, command: string) => ({
  name,
  match: ['exec.example.com'],
  source: { credentialProvider: { command, refresh: '2s' } },
});
configure({ pullSecret: { grace: '3s' }, credentials: [exec('exec', program)] });
const login = (password: string) => ({ username: 'robot', password });
await makeCredential(api, 'one', { 'one.example.com': login('fake-1') });
await makeCredential(api, 'red', { 'red.example.com': login('fake-1') }, { 'pullpass.dev/namespaces': 'team=red' });
const kubeconfig = await limitedKubeconfig(plane);
const serve = await startServe(plane, ['--config', config], { port, bundle: true, kubeconfig });
t.teardown(() => serve.stop('SIGKILL'));
const watch = await watchSecrets(plane);
t.teardown(() => watch.stop());

async function makeNamespaces(prefix: string, count: number, labels: object = {}): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const name of names) {
    const metadata = { name, labels: { 'pullpass.dev/inject': 'enabled', ...labels } };
    await expectOk(api.call('POST', '/api/v1/namespaces', { metadata }));
  }
  return names;
}

const relabel = (name: string, labels: Readonly<Record<string, string | null>>) =>
  expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, { metadata: { labels } }, merge));
const noteOf = async (name: string): Promise<string | undefined> => {
  const { body } = await api.call('GET', `/api/v1/namespaces/${name}/secrets/${PULL_SECRET}`);
  return body.metadata.annotations?.['pullpass.dev/unwanted-since'];
};
const holds =
  (...parts: readonly string[]) =>
  (text: string | undefined) =>
    text !== undefined && parts.every((part) => text.includes(part));

t.test('on demand nobody has it unasked; everywhere all have it; and back again nobody loses it', async (t) => {
  const names = await makeNamespaces('shared', 20, { team: 'red' });
  await sleep(1_000);
  t.notOk(names.some((name) => watch.texts.has(name)));
  configure({ pullSecret: { grace: '3s', distribution: 'everywhere' }, credentials: [exec('exec', program)] });
  await Promise.all(names.map((name) => watch.until(name, holds('fake-exec', 'one.example.com', 'red.example.com'))));
  const before = watch.news.length;
  configure({ pullSecret: { grace: '3s' }, credentials: [exec('exec', program)] });
  await eventually('it is in force', async () =>
    (await serve.metric('pullpass_config_reloads_total', { outcome: 'taken' })) === 2 ? true : undefined,
  );
  await sleep(500);
  t.equal(watch.news.length, before, 'nothing is written or deleted');
});

t.test('a namespace that opts out has it until the grace is over, and one that comes back keeps it', async (t) => {
  const [leaving = '', returning = ''] = ['shared-0', 'shared-1'];
  const began = performance.now();
  await relabel(leaving, { 'pullpass.dev/inject': null });
  await relabel(returning, { 'pullpass.dev/inject': null });
  await eventually('it is noted', async () => ((await noteOf(returning)) === undefined ? undefined : true));
  await relabel(returning, { 'pullpass.dev/inject': 'enabled' });
  const gone = await watch.first(0, ({ namespace, type }) => namespace === leaving && type === 'DELETED');
  const seconds = (gone.at - began) / 1_000;
  t.comment(`deleted ${seconds.toFixed(1)} s after the label went, with a grace of 3 s`);
  t.ok(seconds >= 3 && seconds < 6);
  await eventually('the note is taken back', async () => ((await noteOf(returning)) === undefined ? true : undefined));
  t.ok(watch.texts.has(returning));
  await relabel(leaving, { 'pullpass.dev/inject': 'enabled' });
  await sleep(1_000);
  t.notOk(watch.texts.has(leaving), 'on demand: nobody asks for it there any more');
});

t.test('a credential without a login keeps what is there, and keeps no other from its change', async (t) => {
  const name = 'shared-2';
  configure({ pullSecret: { grace: '3s' }, credentials: [exec('exec', '/nowhere/provider')] });
  await eventually('it has no login', async () =>
    (await serve.metric('pullpass_source_failures_total', { credential: 'exec' })) > 0 ? true : undefined,
  );
  const auths = { 'one.example.com': login('fake-2') };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/one`, { data }, merge));
  await watch.until(name, holds('fake-exec', 'fake-2', 'red.example.com'));
  t.pass('another is rotated beside it');
  await relabel(name, { team: 'blue' });
  await watch.until(name, (text) => holds('fake-exec', 'fake-2')(text) && !text?.includes('red.example.com'));
  t.pass('another leaves beside it');
  const { body } = await api.call('GET', `/api/v1/namespaces/${name}/secrets/${PULL_SECRET}`);
  t.equal(body.metadata.annotations['pullpass.dev/credentials'], 'exec,one');
  const before = watch.news.length;
  const passes = await serve.metric('pullpass_sync_passes_total', { scope: 'all' });
  const touch = { metadata: { labels: { touched: 'x' } } };
  await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/one`, touch, merge));
  await eventually('another pass', async () =>
    (await serve.metric('pullpass_sync_passes_total', { scope: 'all' })) > passes ? true : undefined,
  );
  t.equal(watch.news.length, before, 'which finds nothing to do');
  await relabel(name, { 'pullpass.dev/inject': null });
  await eventually('its grace begins', async () => ((await noteOf(name)) === undefined ? undefined : true));
  await relabel(name, { 'pullpass.dev/inject': 'enabled' });
  configure({ pullSecret: { grace: '3s' }, credentials: [exec('exec', program)] });
  await eventually('it has a login again', async () =>
    (await serve.metric('pullpass_login_obtained_timestamp_seconds', { credential: 'exec' })) > 0 ? true : undefined,
  );
  watch.clear();
  configure({ pullSecret: { grace: '3s' }, credentials: [exec('renamed', program)] });
  await eventually('it has its new name', async () => {
    const { body: renamed } = await api.call('GET', `/api/v1/namespaces/shared-3/secrets/${PULL_SECRET}`);
    return renamed.metadata.annotations['pullpass.dev/credentials'] === 'one,red,renamed' ? true : undefined;
  });
  t.ok(
    watch.news.every(({ text }) => text.includes('fake-exec')),
    'a new name costs no moment without the login',
  );
});

t.test('a stranger who took the place of the kept logins is not written, and confirms nothing', async (t) => {
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/pullpass-logins`;
  const labels = { 'app.kubernetes.io/managed-by': null };
  const annotations = { 'pullpass.dev/confirm-removal': '999' };
  await expectOk(api.call('PATCH', path, { metadata: { labels, annotations } }, merge));
  const before = (await api.call('GET', path)).body;
  const names = [...watch.texts.keys()];
  for (const name of names) await relabel(name, { 'pullpass.dev/inject': null });
  await eventually(
    'the removals are held',
    async () => ((await serve.metric('pullpass_sync_removals_held')) > 0 ? true : undefined),
    30,
  );
  // They are due one after the other, and the first ten are few.
  await sleep(1_000);
  t.same((await api.call('GET', path)).body, before);
  t.ok(names.filter((name) => !watch.texts.has(name)).length <= 10, 'no more than so few as are never held');
  for (const name of names) await relabel(name, { 'pullpass.dev/inject': 'enabled' });
  await expectOk(api.call('DELETE', path));
  await eventually('it is made again', async () => ((await api.call('GET', path)).status === 200 ? true : undefined));
  await eventually('nothing is held', async () =>
    (await serve.metric('pullpass_sync_removals_held')) === 0 ? true : undefined,
  );
  for (const name of names) {
    await eventually('the note is taken back', async () => ((await noteOf(name)) === undefined ? true : undefined));
  }
});

t.test('another type: deleted and made again, as close together as can be', async (t) => {
  const names = [...watch.texts.keys()];
  watch.clear();
  const credentials = [exec('renamed', program)];
  configure({ pullSecret: { grace: '3s', type: 'kubernetes.io/dockercfg' }, credentials });
  const gaps: number[] = [];
  for (const name of names) {
    const gone = await watch.first(0, (one) => one.namespace === name && one.type === 'DELETED');
    const made = await watch.first(0, (one) => one.namespace === name && one.type === 'ADDED');
    gaps.push(made.at - gone.at);
  }
  t.comment(
    `${names.length} without it for a median of ${median(gaps).toFixed(1)} ms, at most ${Math.max(...gaps).toFixed(1)} ms`,
  );
  t.ok(Math.max(...gaps) < 1_000);
  t.ok(names.every((name) => holds('one.example.com', 'fake-exec')(watch.texts.get(name))));
  t.equal(await serve.stop(), 0);
});
