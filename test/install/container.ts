// The container of a Pod as a process of this machine, as its template and the Dockerfile say: arguments, environment, mounted
// files, and the ServiceAccount's token as its only right. Three things differ, as there is no container runtime: it listens on
// free ports of loopback, its files lie in a folder (mounts.ts), and `--kubeconfig` tells it where the token is, since only root
// could put that where Pods have it.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../chart/render.ts';
import { type ControlPlane, freePorts } from '../control-plane/control-plane.ts';
import { expectOk } from '../serve/installation.ts';
import { ACCOUNT, type Mounts, mountFiles } from './mounts.ts';

export interface Container {
  readonly pid: number;
  /** Everything that it printed so far. */
  output(): string;
  /** Where a port of the Pod, by name or number, is reached on loopback. */
  port(which: string | number): number;
  /** Brings its files up to date. */
  refresh(): Promise<void>;
  /** The code; null if it was killed. */
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

const ROOT = join(import.meta.dirname, '..', '..');

export async function startContainer(plane: ControlPlane, pod: Manifest): Promise<Container> {
  const [container, ...further] = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  if (further.length > 0) throw new Error('this node runs Pods of one container only');
  const ports = await publish(container.ports ?? []);
  const mounts = await mountFiles(plane, pod, () => accountFiles(plane, pod));
  const image = readImage();
  const args: readonly string[] = (container.args ?? image.args).map((arg: string) => onLoopback(arg, ports));
  const kubeconfig = writeKubeconfig(plane, mounts);
  const env = Object.fromEntries((container.env ?? []).map((entry: Manifest) => [entry.name, valueIn(entry, pod)]));
  const [command = '', ...flags] = image.command;
  const child = spawn(command, [...flags, ...args.map(mounts.rewrite), `--kubeconfig=${kubeconfig}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...image.env, ...mapValues(env, mounts.rewrite) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  void exited.then(mounts.remove);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    port: (which) => ports.find(({ name, inside }) => name === which || inside === which)?.outside ?? 0,
    refresh: mounts.refresh,
    exited,
    kill: (signal) => void child.kill(signal),
  };
}

interface Port {
  readonly name?: string;
  readonly inside: number;
  readonly outside: number;
}

async function publish(ports: readonly Manifest[]): Promise<readonly Port[]> {
  const free = await freePorts(ports.length);
  return ports.map(({ name, containerPort }, i) => ({ name, inside: containerPort, outside: free[i] ?? 0 }));
}

/** Pods have an address of their own each; here they share one. */
function onLoopback(arg: string, ports: readonly Port[]): string {
  const [, flag, value] = /^(--[a-z-]+=)(.*)$/.exec(arg) ?? [];
  if (value === '0.0.0.0') return `${flag}127.0.0.1`;
  const port = ports.find(({ inside }) => `${inside}` === value);
  return port === undefined ? arg : `${flag}${port.outside}`;
}

function valueIn({ name, value, valueFrom }: Manifest, pod: Manifest): string {
  if (valueFrom === undefined) return value ?? '';
  const path: string | undefined = valueFrom.fieldRef?.fieldPath;
  if (path === undefined) throw new Error(`this node cannot tell the value of ${name}`);
  return path.split('.').reduce((place, key) => place[key], pod);
}

function mapValues(values: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** A token that is good for this Pod alone, as the kubelet asks for it. */
async function accountFiles(plane: ControlPlane, pod: Manifest): Promise<Readonly<Record<string, string>>> {
  const { namespace, name, uid } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName}/token`;
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
  const { body } = await expectOk(plane.api.call('POST', path, { spec: { expirationSeconds: 3_607, boundObjectRef } }));
  const ca = readFileSync(join(plane.folder, 'ca.crt'), 'utf8');
  return { token: body.status.token, namespace, 'ca.crt': ca };
}

/** What a process in a Pod finds out by itself: the token, the CA and the namespace are those files. */
function writeKubeconfig(plane: ControlPlane, mounts: Mounts): string {
  const file = mounts.place('kubeconfig');
  const place = (name: string): string => mounts.place(`${ACCOUNT}/${name}`);
  const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile: place('token') } } };
  const context = { cluster: 'here', user: 'account', namespace: readFileSync(place('namespace'), 'utf8') };
  const config = {
    clusters: [{ name: 'here', cluster: { server: plane.server, 'certificate-authority': place('ca.crt') } }],
    users: [{ name: 'account', user }],
    contexts: [{ name: 'here', context }],
    'current-context': 'here',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** What the image runs, with the Node and the bundle of this machine, and nothing of the developer's environment. */
function readImage() {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const list = (word: string): string[] =>
    JSON.parse(new RegExp(`^${word} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '');
  const [program = '', ...flags] = list('ENTRYPOINT');
  if (program !== 'node') throw new Error(`the image runs ${program}`);
  const [, settings = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile) ?? [];
  return {
    command: [process.execPath, ...flags.map((part) => part.replace(/^\/app\//, `${ROOT}/`))],
    args: list('CMD'),
    env: Object.fromEntries([...settings.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
  };
}
