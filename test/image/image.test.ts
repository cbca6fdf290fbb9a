// The Dockerfile, really built, on stand-ins for its bases: what it adds to them, and the program run from what was built.
// With FULL=1 it is built twice, from checkouts that differ in what should not matter.
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { FULL } from '../full.ts';
import { BUILDER, makeBases, npmSettings, RUNTIME } from './bases.ts';
import { openBuildah, run } from './buildah.ts';
import { type Entry, entriesOf, layersOf, runInside, unpack } from './built-image.ts';

const PROJECT = join(import.meta.dirname, '../..');
const MEGABYTE = 1_000_000;
const MODES = ['drwxr-xr-x', '-rw-r--r--', '-rwxr-xr-x'];
const SHELLS = ['sh', 'ash', 'bash', 'dash', 'zsh', 'busybox', 'toybox'];

const work = mkdtempSync('/var/tmp/pullpass-image-');
const end = new AbortController();
t.teardown(() => {
  end.abort();
  rmSync(work, { recursive: true, force: true });
});

const buildah = await openBuildah(join(work, 'buildah'), end.signal);
await makeBases(buildah, join(work, 'bases'));
const base = await buildah.inspect(RUNTIME);
const { digest } = await buildah.inspect(BUILDER);
const npm = await npmSettings(work);
await build('first', PROJECT, digest);

const image = await buildah.inspect('localhost/first');
await buildah.export('localhost/first', join(work, 'exported'));
const layers = layersOf(join(work, 'exported'));
const added = (await Promise.all(layers.slice(base.layers.length).map(entriesOf))).flat();
const root = join(work, 'root');
await unpack(layers, root);

async function build(name: string, context: string, buildDigest: string): Promise<void> {
  const pins = [`BUILD_DIGEST=${buildDigest}`, `RUNTIME_DIGEST=${base.digest}`];
  const all = [`BUILD_IMAGE=${BUILDER}`, `RUNTIME_IMAGE=${RUNTIME}`, ...pins, 'REVISION=0123abc'];
  const args = all.flatMap((argument) => ['--build-arg', argument]);
  const secret = ['--secret', `id=npmrc,src=${npm.file}`, '--volume', `${npm.cache}:/root/.npm`];
  await buildah.build(...args, ...secret, '--tag', `localhost/${name}`, context);
}

/** Only what goes to the builder; no modes for others, and times of now. */
async function otherCheckout(): Promise<string> {
  const checkout = join(work, 'checkout');
  const allowed = readFileSync(join(PROJECT, '.dockerignore'), 'utf8').matchAll(/^!(.*)$/gm);
  for (const path of ['Dockerfile', '.dockerignore', ...[...allowed].map(([, name = '']) => name)]) {
    cpSync(join(PROJECT, path), join(checkout, path), { recursive: true });
  }
  await run(['chmod', '-R', 'go=', checkout]);
  return checkout;
}

t.test('it adds one layer to its base, of files of root that nobody else can change', async (t) => {
  t.same(image.layers.slice(0, -1), base.layers);
  const paths = added.map(({ path }) => path);
  for (const needed of ['app/LICENSE', 'app/dist/pullpass.mjs', 'app/dist/pullpass.cdx.json'])
    t.ok(paths.includes(needed));
  const elsewhere = (path: string): boolean => !/^app\/($|LICENSE$|dist\/)/.test(path);
  const odd = ({ path, mode, owner }: Entry): boolean => elsewhere(path) || !MODES.includes(mode) || owner !== '0/0';
  t.same(added.filter(odd), []);
});

if (FULL) {
  t.test('another checkout, built at another moment, gives the same layer', async (t) => {
    await build('second', await otherCheckout(), digest);
    const second = await buildah.inspect('localhost/second');
    t.same(second.layers, image.layers);
    t.same(second.config, image.config);
  });
}

t.test('nothing in the layer tells when or where it was built', async (t) => {
  t.same(
    image.layers,
    layers.map((file) => `sha256:${basename(file)}`),
  );
  t.same(new Set(added.map(({ time }) => time)), new Set(['1970-01-01 00:00:00']));
  const paths = added.map(({ path }) => path);
  t.same(paths, [...paths].sort());
});

t.test('a base of another digest than the pinned one is not taken', async (t) => {
  const other = digest.replace(/.{8}$/, '00000000');
  await t.rejects(build('third', PROJECT, other), { message: new RegExp(`${other}.*image not known`) });
});

t.test('it has at most 25 MB beside its base', async (t) => {
  const size = added.reduce((sum, entry) => sum + entry.size, 0);
  t.comment(`${(size / MEGABYTE).toFixed(1)} MB in ${added.length} files and folders`);
  t.ok(size > MEGABYTE && size <= 25 * MEGABYTE, `${size} bytes`);
});

t.test('its configuration: a user without rights, labels, no health check', async (t) => {
  const { version, license } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const { config } = image;
  t.equal(config.User, '65532:65532');
  t.notOk(config.Healthcheck);
  t.same(config.Cmd, ['serve']);
  t.match(config.Labels, {
    'org.opencontainers.image.title': 'pullpass',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': '0123abc',
    'org.opencontainers.image.licenses': license,
    'org.opencontainers.image.base.name': RUNTIME,
    'org.opencontainers.image.base.digest': base.digest,
  });
});

t.test('the program runs from it as that user, on a read-only root, without a shell', async (t) => {
  const names = globSync('**', { cwd: root }).map((path) => basename(path));
  t.ok(names.includes('node'));
  t.same(
    names.filter((name) => SHELLS.includes(name)),
    [],
  );
  const help = await runInside(root, image.config, ['help']);
  t.match(help, { code: 0, stderr: '', stdout: /^pullpass: private images just pull/ });
  const serve = await runInside(root, image.config, image.config.Cmd);
  t.match(serve, { code: 1, stdout: '', stderr: /^pullpass: no cluster to talk to .* name a kubeconfig/ });
});

t.test('its bill of materials is that of the bundle in it', async (t) => {
  const bill = JSON.parse(readFileSync(join(root, 'app/dist/pullpass.cdx.json'), 'utf8'));
  const files: readonly { name: string; hashes: readonly { content: string }[] }[] = bill.metadata.component.components;
  for (const { name, hashes } of files) {
    const [digest] = (await run(['sha256sum', join(root, 'app/dist', name)])).split(' ');
    t.equal(hashes[0]?.content, digest, name);
  }
  t.ok(files.some(({ name }) => name === 'pullpass.mjs'));
  const names = (bill.components as readonly { name: string }[]).map(({ name }) => name);
  for (const bundled of ['fastify', 'zod', 'client-node', 'undici']) t.ok(names.includes(bundled), bundled);
  for (const left of ['esbuild', 'tap', 'typescript', 'node']) t.notOk(names.includes(left), left);
});
