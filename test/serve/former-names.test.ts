// Another `pullSecret.name`, on a real API server: whoever had a pull Secret under the former name gets the new one, the old one
// is kept true until the grace is over and then goes, and nobody else's Secret of that name is touched. With the rights that the
// chart renders for it: all for the new name, and all but to make one for the old one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { renderText } from '../chart/render.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  makeNamespace,
  PULL_SECRET as OLD,
  OWN_NAMESPACE,
  pod,
  startServe,
} from './installation.ts';

t.setTimeout(180_000);
const NEW = 'acme-pull';
const GRACE_S = 8;
const merge = 'application/merge-patch+json';
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-former-names-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function configFile(name: string, pullSecret: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ pullSecret: { grace: `${GRACE_S}s`, ...pullSecret } }));
  return path;
}

/** @returns the rights for this configuration, as the chart renders them */
function rightsFor(pullSecret: object): Promise<string> {
  const shown = ['serviceaccount', 'clusterrole', 'clusterrolebinding', 'role', 'rolebinding'];
  const args = shown.flatMap((name) => ['--show-only', `templates/${name}.yaml`]);
  return renderText({ 'config.pullSecret': pullSecret }, { args });
}

await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake-1' } });

const pathOf = (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/secrets/${name}`;
const read = async (namespace: string, name: string) => {
  const { status, body: secret } = await api.call('GET', pathOf(namespace, name));
  return status === 200 ? secret : undefined;
};
const textOf = (secret: { data: Record<string, string> } | undefined): string =>
  Buffer.from(secret?.data['.dockerconfigjson'] ?? '', 'base64').toString();
const isGone = (namespace: string, name: string): Promise<true> =>
  eventually(`${namespace}/${name} is gone`, async () => ((await read(namespace, name)) ? undefined : true));
const noteOf = (secret: { metadata: { annotations: Record<string, string> } }): string | undefined =>
  secret.metadata.annotations['pullpass.dev/unwanted-since'];

/** More than the guard lets by at once. */
const shops = Array.from({ length: 12 }, (_, i) => `shop-${i}`);
const enabled = { 'pullpass.dev/inject': 'enabled' };
const marked = { 'app.kubernetes.io/managed-by': 'pullpass', 'pullpass.dev/instance': OWN_NAMESPACE };
/** Secrets of strangers: without a mark, and with that of another installation. */
const strangers: readonly (readonly [namespace: string, name: string, labels: object])[] = [
  ['plain', OLD, {}],
  ['other', OLD, { ...marked, 'pullpass.dev/instance': 'elsewhere' }],
  ['blocked', NEW, {}],
];

for (const name of [...shops, 'blocked', 'leaving']) await makeNamespace(api, name, enabled);
for (const name of ['plain', 'other']) await makeNamespace(api, name, {});
for (const [namespace, name, labels] of strangers) {
  const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
  const secret = { metadata: { name, labels }, type: 'kubernetes.io/dockerconfigjson', data };
  await expectOk(api.call('POST', `/api/v1/namespaces/${namespace}/secrets`, secret));
}
const readStrangers = () => Promise.all(strangers.map(([namespace, name]) => read(namespace, name)));
const before = await readStrangers();

const first = await startServe(plane, ['--config', configFile('old.yaml', { distribution: 'everywhere' })], { port });
t.teardown(() => first.stop('SIGKILL'));
for (const name of [...shops, 'blocked', 'leaving']) {
  await eventually(`${name} has it`, async () => ((await read(name, OLD)) ? true : undefined));
}
await first.stop();
await expectOk(
  api.call('PATCH', '/api/v1/namespaces/leaving', { metadata: { labels: { 'pullpass.dev/inject': null } } }, merge),
);
const names = { name: NEW, formerNames: [OLD] };
const renamed = configFile('new.yaml', names);
await limitedKubeconfig(plane, await rightsFor(names));
const serve = await startServe(plane, ['--config', renamed], { port });
t.teardown(() => serve.stop('SIGKILL'));

t.test('who had the old one gets the new one, and the old one is kept true meanwhile', async (t) => {
  for (const name of shops) {
    await eventually(`${name} has the new one`, async () => ((await read(name, NEW)) ? true : undefined));
  }
  const old = await read('shop-0', OLD);
  t.match(noteOf(old), /^\d{4}-/, 'noted');
  const auths = { 'ghcr.io': { username: 'robot', password: 'fake-2' } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  await expectOk(api.call('PATCH', pathOf(OWN_NAMESPACE, 'ghcr'), { data }, merge));
  const rotated = await eventually('the old one is rotated', async () => {
    const secret = await read('shop-0', OLD);
    return textOf(secret).includes('fake-2') ? secret : undefined;
  });
  t.equal(noteOf(rotated), noteOf(old), 'the note stays as it was');
  t.equal(rotated.metadata.uid, old.metadata.uid, 'changed in place');
  const made = await expectOk(api.call('POST', '/api/v1/namespaces/shop-0/pods', withList(OLD)));
  t.same(made.body.spec.imagePullSecrets, [{ name: OLD }, { name: NEW }], 'what is listed stays listed');
  await isGone('shop-0', OLD);
  const seconds = (Date.now() - Date.parse(noteOf(old) ?? '')) / 1_000;
  t.comment(`gone ${seconds.toFixed(1)} s after the note, with a grace of ${GRACE_S} s`);
  t.ok(seconds >= GRACE_S && seconds < GRACE_S + 4);
});

function withList(name: string): object {
  const { spec, ...rest } = pod('app', 'ghcr.io/acme/app') as { spec: object };
  return { ...rest, spec: { ...spec, imagePullSecrets: [{ name }] } };
}

t.test('all of them go, however many, and the new ones stay', async (t) => {
  for (const name of shops) await isGone(name, OLD);
  for (const name of shops) t.match(textOf(await read(name, NEW)), /fake-2/, name);
  t.equal(await serve.metric('pullpass_sync_removals_held'), 0);
  await isGone('leaving', OLD);
  t.equal(await read('leaving', NEW), undefined, 'who takes part no more gets none');
});

t.test('one that nothing can follow stays, and is true, until there is room', async (t) => {
  const old = await read('blocked', OLD);
  t.ok(Date.now() - Date.parse(noteOf(old) ?? '') > GRACE_S * 1_000, 'its grace is over');
  t.match(textOf(old), /fake-2/);
  t.same(await readStrangers(), before, 'no stranger was touched');
  await expectOk(api.call('DELETE', pathOf('blocked', NEW)));
  await isGone('blocked', OLD);
  t.match(textOf(await read('blocked', NEW)), /fake-2/);
});

t.test('strangers of that name stay, and only the elected replica looks for the rest', async (t) => {
  const other = await startServe(plane, ['--config', renamed]);
  t.teardown(() => other.stop('SIGKILL'));
  const lists = [serve, other].map((one) =>
    one.metric('pullpass_api_calls_total', { verb: 'list', resource: 'secrets' }),
  );
  const [ofElected = 0, ofOther = 0] = await Promise.all(lists);
  t.equal(ofElected, ofOther + 1, `${ofElected} and ${ofOther} lists`);
  t.same((await readStrangers()).slice(0, 2), before.slice(0, 2));
  t.equal(await serve.stop(), 0);
});
