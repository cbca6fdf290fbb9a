// A real control plane on loopback: etcd, kube-apiserver and kube-controller-manager, ready in a few seconds. Several can
// run side by side, each with its own ports, folder and certificates. Nothing of it outlives the process that started it.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, openApi } from './api.ts';
import { type Binaries, locateBinaries } from './binaries.ts';
import { makeCertificates } from './certificates.ts';
import type { SupervisedProcess } from './supervisor.ts';

export interface ControlPlane {
  readonly server: string;
  /** Path of a kubeconfig with a client certificate of system:masters. */
  readonly kubeconfig: string;
  readonly folder: string;
  /** Path of the audit log, one JSON event a line, for every request at level Metadata. */
  readonly auditLog: string;
  /** As the administrator, over kept-alive connections. */
  readonly api: Api;
  /** Process ids by name, as they are now. */
  readonly pids: ReadonlyMap<string, number>;
  kubectl(args: readonly string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Writes a kubeconfig that has a bearer token as its only right. */
  kubeconfigFor(token: string, name: string): string;
  killApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

const READY_MS = 120_000;

export async function startControlPlane(
  options: { readonly apiServerArgs?: readonly string[] } = {},
): Promise<ControlPlane> {
  const binaries = await locateBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-control-plane-'));
  const certificates = await makeCertificates();
  const [etcdPort, peerPort, apiPort, managerPort] = await freePorts(4);
  const server = `https://127.0.0.1:${apiPort}`;
  function file(name: string, content: string): string {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  }
  const files = {
    ca: file('ca.crt', certificates.ca),
    cert: file('server.crt', certificates.server.cert),
    key: file('server.key', certificates.server.key),
    accountKey: file('service-account.key', certificates.serviceAccountKey),
    audit: file('audit.yaml', AUDIT_POLICY),
  };
  const user = {
    'client-certificate-data': base64(certificates.admin.cert),
    'client-key-data': base64(certificates.admin.key),
  };
  const kubeconfig = file('admin.kubeconfig', kubeconfigOf(server, certificates.ca, user));
  const auditLog = join(folder, 'audit.log');
  const plan = planProcesses({
    binaries,
    folder,
    files,
    auditLog,
    kubeconfig,
    ports: { etcdPort, peerPort, apiPort, managerPort },
  });
  plan[1]?.args.push(...(options.apiServerArgs ?? []));
  const supervisor = supervise(plan);
  const api = openApi({ server, ca: certificates.ca, ...certificates.admin });

  async function stop(): Promise<void> {
    api.close();
    await supervisor.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  try {
    for (const { name } of plan) supervisor.start(name);
    await ready(api, supervisor, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    server,
    kubeconfig,
    folder,
    auditLog,
    api,
    pids: supervisor.pids,
    kubectl: (args, input) => run(binaries.kubectl, ['--kubeconfig', kubeconfig, ...args], input),
    kubeconfigFor: (token, name) => file(`${name}.kubeconfig`, kubeconfigOf(server, certificates.ca, { token })),
    killApiServer: () => supervisor.kill('kube-apiserver'),
    async startApiServer() {
      supervisor.start('kube-apiserver');
      await ready(api, supervisor, folder);
    },
    stop,
  };
}

const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;

interface Layout {
  readonly binaries: Binaries;
  readonly folder: string;
  readonly files: Readonly<Record<'ca' | 'cert' | 'key' | 'accountKey' | 'audit', string>>;
  readonly auditLog: string;
  readonly kubeconfig: string;
  readonly ports: Readonly<Record<'etcdPort' | 'peerPort' | 'apiPort' | 'managerPort', number>>;
}

type PlannedProcess = SupervisedProcess & { readonly args: string[] };

function planProcesses({ binaries, folder, files, auditLog, kubeconfig, ports }: Layout): PlannedProcess[] {
  const client = `http://127.0.0.1:${ports.etcdPort}`;
  const peer = `http://127.0.0.1:${ports.peerPort}`;
  const etcd = [
    `--data-dir=${folder}/etcd --unsafe-no-fsync --log-level=warn --name=default`,
    `--listen-client-urls=${client} --advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer} --initial-advertise-peer-urls=${peer} --initial-cluster=default=${peer}`,
  ];
  const apiServer = [
    `--etcd-servers=${client} --secure-port=${ports.apiPort} --bind-address=127.0.0.1`,
    `--tls-cert-file=${files.cert} --tls-private-key-file=${files.key} --client-ca-file=${files.ca}`,
    `--service-account-key-file=${files.accountKey} --service-account-signing-key-file=${files.accountKey}`,
    '--service-account-issuer=https://kubernetes.default.svc --authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.96.0.0/16 --enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true --endpoint-reconciler-type=none --max-requests-inflight=2000',
    `--max-mutating-requests-inflight=2000 --audit-policy-file=${files.audit} --audit-log-path=${auditLog}`,
  ];
  const manager = [
    `--kubeconfig=${kubeconfig} --service-account-private-key-file=${files.accountKey} --root-ca-file=${files.ca}`,
    '--use-service-account-credentials=true --leader-elect=false --bind-address=127.0.0.1',
    `--secure-port=${ports.managerPort} --kube-api-qps=2000 --kube-api-burst=4000 --concurrent-serviceaccount-token-syncs=20`,
    '--concurrent-namespace-syncs=20',
  ];
  const entry = (name: keyof Binaries, lines: readonly string[]): PlannedProcess => ({
    name,
    command: binaries[name],
    args: lines.join(' ').split(' '),
    log: join(folder, `${name}.log`),
  });
  return [entry('etcd', etcd), entry('kube-apiserver', apiServer), entry('kube-controller-manager', manager)];
}

interface Supervised {
  readonly pids: Map<string, number>;
  start(name: string): void;
  kill(name: string): Promise<void>;
  end(): Promise<void>;
}

function supervise(plan: readonly SupervisedProcess[]): Supervised {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pids = new Map<string, number>();
  const exits = new Map<string, () => void>();
  const gone = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, name = '', value = ''] = line.split(' ');
    if (what === 'pid') return void pids.set(name, Number(value));
    pids.delete(name);
    exits.get(name)?.();
  });
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  return {
    pids,
    start: (name) => void child.stdin.write(`start ${name}\n`),
    async kill(name) {
      const exited = new Promise<void>((resolve) => exits.set(name, resolve));
      child.stdin.write(`stop ${name}\n`);
      await exited;
    },
    async end() {
      child.stdin.end();
      await gone;
    },
  };
}

/** Ready: the API server says so, and the controller manager has made the ServiceAccount of the first namespace. */
async function ready(api: Api, supervisor: Supervised, folder: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (const path of ['/readyz', '/api/v1/namespaces/default/serviceaccounts/default']) {
    for (;;) {
      const answer = await api.call('GET', path).catch(() => undefined);
      if (answer?.status === 200) break;
      if (
        Date.now() > until ||
        (answer === undefined && supervisor.pids.size < 3 && Date.now() > until - READY_MS + 20_000)
      ) {
        throw new Error(`the control plane is not ready at ${path}:\n${lastLines(folder)}`);
      }
      await sleep(100);
    }
  }
}

function lastLines(folder: string): string {
  return ['etcd', 'kube-apiserver', 'kube-controller-manager']
    .map((name) => {
      try {
        return readFileSync(join(folder, `${name}.log`), 'utf8')
          .split('\n')
          .slice(-8)
          .join('\n');
      } catch {
        return `${name}: no log`;
      }
    })
    .join('\n');
}

/** Bound all at once and given back together, so that they differ from each other. */
export async function freePorts(count: number): Promise<number[] & [number, number, number, number]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as number[] & [number, number, number, number];
}

function kubeconfigOf(server: string, ca: string, user: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user' } }],
    'current-context': 'test',
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function run(
  command: string,
  args: readonly string[],
  input = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, [...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
