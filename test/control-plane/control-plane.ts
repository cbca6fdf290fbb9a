// A real control plane on loopback: etcd, kube-apiserver and kube-controller-manager, ready in a few seconds. Several can
// run side by side, each with its own ports, folder and certificates. Nothing of it outlives the process that started it.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, openApi } from './api.ts';
import { type Binaries, locateBinaries } from './binaries.ts';
import { type ControlPlaneCertificates, makeCertificates } from './certificates.ts';
import { freePorts } from './ports.ts';
import { AUDIT_POLICY, base64, kubeconfigOf, planProcesses } from './processes.ts';
import { type Supervision, supervise } from './supervision.ts';

export { freePorts };

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

export interface ControlPlaneOptions {
  /** Further flags of the API server. */
  readonly apiServerArgs?: readonly string[];
}

/** Nobody waits so long for a machine that will make it. */
const READY_MS = 120_000;
/** Between finding a free port and using it, another process may take it. */
const ATTEMPTS = 3;
const MANAGER = 'kube-controller-manager';
const PORT_TAKEN = /address already in use/;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = await locateBinaries();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binaries, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !PORT_TAKEN.test(String(error))) throw error;
    }
  }
}

async function startOnce(binaries: Binaries, options: ControlPlaneOptions): Promise<ControlPlane> {
  const certificates = await makeCertificates();
  const [etcdPort, peerPort, apiPort] = await freePorts(3);
  const server = `https://127.0.0.1:${apiPort}`;
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-control-plane-'));
  const files = writeFiles(folder, server, certificates);
  const auditLog = join(folder, 'audit.log');
  const { kubeconfig } = files;
  const ports = { etcdPort, peerPort, apiPort };
  const plan = planProcesses({ binaries, folder, files, auditLog, kubeconfig, ports });
  plan[1]?.args.push(...(options.apiServerArgs ?? []));
  const processes = supervise(plan, folder);
  const api = openApi({ server, ca: certificates.ca, ...certificates.admin });
  const kubectlFlags = ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'kubectl')];
  async function start(): Promise<void> {
    for (const { name } of plan) if (!processes.pids.has(name)) processes.start(name);
    await ready(api, processes, folder);
  }
  async function stop(): Promise<void> {
    api.close();
    await processes.end();
  }
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ server, kubeconfig, folder, auditLog, api, stop },
    pids: processes.pids,
    kubectl: (args, input) => run(binaries.kubectl, [...kubectlFlags, ...args], input),
    kubeconfigFor(token, name) {
      return write(folder, `${name}.kubeconfig`, kubeconfigOf(server, certificates.ca, { token }));
    },
    killApiServer: () => processes.kill('kube-apiserver'),
    startApiServer: start,
  };
}

function writeFiles(folder: string, server: string, certificates: ControlPlaneCertificates) {
  const user = {
    'client-certificate-data': base64(certificates.admin.cert),
    'client-key-data': base64(certificates.admin.key),
  };
  return {
    ca: write(folder, 'ca.crt', certificates.ca),
    cert: write(folder, 'server.crt', certificates.server.cert),
    key: write(folder, 'server.key', certificates.server.key),
    accountKey: write(folder, 'service-account.key', certificates.serviceAccountKey),
    audit: write(folder, 'audit.yaml', AUDIT_POLICY),
    kubeconfig: write(folder, 'admin.kubeconfig', kubeconfigOf(server, certificates.ca, user)),
  };
}

function write(folder: string, name: string, content: string): string {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
}

/** Ready: the API server says so, and the controller manager has made the ServiceAccount of the first namespace. */
async function ready(api: Api, processes: Supervision, folder: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (const path of ['/readyz', '/api/v1/namespaces/default/serviceaccounts/default']) {
    for (;;) {
      const answer = await api.call('GET', path).catch(() => undefined);
      if (answer?.status === 200) break;
      // It waits 10 s for an API server and then gives up, which a busy machine may need more than.
      if (processes.failed.has(MANAGER)) processes.start(MANAGER);
      const [failed] = processes.failed;
      if (failed !== undefined) throw new Error(`${failed} has ended:\n${lastLines(folder)}`);
      if (Date.now() > until) throw new Error(`the control plane is not ready at ${path}:\n${lastLines(folder)}`);
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
