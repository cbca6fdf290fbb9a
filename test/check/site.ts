// An installation to check, and the command as a person runs it. The Service is one of type ExternalName, as in most tests; the
// replica is a process that a Pod stands for, so that its status is read through a real port-forward.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '../../src/command-line/runtime.ts';
import { run } from '../../src/commands/check.ts';
import { type ControlPlane, freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { part, read } from '../docs/documents.ts';
import { type Kubelet, startKubelet } from '../kubelet/kubelet.ts';
import { expectOk, install, OWN_NAMESPACE, type ServeProcess, startServe, WEBHOOK } from '../serve/installation.ts';

export const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;

export interface Found {
  readonly code: number | undefined;
  /** Standard output. */
  readonly page: string;
  /** What was said on standard error. */
  readonly said: readonly string[];
}

export interface CheckSite {
  readonly plane: ControlPlane;
  readonly serve: ServeProcess;
  readonly folder: string;
  /** Writes the configuration file that the replica follows. */
  configure(text: string): void;
  /** As an administrator, unless a kubeconfig is named. */
  check(...args: readonly string[]): Promise<Found>;
  /** Changes the webhook configuration, by a JSON patch. */
  rewrite(patch: readonly object[]): Promise<void>;
  end(): Promise<void>;
}

export interface CheckSiteOptions {
  readonly failurePolicy: 'Ignore' | 'Fail';
  /** The configuration file, and whatever it names in that folder. */
  readonly config: (folder: string) => string | Promise<string>;
  /** Pods that stand for the one process. */
  readonly replicas?: number;
  /** What the webhook configuration trusts from the start, PEM. */
  readonly bundle?: string;
}

export async function openCheckSite(options: CheckSiteOptions): Promise<CheckSite> {
  const { failurePolicy, config, replicas = 1, bundle } = options;
  const plane = await startControlPlane();
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-check-'));
  const file = join(folder, 'pullpass.yaml');
  const configure = (text: string): void => writeFileSync(file, text);
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true }), () => plane.stop()];
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    const [port = 0] = await freePorts(1);
    await install(plane.api, port, { failurePolicy });
    configure(await config(folder));
    const caBundle = { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: btoa(bundle ?? '') };
    if (bundle !== undefined) await rewrite(plane, [caBundle]);
    const serve = await startServe(plane, ['--config', file], { port, podName: 'pullpass-1' });
    ends.push(() => serve.stop('SIGKILL'));
    const kubelet: Kubelet = await startKubelet(plane);
    ends.push(() => kubelet.stop());
    for (let i = 1; i <= replicas; i++) {
      await kubelet.publish({ podName: `pullpass-${i}`, ports: { 8081: serve.statusPort } });
    }
    // Nobody waits longer for a call that reaches nobody.
    await rewrite(plane, [{ op: 'replace', path: '/webhooks/0/timeoutSeconds', value: 3 }]);
    return {
      ...{ plane, serve, folder, configure, end },
      check: (...args) => checkAs(plane.kubeconfig, ...args),
      rewrite: (patch) => rewrite(plane, patch),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function rewrite({ api }: ControlPlane, patch: readonly object[]): Promise<void> {
  await expectOk(api.call('PATCH', CONFIGURATION, patch, 'application/json-patch+json'));
}

/** In this process; that the program does the same is seen with its exit codes. */
export async function checkAs(kubeconfig: string, ...args: readonly string[]): Promise<Found> {
  let page = '';
  const said: string[] = [];
  const runtime = {
    env: {},
    async out(text: string) {
      page += text;
    },
    say: (line: string) => void said.push(line),
    ...{ colours: false, columns: 80, watched: true },
  } as unknown as Runtime;
  const code = await run(runtime, ['--kubeconfig', kubeconfig, '--namespace', OWN_NAMESPACE, ...args]);
  return { code, page, said };
}

/** What a person sees without scrolling. */
export function firstScreen(page: string): string {
  return page.split('\n').slice(0, 24).join('\n');
}

/** However it was broken into lines. */
export function inOneLine(page: string): string {
  return page.replaceAll(/\s+/g, ' ');
}

/** What the document shows, without the command. */
export function shown(heading: string): string {
  const [, block = ''] = /```console\n\$ [^\n]*\n([\s\S]*?)```/.exec(part(read('docs/check.md'), heading)) ?? [];
  return block;
}

/**
 * For a ServiceAccount that has these rights in the whole cluster, and no others.
 * @param rights the name of a ClusterRole, or rules
 */
export async function kubeconfigWith(
  plane: ControlPlane,
  name: string,
  rights: string | readonly object[],
): Promise<string> {
  const { api } = plane;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const accounts = `/api/v1/namespaces/${OWN_NAMESPACE}/serviceaccounts`;
  await expectOk(api.call('POST', accounts, { metadata: { name } }));
  const role = typeof rights === 'string' ? rights : name;
  if (typeof rights !== 'string') {
    await expectOk(api.call('POST', `${rbac}/clusterroles`, { metadata: { name }, rules: rights }));
  }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
  const subjects = [{ kind: 'ServiceAccount', name, namespace: OWN_NAMESPACE }];
  await expectOk(api.call('POST', `${rbac}/clusterrolebindings`, { metadata: { name }, roleRef, subjects }));
  const { body } = await expectOk(api.call('POST', `${accounts}/${name}/token`, { spec: {} }));
  return plane.kubeconfigFor(body.status.token, name);
}
