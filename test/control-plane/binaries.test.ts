// Where programs are taken from, in which order, and what is said when there are none. Programs are shell scripts here; the
// cache, the mirror and the environment are the test's own.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { cacheFolder, DEFAULT_VERSION, kubernetesVersion, locateBinaries } from './binaries.ts';
import { PROGRAMS, pinned } from './go-modules.ts';
import { withLock } from './lock.ts';

const OLD = 'v1.36.1';
const root = mkdtempSync(join(tmpdir(), 'binaries-'));
t.teardown(() => rmSync(root, { recursive: true, force: true }));

/** A folder of programs that say the version. */
function programs(name: string, version: string, which: readonly string[] = PROGRAMS): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const program of which) writeFileSync(join(folder, program), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  return folder;
}

function all(folder: string): Record<string, string> {
  return Object.fromEntries(PROGRAMS.map((program) => [program, join(folder, program)]));
}

t.test('the version', async (t) => {
  t.equal(kubernetesVersion({}), DEFAULT_VERSION);
  t.equal(kubernetesVersion({ KUBERNETES_VERSION: '1.34.4' }), 'v1.34.4');
  t.throws(() => kubernetesVersion({ KUBERNETES_VERSION: '1.34' }), { message: /"1\.34" is not a whole version/ });
  t.equal(pinned('k8s.io/kubernetes'), DEFAULT_VERSION, 'the one that go.mod pins');
});

t.test('the order', async (t) => {
  const XDG_CACHE_HOME = join(root, 'cache');
  const cache = programs(join('cache', 'pullpass', 'control-plane', DEFAULT_VERSION), DEFAULT_VERSION);
  t.equal(cacheFolder({ XDG_CACHE_HOME }), join(cache, '..'));
  const assets = programs('assets', OLD);
  const path = programs('path', DEFAULT_VERSION);
  const oldPath = programs('old-path', OLD);
  const ancient = programs('ancient', 'v1.20.0');
  const part = programs('part', DEFAULT_VERSION, ['etcd', 'kube-apiserver']);

  const rows = [
    ['assets before all', { KUBEBUILDER_ASSETS: assets, PATH: path }, all(assets)],
    [
      'what the assets lack is looked for further',
      { KUBEBUILDER_ASSETS: part, PATH: '' },
      { ...all(cache), ...pick(part) },
    ],
    ['then the path', { PATH: path }, all(path)],
    ['not its servers of another version', { PATH: oldPath }, { ...all(cache), kubectl: join(oldPath, 'kubectl') }],
    ['nor a kubectl too far from it', { PATH: ancient }, all(cache)],
    ['nor some of the servers', { PATH: part }, all(cache)],
    ['then the cache', { PATH: '' }, all(cache)],
  ] as const;
  for (const [name, env, expected] of rows)
    t.same(await locateBinaries(undefined, { XDG_CACHE_HOME, ...env }), expected, name);

  await t.rejects(
    locateBinaries(undefined, { KUBEBUILDER_ASSETS: assets, KUBERNETES_VERSION: DEFAULT_VERSION, PATH: '' }),
    { message: /KUBEBUILDER_ASSETS has v1\.36\.1, KUBERNETES_VERSION asks for/ },
    'two wishes that contradict each other',
  );
});

function pick(folder: string): Record<string, string> {
  return { etcd: join(folder, 'etcd'), 'kube-apiserver': join(folder, 'kube-apiserver') };
}

t.test('a mirror, believed only with the right SHA-256', async (t) => {
  const content = 'not really a server';
  let digest = createHash('sha256').update(content).digest('hex');
  const server = createServer((request, response) => response.end(request.url?.endsWith('.sha256') ? digest : content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const assets = programs('all-but-one', DEFAULT_VERSION, ['etcd', 'kube-apiserver', 'kubectl']);
  const env = {
    KUBEBUILDER_ASSETS: assets,
    PULLPASS_DOWNLOAD_BASE: base,
    PATH: '',
    XDG_CACHE_HOME: join(root, 'empty'),
  };

  const right = digest;
  digest = '0'.repeat(64);
  await t.rejects(locateBinaries(undefined, env), { message: /SHA-256 differs[\s\S]*Install Go/ });
  digest = right;
  const found = await locateBinaries(undefined, env);
  t.equal(readFileSync(found['kube-controller-manager'], 'utf8'), content);
  const left = readdirSync(join(cacheFolder(env), DEFAULT_VERSION));
  t.same(left, ['kube-controller-manager'], 'no lock and no part is left');
});

t.test('nothing anywhere is an error that says what to do', async (t) => {
  const env = { PATH: '', XDG_CACHE_HOME: join(root, 'nothing'), PULLPASS_DOWNLOAD_BASE: 'http://127.0.0.1:1' };
  await t.rejects(locateBinaries(undefined, env), { message: /no etcd .*no go.*Install Go .*KUBEBUILDER_ASSETS/ });
});

t.test('the lock', async (t) => {
  const path = join(root, 'lock');
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} in`);
    await sleep(50);
    order.push(`${name} out`);
  };
  const waited: number[] = [];
  const onWait = (owner: number) => waited.push(owner);
  await Promise.all([withLock(path, onWait, work('a')), withLock(path, onWait, work('b'))]);
  t.same(order, ['a in', 'a out', 'b in', 'b out']);
  t.same(waited, [process.pid]);

  mkdirSync(path);
  writeFileSync(join(path, 'pid'), '4194305'); // above the highest id that Linux gives
  t.equal(await withLock(path, onWait, async () => 'taken over'), 'taken over');

  await t.rejects(
    withLock(path, onWait, () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  );
  t.equal(await withLock(path, onWait, async () => 'free again'), 'free again');
  writeFileSync(join(root, 'file'), '');
  await t.rejects(
    withLock(join(root, 'file', 'lock'), onWait, async () => 0),
    { code: 'ENOTDIR' },
    'a place where no lock can be is not waited for',
  );
});
