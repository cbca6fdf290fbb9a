// `pullpass status` as a manual page: manual.txt holds commands and what they print, and a real installation prints it, but for how
// old things are. Lines of stderr begin with `! `, and an exit code other than 0 stands at the end.
// UPDATE_MANUAL=1 writes the file anew; the difference is for the review.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ReplicaStatus } from '../../src/core/replica-status.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { startKubelet } from '../kubelet/kubelet.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  makeNamespace,
  OWN_NAMESPACE,
  PULL_SECRET,
  pod,
  startServe,
} from '../serve/installation.ts';

t.setTimeout(180_000);
const MANUAL = join(import.meta.dirname, 'manual.txt');
const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');
const login = { username: 'robot', password: 'not-a-password' };
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port, { failurePolicy: 'Ignore' });
await makeCredential(api, 'ghcr', { 'ghcr.io': login }, { 'pullpass.dev/match': 'ghcr.io/acme/, ghcr.io/acme-labs/' });
await makeCredential(
  api,
  'harbor',
  { 'harbor.acme.example': login },
  { 'pullpass.dev/except': 'harbor.acme.example/public', 'pullpass.dev/namespaces': 'team=payments' },
);
await makeCredential(api, 'quay', { 'quay.io': login }, { 'pullpass.dev/match': 'https://quay.io' });
const label = { 'pullpass.dev/inject': 'enabled' };
await makeNamespace(api, 'shop', { ...label, team: 'payments' });
for (const name of ['late', 'taken']) await makeNamespace(api, name);
await makeNamespace(api, 'outside', {});
const make = (path: string, object: object) => expectOk(api.call('POST', path, object));
await make('/api/v1/namespaces/taken/secrets', { metadata: { name: PULL_SECRET } });
await make('/api/v1/namespaces/late/pods', pod('api', 'ghcr.io/acme/api:1'));
const serve = await startServe(plane, [], { port, podName: 'pullpass-7d4b9c-x2x5q' });
t.teardown(() => serve.stop('SIGKILL'));
await make('/api/v1/namespaces/shop/pods', pod('web', 'ghcr.io/acme/web:1'));
const pullSecrets = { imagePullSecrets: [{ name: PULL_SECRET }] };
await make('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'deployer' }, ...pullSecrets });
await make('/apis/apps/v1/namespaces/shop/statefulsets', {
  metadata: { name: 'db' },
  spec: {
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: {
      metadata: { labels: { app: 'db' } },
      spec: { containers: [{ name: 'db', image: 'harbor.acme.example/db:1' }] },
    },
  },
});
await make('/apis/batch/v1/namespaces/shop/cronjobs', {
  metadata: { name: 'report' },
  spec: {
    schedule: '0 0 1 1 *',
    jobTemplate: {
      spec: {
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'report', image: 'ghcr.io/acme/report:1' }],
            ...pullSecrets,
          },
        },
      },
    },
  },
});
const kubelet = await startKubelet(plane);
t.teardown(() => kubelet.stop());
await kubelet.publish({ podName: 'pullpass-7d4b9c-x2x5q', ports: { 8081: serve.statusPort } });
await eventually('the Pod of the StatefulSet', async () => {
  const { status } = await api.call('GET', '/api/v1/namespaces/shop/pods/db-0');
  return status === 200 ? true : undefined;
});
await eventually('the missed Pod, and the pull Secrets', async () => {
  const [late, shop] = (await told()).sync?.namespaces ?? [];
  return late?.missedPods.length === 1 && late.pullSecret?.fresh && shop?.pullSecret?.fresh ? true : undefined;
});

async function told(): Promise<ReplicaStatus> {
  return (await (await fetch(`http://127.0.0.1:${serve.statusPort}/status`)).json()) as ReplicaStatus;
}

async function account(name: string): Promise<string> {
  const accounts = `/api/v1/namespaces/${OWN_NAMESPACE}/serviceaccounts`;
  await make(accounts, { metadata: { name } });
  const { body } = await make(`${accounts}/${name}/token`, { spec: {} });
  return plane.kubeconfigFor(body.status.token, name);
}

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], kubeconfig: string): Promise<Printed> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, KUBECONFIG: kubeconfig };
    execFile(process.execPath, [PROGRAM, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

/** Ages are those of the machine that runs it; a column stays as wide as it was. */
function ageless(text: string): string {
  return text
    .replace(/\b\d+[smhd](?= ago|$)/gm, '0s')
    .replace(/(?<= in )\d+[smhd]/g, '0s')
    .replace(/\b\d+[smhd] old/g, '0s old')
    .replace(/\b\d+[smhd] +/g, (age) => '0s'.padEnd(age.length))
    .replace(/"(created|expires|lastPass)": \d+/g, '"$1": 0')
    .replace(/(?<="replica": "[^"]*)-[0-9a-f]{8}"/g, '-00000000"');
}

async function print(command: string, kubeconfig: string): Promise<string> {
  const { code, stdout, stderr } = await run(command.split(' ').slice(1), kubeconfig);
  const said = stderr === '' ? '' : `${stderr.trimEnd().replace(/^/gm, '! ')}\n`;
  return ageless(`$ ${command}\n${stdout}${said}${code === 0 ? '' : `[exit ${code}]\n`}`);
}

const COMMANDS = [
  'pullpass status',
  'pullpass status credentials',
  'pullpass status credentials harbor',
  'pullpass status credentials quay',
  'pullpass status credentials harbour',
  'pullpass status namespaces',
  'pullpass status namespaces shop',
  'pullpass status namespaces late',
  'pullpass status namespaces taken',
  'pullpass status namespaces outside',
  'pullpass status namespaces nowhere',
  'pullpass status namespaces shop -o json',
  'pullpass status namespaces shop --references',
  'pullpass status credentials --exit-code',
  'pullpass status --status-port 9999',
  'pullpass status --namespace shop',
  'pullpass status credental',
  'pullpass status --refs',
  'pullpass status -o yaml',
] as const;

t.test('every command prints what the manual says', async (t) => {
  const pages: string[] = [];
  for (const command of COMMANDS) pages.push(await print(command, plane.kubeconfig));
  const stranger = await account('stranger');
  pages.push('# As somebody without any right.\n');
  pages.push(await print('pullpass status --references', stranger));
  const text = pages.join('\n');
  if (process.env.UPDATE_MANUAL === '1') writeFileSync(MANUAL, text);
  t.equal(text, readFileSync(MANUAL, 'utf8'));
  const long = text.split('\n').filter((line) => line.length > 80 && !/^[!$] /.test(line));
  t.same(
    long.filter((line) => !line.startsWith('  kubectl ')),
    [],
    'it fits 80 columns, but for commands to copy',
  );
  t.notOk(text.includes(login.password));
});

t.test('as JSON it is the document, and a table is not more than it', async (t) => {
  const { stdout } = await run(['status', '-o', 'json'], plane.kubeconfig);
  const document = JSON.parse(stdout);
  const asked = await told();
  t.same({ ...document, sync: { ...document.sync, lastPass: 0 } }, { ...asked, sync: { ...asked.sync, lastPass: 0 } });
  const both = JSON.parse(
    (await run(['status', 'credentials', 'ghcr', '--references', '-o', 'json'], plane.kubeconfig)).stdout,
  );
  t.equal(both.status.name, 'ghcr');
  t.match(
    both.references.found.find(({ kind, name }: { kind: string; name: string }) => kind === 'Pod' && name === 'db-0'),
    { namespace: 'shop', pullSecret: PULL_SECRET, controller: 'StatefulSet db' },
  );
  t.same(both.references.unlisted, []);
});
