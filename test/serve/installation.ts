// What a test and the demo have in common: Pullpass's own namespace, the webhook configuration that reaches `serve` through
// a Service as in production (ExternalName, so that the API server takes the Service path), and `serve` as a real process.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../control-plane/api.ts';
import { type ControlPlane, freePorts } from '../control-plane/control-plane.ts';

export const OWN_NAMESPACE = 'pullpass-system';
export const WEBHOOK = 'pullpass';
export const PULL_SECRET = 'pullpass-dockercfg';
/** The chart renders it for all configurations but those with other names. */
const RIGHTS = join(import.meta.dirname, '..', '..', 'examples', 'rbac.yaml');

export interface ServeProcess {
  readonly port: number;
  readonly healthPort: number;
  readonly statusPort: number;
  readonly pid: number;
  /** Milliseconds of the wall clock. */
  readonly startedAt: number;
  /** Everything that it printed so far. */
  output(): string;
  /** The sum of a metric over the labels that are given. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface InstallOptions {
  readonly failurePolicy?: 'Ignore' | 'Fail';
  /** Further rules, beside Pods and Deployments. */
  readonly rules?: readonly object[];
}

const RULES = [
  { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] },
  { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE', 'UPDATE'] },
];

/** Makes the own namespace, the Service and the webhook configuration; the port is where `serve` will listen. */
export async function install(api: Api, port: number, options: InstallOptions = {}): Promise<void> {
  await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name: OWN_NAMESPACE } }));
  await expectOk(
    api.call('POST', `/api/v1/namespaces/${OWN_NAMESPACE}/services`, {
      metadata: { name: WEBHOOK },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    }),
  );
  await expectOk(
    api.call('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: WEBHOOK },
      webhooks: [
        {
          name: 'inject.pullpass.dev',
          admissionReviewVersions: ['v1'],
          sideEffects: 'NoneOnDryRun',
          failurePolicy: options.failurePolicy ?? 'Fail',
          reinvocationPolicy: 'IfNeeded',
          matchPolicy: 'Equivalent',
          timeoutSeconds: 10,
          namespaceSelector: { matchLabels: { 'pullpass.dev/inject': 'enabled' } },
          clientConfig: { service: { name: WEBHOOK, namespace: OWN_NAMESPACE, path: '/mutate', port } },
          rules: [...RULES, ...(options.rules ?? [])],
        },
      ],
    }),
  );
}

export interface StartOptions {
  readonly port?: number;
  /** With the flags and the environment of the image. */
  readonly bundle?: boolean;
  /** Default: `limitedKubeconfig`. That of the administrator is refused. */
  readonly kubeconfig?: string;
  /** Further flags of node. */
  readonly flags?: readonly string[];
  /** Instead of what the build made. */
  readonly program?: string;
  /** A module that is loaded before the program. */
  readonly preload?: string;
  /** What the replica takes for the name of its Pod. */
  readonly podName?: string;
  /** A file descriptor that takes its log, which `output` then does not have: millions of lines fit nowhere. */
  readonly log?: number;
}

/** What still runs. A test that ends in another way than it should, by its time-out too, takes it along. */
const running = new Set<ChildProcess>();
const endAll = () => {
  for (const child of running) child.kill('SIGKILL');
};
process.on('exit', endAll);
// How tap ends a file after its time. First, and gone when tap's own listener looks whether it is the only one.
process.prependOnceListener('SIGALRM', endAll);

/**
 * Starts `serve` from the bundle, which `npm run build` makes, with the rights that the chart gives it, and resolves when it is
 * ready. The own namespace must be there.
 */
export async function startServe(
  plane: ControlPlane,
  args: readonly string[],
  options: StartOptions = {},
): Promise<ServeProcess> {
  // Else a test could pass with rights that no installation has.
  if (options.kubeconfig === plane.kubeconfig) throw new Error('serve does not run as the administrator');
  const kubeconfig = options.kubeconfig ?? (await limitedKubeconfig(plane));
  const [free, healthPort, statusPort] = await freePorts(3);
  const port = options.port ?? free;
  const root = join(import.meta.dirname, '..', '..');
  const program = options.program ?? join(root, 'dist/pullpass.mjs');
  const all = [
    ...['serve', '--kubeconfig', kubeconfig, '--namespace', OWN_NAMESPACE],
    ...['--host', '127.0.0.1', '--port', `${port}`, '--health-port', `${healthPort}`],
    ...['--status-port', `${statusPort}`, '--drain', '1', ...args],
  ];
  const { flags, env } = options.bundle ? asInTheImage() : { flags: [], env: {} };
  const preload = options.preload === undefined ? [] : [`--import=${options.preload}`];
  const startedAt = Date.now();
  const child = spawn(process.execPath, [...flags, ...(options.flags ?? []), ...preload, program, ...all], {
    stdio: ['ignore', 'pipe', options.log ?? 'pipe'],
    env: { ...process.env, ...env, ...(options.podName !== undefined && { POD_NAME: options.podName }) },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const served = describe(child, { port, healthPort, statusPort, startedAt, output: () => output });
  await becomesReady(child, healthPort, () => output);
  return served;
}

/** The bundle runs with what the Dockerfile gives it. */
function asInTheImage(): { readonly flags: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const dockerfile = readFileSync(join(import.meta.dirname, '..', '..', 'Dockerfile'), 'utf8');
  const entry: string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]');
  const env = [...dockerfile.matchAll(/\b(MALLOC_[A-Z_]+)=(\d+)/g)].map(([, name, value]) => [name, value]);
  return { flags: entry.filter((part) => part.startsWith('--')), env: Object.fromEntries(env) };
}

function describe(
  child: ChildProcess,
  started: Pick<ServeProcess, 'port' | 'healthPort' | 'statusPort' | 'startedAt' | 'output'>,
): ServeProcess {
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return {
    ...started,
    pid: child.pid ?? 0,
    async metric(name, labels = {}) {
      const text = await (await fetch(`http://127.0.0.1:${started.healthPort}/metrics`)).text();
      const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
      let sum = 0;
      for (const line of text.split('\n')) {
        if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
        if (wanted.every((label) => line.includes(label))) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
      }
      return sum;
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

async function becomesReady(child: ChildProcess, healthPort: number, output: () => string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (child.exitCode !== null) throw new Error(`serve ended with code ${child.exitCode}:\n${output()}`);
    const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`serve did not become ready:\n${output()}`);
}

export async function expectOk<T extends { status: number; body: unknown }>(answer: Promise<T>): Promise<T> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`the API server answered ${status}: ${JSON.stringify(body).slice(0, 500)}`);
  return answer;
}

/** Polls until the condition gives something, at most some seconds. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  seconds = 60,
  everyMs = 50,
): Promise<T> {
  const until = Date.now() + seconds * 1_000;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > until) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(everyMs);
  }
}

/** The log comes by another way than what is counted, and may come later. */
export async function says({ output }: Pick<ServeProcess, 'output'>, line: RegExp): Promise<void> {
  await eventually(`a line of the log like ${line}`, async () => line.test(output()) || undefined, 10);
}

/** A namespace that is fit for Pods: it carries the labels, and its default ServiceAccount is there. */
export async function makeNamespace(
  api: Api,
  name: string,
  labels: Record<string, string> = { 'pullpass.dev/inject': 'enabled' },
): Promise<void> {
  await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name, labels } }));
  await eventually(`ServiceAccount of ${name}`, async () => {
    const { status } = await api.call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`);
    return status === 200 ? true : undefined;
  });
}

/** A labelled credential Secret in the own namespace. */
export async function makeCredential(
  api: Api,
  name: string,
  logins: Readonly<Record<string, { username: string; password: string }>>,
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  const config = Buffer.from(JSON.stringify({ auths: logins })).toString('base64');
  await expectOk(
    api.call('POST', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets`, {
      metadata: { name, labels: { 'pullpass.dev/credential': 'enabled' }, annotations },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': config },
    }),
  );
}

export function pod(name: string, ...images: string[]): object {
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } };
}

const limited = new WeakMap<ControlPlane, Promise<string>>();
/** Whoever keeps the demo up for days finds it at work. */
const TOKEN_S = 7 * 24 * 3_600;

/**
 * A kubeconfig whose only right is a token of the chart's own ServiceAccount, one for each control plane.
 * @param rights what the chart renders of them for another configuration; default: examples/rbac.yaml
 */
export function limitedKubeconfig(plane: ControlPlane, rights?: string): Promise<string> {
  const known = limited.get(plane);
  if (known !== undefined && rights === undefined) return known;
  const made = makeLimited(plane, rights ?? readFileSync(RIGHTS, 'utf8'));
  limited.set(plane, made);
  return made;
}

async function makeLimited(plane: ControlPlane, rights: string): Promise<string> {
  const applied = await plane.kubectl(['apply', '-f', '-'], rights);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/serviceaccounts/pullpass/token`;
  const { body } = await expectOk(plane.api.call('POST', path, { spec: { expirationSeconds: TOKEN_S } }));
  return plane.kubeconfigFor(body.status.token, 'limited');
}
