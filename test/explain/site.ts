// A cluster for `explain`: a real control plane with Pullpass installed as the chart does it, its status behind a real port-forward,
// and the command run as a process, by an administrator or by somebody with fewer rights. It asserts nothing.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { find, render } from '../chart/render.ts';
import { locateBinaries } from '../control-plane/binaries.ts';
import { type ControlPlane, freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { startKubelet } from '../kubelet/kubelet.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  type ServeProcess,
  startServe,
  WEBHOOK,
} from '../serve/installation.ts';

export const WEBHOOK_PATH = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
export const MERGE = 'application/merge-patch+json';
/** Searched for in everything that is printed. */
export const CANARY = `canary-${randomBytes(12).toString('hex')}`;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Site {
  readonly plane: ControlPlane;
  readonly serve: ServeProcess;
  /** As the administrator, unless the arguments name a kubeconfig. */
  explain(args: readonly string[], input?: string): Promise<Ran>;
  /** Runs a command line as `explain` prints it, in a shell with this kubectl. */
  shell(command: string): Promise<Ran>;
}

export interface SiteOptions {
  readonly config: string;
  readonly credentials: Readonly<
    Record<string, { readonly host: string; readonly username?: string; readonly annotations?: Record<string, string> }>
  >;
  readonly teardown: (stop: () => unknown) => void;
}

const POD = 'pullpass-1';

export async function openSite({ config, credentials, teardown }: SiteOptions): Promise<Site> {
  const plane = await startControlPlane();
  teardown(() => plane.stop());
  const { api } = plane;
  const [port] = await freePorts(1);
  await install(api, port, { failurePolicy: 'Ignore' });
  const [{ namespaceSelector, matchConditions, rules }] = find(await render(), 'MutatingWebhookConfiguration').webhooks;
  const asCharted = Object.entries({ namespaceSelector, matchConditions, rules }).map(([field, value]) => ({
    ...{ op: 'add', path: `/webhooks/0/${field}`, value },
  }));
  await expectOk(api.call('PATCH', WEBHOOK_PATH, asCharted, 'application/json-patch+json'));
  for (const [name, { host, username = 'robot', annotations }] of Object.entries(credentials)) {
    await makeCredential(api, name, { [host]: { username, password: CANARY } }, annotations);
  }
  const file = join(plane.folder, 'pullpass.yaml');
  writeFileSync(file, config);
  const kubelet = await startKubelet(plane);
  teardown(() => kubelet.stop());
  const serve = await startServe(plane, ['--config', file], { port, podName: POD });
  teardown(() => serve.stop('SIGKILL'));
  await kubelet.publish({ podName: POD, ports: { 8081: serve.statusPort } });
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
  const program = join(import.meta.dirname, '..', '..', 'dist/pullpass.mjs');
  const site: Site = {
    ...{ plane, serve },
    explain: (args, input = '') => runProcess(process.execPath, [program, 'explain', ...args], env, input),
    async shell(command) {
      const at = await kubectlFolder(plane);
      return runProcess('/bin/sh', ['-c', command], { ...env, PATH: `${at}:${process.env.PATH}` }, '');
    },
  };
  await eventually('it is elected', async () => {
    const { body } = await api.call('GET', '/apis/coordination.k8s.io/v1/namespaces/pullpass-system/leases/pullpass');
    return body.spec?.holderIdentity?.startsWith(POD) ? true : undefined;
  });
  return site;
}

/** A folder with this control plane's kubectl in it, by that name. */
async function kubectlFolder(plane: ControlPlane): Promise<string> {
  const { kubectl } = await locateBinaries();
  const folder = join(plane.folder, 'bin');
  mkdirSync(folder, { recursive: true });
  const flags = `--cache-dir ${join(plane.folder, 'kubectl')}`;
  writeFileSync(join(folder, 'kubectl'), `#!/bin/sh\nexec ${kubectl} ${flags} "$@"\n`, { mode: 0o755 });
  return folder;
}

function runProcess(command: string, args: readonly string[], env: NodeJS.ProcessEnv, input: string): Promise<Ran> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}
