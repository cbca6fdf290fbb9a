// The classic chart without a word about pull Secrets against the same chart wired by hand: their Pods can pull from the same
// registries, by the judgement of the kubelet's own keyring. Where the hand-wired chart without a login would leave the
// Deployment alone, so does Pullpass.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Chart, renderChart } from '../../examples/demo/chart.ts';
import { locateTool } from '../control-plane/binaries.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { startOracle } from '../control-plane/oracle.ts';
import { eventually, install, makeCredential, makeNamespace, PULL_SECRET, startServe } from './installation.ts';

const LOGINS = {
  'ghcr.io': { username: 'robot', password: 'fake-password-one' },
  'registry.example.com:5000': { username: 'robot', password: 'fake-password-two' },
  'https://index.docker.io/v1/': { username: 'robot', password: 'fake-password-three' },
};
const [GHCR, EXAMPLE] = ['robot:fake-password-one', 'robot:fake-password-two'];

const folder = mkdtempSync(join(tmpdir(), 'pullpass-classic-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const oracle = await startOracle();
t.teardown(() => oracle.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
writeFileSync(join(folder, 'config.json'), '{"auths":{}}');
const serve = await startServe(plane, ['--docker-config', join(folder, 'config.json')], { port });
t.teardown(() => serve.stop('SIGKILL'));

/** What a chart made of a namespace. */
interface Release {
  /** The pod spec of the live Deployment. */
  readonly template: Record<string, unknown>;
  readonly pods: readonly { readonly imagePullSecrets?: readonly { readonly name: string }[] }[];
}

async function release(chart: Chart, values: Readonly<Record<string, string>>): Promise<Release> {
  const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], await renderChart(chart, values));
  if (code !== 0) throw new Error(stderr);
  const path = `/namespaces/${values.namespace}`;
  const deployment = (await api.call('GET', `/apis/apps/v1${path}/deployments/web`)).body;
  const pods = await eventually('the Pods of the chart', async () => {
    const { items } = (await api.call('GET', `/api/v1${path}/pods`)).body;
    return items.length === deployment.spec.replicas ? items : undefined;
  });
  return { template: deployment.spec.template.spec, pods: pods.map((item: { spec: object }) => item.spec) };
}

/** For each image the logins that the kubelet would try with the Secrets that the Pod lists. */
async function loginsOf(
  namespace: string,
  pod: Release['pods'][number],
  images: readonly string[],
): Promise<string[][]> {
  const found = images.map((): string[] => []);
  for (const { name } of pod.imagePullSecrets ?? []) {
    const { status, body } = await api.call('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`);
    if (status !== 200) throw new Error(`the Secret ${name} in ${namespace}: ${status}`);
    const content = Buffer.from(body.data['.dockercfg'] ?? body.data['.dockerconfigjson'], 'base64').toString();
    const answers = await oracle.lookup(body.type, content, images);
    for (const [i, { logins }] of answers.entries()) found[i]?.push(...(logins ?? []));
  }
  return found;
}

async function hasPullSecret(namespace: string): Promise<boolean> {
  return (await api.call('GET', `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`)).status === 200;
}

let count = 0;
/** Applies both charts, each to a fresh namespace: a labelled one without a login, and an unlabelled one by hand. */
async function both(image: string, dockercfg: string) {
  const [namespace, byHand] = [`plain-${++count}`, `by-hand-${count}`];
  await makeNamespace(api, namespace);
  await makeNamespace(api, byHand, {});
  const plain = await release('classic-chart', { namespace, image });
  const wired = await release('classic-chart-by-hand', { namespace: byHand, image, dockercfg });
  return { namespace, byHand, plain, wired };
}

/** Neither chart gave its Pods anything, and the templates are the same, byte for byte. */
async function untouched(t: Test, image: string): Promise<void> {
  const { namespace, plain, wired } = await both(image, '');
  t.same(plain.template, wired.template, 'the Deployment is as the hand-wired one without a login');
  t.notOk('imagePullSecrets' in plain.template);
  for (const pod of plain.pods) t.equal(pod.imagePullSecrets, undefined, 'its Pods list nothing');
  t.notOk(await hasPullSecret(namespace), 'no pull Secret');
}

t.test('a missing credential: no pull Secret, and the Deployment is untouched', async (t) => {
  t.equal(await serve.metric('pullpass_credentials'), 0);
  await untouched(t, 'ghcr.io/acme/web:1');
});

t.test('an empty credential: no pull Secret, and the Deployment is untouched', async (t) => {
  await makeCredential(api, 'nothing', {});
  await makeCredential(api, 'hollow', { 'ghcr.io': { username: '', password: '' } });
  await eventually('both were read and refused', async () =>
    serve.output().includes('"credential":"nothing"') && serve.output().includes('"credential":"hollow"')
      ? true
      : undefined,
  );
  await untouched(t, 'ghcr.io/acme/web:1');
});

t.test('a public image without credentials is left alone', async (t) => {
  await untouched(t, 'nginx:1.29');
});

t.test('with credentials', async (t) => {
  await makeCredential(api, 'all', LOGINS);
  await eventually('the credential is in force', async () =>
    (await serve.metric('pullpass_credentials')) === 1 ? true : undefined,
  );
  const dockercfg = Buffer.from(JSON.stringify(LOGINS)).toString('base64');
  const images = ['ghcr.io/acme/web:1', 'ghcr.io/acme/other', 'registry.example.com:5000/api:2', 'quay.io/acme/app'];

  for (const image of ['ghcr.io/acme/web:1', 'registry.example.com:5000/api:2']) {
    t.test(`the Pods of ${image} pull from the same registries as with the hand-wired chart`, async (t) => {
      const { namespace, byHand, plain, wired } = await both(image, dockercfg);
      t.same(wired.template.imagePullSecrets, [{ name: 'web-dockercfg' }], 'the other one is wired');
      t.same(plain.template.imagePullSecrets, [{ name: PULL_SECRET }]);
      t.equal(plain.pods.length, 2);
      for (const [i, pod] of plain.pods.entries()) {
        const logins = await loginsOf(namespace, pod, images);
        t.same(logins, await loginsOf(byHand, wired.pods[i] ?? {}, images), 'the same logins');
        t.same(logins, [[GHCR], [GHCR], [EXAMPLE], []], 'which are the ones of the registries');
      }
    });
  }

  t.test('the Namespace of a chart that makes its own keeps its label', async (t) => {
    const { namespace } = await both('ghcr.io/acme/web:1', dockercfg);
    const { metadata } = (await api.call('GET', `/api/v1/namespaces/${namespace}`)).body;
    t.equal(metadata.labels['pullpass.dev/inject'], 'enabled');
    t.ok(metadata.annotations['kubectl.kubernetes.io/last-applied-configuration'], 'the chart did apply it');
  });

  t.test('a public image is still left alone, although there is a Docker Hub login', async (t) => {
    await untouched(t, 'nginx:1.29');
    await untouched(t, 'registry.k8s.io/pause:3.10');
  });
});

t.test('a slip in a template is an error, never a printed absence', async (t) => {
  const program = await locateTool('render');
  const chart = join(folder, 'slip');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'values.yaml'), 'name: web\n');
  const render = (template: string): string => {
    writeFileSync(join(chart, 'templates', 'a.yaml'), template);
    return execFileSync(program, [chart], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  t.equal(render('name: {{ .Values.name }}\n'), 'name: web\n');
  t.equal(render('a: 1{{ if .Values.absent }}2{{ end }}\n'), 'a: 1\n', 'in a condition it is false');
  t.throws(() => render('name: {{ .Values.nmae }}\n'), /line 1 of the output prints a value that is absent/);
});
