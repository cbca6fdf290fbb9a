// examples/post-renderer with a real Helm: as the plugin that Helm 4 wants, and as the program that Helm 3 runs.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { locateHelm } from '../control-plane/binaries.ts';
import { OURS, type Ran } from './given.ts';
import { installed } from './manual.ts';
import { podSpecOf } from './story.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'post-renderer');
const CHART = join(EXAMPLE, 'chart');
const AS_PLUGIN = ['--post-renderer', 'pullpass'];
const path = installed((end) => t.teardown(end));
const home = mkdtempSync(join(tmpdir(), 'helm-'));
t.teardown(() => rmSync(home, { recursive: true, force: true }));

function run(program: string, args: readonly string[], stdin = ''): Promise<Ran> {
  const env = { PATH: path, HOME: home, HELM_PLUGINS: EXAMPLE, KUBECONFIG: '/dev/null' };
  return new Promise((resolve) => {
    const child = execFile(program, args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: error === null ? 0 : Number(error.code) }),
    );
    child.stdin?.end(stdin);
  });
}

const template = async (...args: string[]): Promise<Ran> =>
  run(await locateHelm(), ['template', 'shop', CHART, '-n', 'shop', ...args]);

interface Manifest {
  readonly kind: string;
}

const manifests = (text: string): readonly Manifest[] => parseAllDocuments(text).flatMap((doc) => doc.toJS() ?? []);

/** The kinds of those that list the pull Secret. */
const listing = (text: string): readonly string[] =>
  manifests(text)
    .filter((one) => podSpecOf(one).imagePullSecrets?.some(({ name }) => name === OURS))
    .map(({ kind }) => kind)
    .sort();

t.test('Helm 4 runs it as a plugin, for hooks too', async (t) => {
  const { stdout, stderr, code } = await template(...AS_PLUGIN);
  t.equal(code, 0, stderr);
  t.same(listing(stdout), ['Deployment', 'Job']);
});

t.test('what Helm renders is otherwise as it is without', async (t) => {
  const [without, injected] = [await template(), await template(...AS_PLUGIN)];
  const reduced = manifests(injected.stdout.replaceAll(/^ *imagePullSecrets:\n *- name: pullpass-dockercfg\n/gm, ''));
  const byKind = (a: Manifest, b: Manifest): number => a.kind.localeCompare(b.kind);
  t.strictSame([...reduced].sort(byKind), [...manifests(without.stdout)].sort(byKind));
});

t.test('what runs as a ServiceAccount with Secrets of its own is left alone', async (t) => {
  const { stdout } = await template(...AS_PLUGIN, '--set', 'serviceAccountSecrets={of-the-team}');
  t.match(stdout, 'of-the-team');
  t.same(listing(stdout), []);
});

t.test('Helm fails rather than keep logins in its release', async (t) => {
  const { stdout, code } = await template(
    ...AS_PLUGIN,
    '--post-renderer-args=--secrets',
    '--post-renderer-args=-nshop',
  );
  t.not(code, 0);
  t.equal(stdout, '');
});

t.test('Helm 3 runs the script', async (t) => {
  const rendered = (await template()).stdout;
  const { stdout, stderr, code } = await run(
    join(EXAMPLE, 'plugin', 'inject.sh'),
    ['--service-account=shop='],
    rendered,
  );
  t.equal(code, 0, stderr);
  t.same(listing(stdout), ['Deployment', 'Job']);
  t.match(stderr, /Deployment shop: injected/);
  const added = stdout.split('\n').filter((line) => !rendered.split('\n').includes(line));
  t.same([...new Set(added.map((line) => line.trim()))], ['imagePullSecrets:', '- name: pullpass-dockercfg']);
});
