// Rotation, drift and distribution against a real API server: how fast a new login reaches every namespace, that no pull
// Secret is ever missing meanwhile, and how fast one that somebody deleted or edited is right again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  makeCredential,
  OWN_NAMESPACE,
  PULL_SECRET,
  startServe,
} from './installation.ts';
import { median, watchSecrets } from './secret-watch.ts';

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-rotation-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, 'pullSecret: { distribution: everywhere }\n');
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake-0' } });
const serve = await startServe(plane, ['--config', config], { port, bundle: true });
t.teardown(() => serve.stop('SIGKILL'));
const watch = await watchSecrets(plane);
t.teardown(() => watch.stop());

const holds = (password: string) => (text: string | undefined) => text?.includes(`"${password}"`) === true;
const secretPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`;

async function makeNamespaces(prefix: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const queue = [...names];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const metadata = { name, labels: { 'pullpass.dev/inject': 'enabled' } };
      await expectOk(api.call('POST', '/api/v1/namespaces', { metadata }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return names;
}

async function rotate(password: string): Promise<number> {
  const auths = { 'ghcr.io': { username: 'robot', password } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const began = performance.now();
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/ghcr`;
  await expectOk(api.call('PATCH', path, { data }, 'application/merge-patch+json'));
  return began;
}

async function allHold(names: readonly string[], password: string): Promise<number> {
  const times = await Promise.all(names.map((name) => watch.until(name, holds(password), 60_000)));
  return Math.max(...times);
}

t.test('everywhere: a newly labelled namespace has the pull Secret at once', async (t) => {
  const took: number[] = [];
  for (let i = 0; i < 50; i++) {
    const name = `label-${i}`;
    await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name } }));
    const labels = { metadata: { labels: { 'pullpass.dev/inject': 'enabled' } } };
    const began = performance.now();
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, labels, 'application/merge-patch+json'));
    took.push((await watch.until(name, holds('fake-0'))) - began);
  }
  t.comment(
    `from the label to the Secret: median ${median(took).toFixed(0)} ms, worst ${Math.max(...took).toFixed(0)} ms`,
  );
  t.ok(Math.max(...took) <= atMost(200), 'each within 200 ms');
});

let names: string[] = [];
t.test('a rotation reaches 100 and 1,000 namespaces, and no Secret is missing for a moment', async (t) => {
  let version = 0;
  for (const [count, limit] of [
    [100, 700],
    [1_000, 5_000],
  ] as const) {
    names = [...names, ...(await makeNamespaces(`n${count}`, count - names.length))];
    await allHold(names, `fake-${version}`);
    await sleep(500);
    const rounds: number[] = [];
    for (let round = 0; round < 3; round++) {
      watch.clear();
      version += 1;
      const began = await rotate(`fake-${version}`);
      rounds.push((await allHold(names, `fake-${version}`)) - began);
      await sleep(300);
      t.equal(watch.news.filter(({ type }) => type !== 'MODIFIED').length, 0, 'only changes in place');
      const writes = watch.news.filter(({ namespace }) => names.includes(namespace)).length;
      t.equal(writes, count, 'one write in each');
    }
    const text = rounds.map((ms) => `${(ms / 1_000).toFixed(2)} s`).join(', ');
    t.comment(`${count} namespaces: ${text}`);
    t.ok(median(rounds) <= atMost(limit), `within ${limit} ms`);
  }
  await eventually(
    'quiet',
    async () => ((await serve.metric('pullpass_pull_secrets')) >= 1_000 ? true : undefined),
    90,
  );
});

t.test('a pull Secret that somebody deleted or edited is right again', async (t) => {
  const right = watch.texts.get(names[0] ?? '') ?? '';
  const edits: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    deleted: (path) => expectOk(api.call('DELETE', path)),
    edited(path) {
      const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') };
      return expectOk(api.call('PATCH', path, { data }, 'application/merge-patch+json'));
    },
  };
  for (const [what, edit] of Object.entries(edits)) {
    const took: number[] = [];
    for (const name of names.slice(0, 50)) {
      const from = watch.news.length;
      const began = performance.now();
      await edit(secretPath(name));
      const repaired = await watch.first(
        from,
        (one) => one.namespace === name && one.type !== 'DELETED' && one.text === right,
      );
      took.push(repaired.at - began);
    }
    t.comment(`${what}: median ${median(took).toFixed(0)} ms, worst ${Math.max(...took).toFixed(0)} ms`);
    t.ok(median(took) <= atMost(100), what);
  }
});

t.test('asked to stop, it gives up the Lease and exits with 0', async (t) => {
  t.equal(await serve.stop(), 0);
  const { body } = await api.call('GET', `/apis/coordination.k8s.io/v1/namespaces/${OWN_NAMESPACE}/leases/pullpass`);
  t.notOk(body.spec.holderIdentity, 'nobody holds it');
});
