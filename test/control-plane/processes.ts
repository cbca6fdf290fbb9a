// With which flags the processes of a control plane are started, and the texts of the files that they read. Pure: it starts
// and writes nothing.
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { SupervisedProcess } from './supervisor.ts';

export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;

const CONTROLLERS = [
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'garbage-collector-controller',
  'resourcequota-controller',
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'cronjob-controller',
];

export interface Layout {
  readonly binaries: Binaries;
  readonly folder: string;
  readonly files: Readonly<Record<'ca' | 'cert' | 'key' | 'accountKey' | 'audit', string>>;
  readonly auditLog: string;
  readonly kubeconfig: string;
  readonly ports: Readonly<Record<'etcdPort' | 'peerPort' | 'apiPort', number>>;
}

export type PlannedProcess = SupervisedProcess & { readonly args: string[] };

export function planProcesses({ binaries, folder, files, auditLog, kubeconfig, ports }: Layout): PlannedProcess[] {
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
    // In megabytes: at 100, the default, a long test would find its log cut in two.
    '--audit-log-maxsize=10000',
    // Else it looks for a default route, which a machine without a network does not have.
    `--advertise-address=127.0.0.1 --cert-dir=${folder}`,
  ];
  const manager = [
    `--kubeconfig=${kubeconfig} --service-account-private-key-file=${files.accountKey} --root-ca-file=${files.ca}`,
    '--use-service-account-credentials=true --leader-elect=false --bind-address=127.0.0.1',
    // It serves nothing: nobody asks it, and a port may be taken.
    `--secure-port=0 --cert-dir=${folder} --kube-api-qps=2000 --kube-api-burst=4000`,
    '--concurrent-serviceaccount-token-syncs=20 --concurrent-namespace-syncs=20',
    // Not all fifty: what each of the others watches and writes in every namespace is most of what a busy machine would do.
    `--controllers=${CONTROLLERS.join(',')}`,
  ];
  const entry = (name: keyof Binaries, lines: readonly string[]): PlannedProcess => ({
    name,
    command: binaries[name],
    // At the flags and not at the spaces, which the path of a folder may have.
    args: lines.join(' ').split(/ (?=--)/),
    log: join(folder, `${name}.log`),
  });
  return [entry('etcd', etcd), entry('kube-apiserver', apiServer), entry('kube-controller-manager', manager)];
}

export function kubeconfigOf(server: string, ca: string, user: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user' } }],
    'current-context': 'test',
  });
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
