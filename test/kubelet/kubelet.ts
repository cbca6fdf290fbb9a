// A node of a test's control plane that forwards ports: a Node object whose kubelet is a small program on loopback with the code of
// container runtimes, and Pod objects that stand for processes of this machine. Nothing else of a kubelet is there.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { locateTool } from '../control-plane/binaries.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { expectOk, OWN_NAMESPACE } from '../serve/installation.ts';

export interface PublishOptions {
  /** As the replica knows its own name, by POD_NAME. */
  readonly podName: string;
  /** Where the process listens, by the port of the Pod that stands for it. */
  readonly ports: Readonly<Record<number, number>>;
  /** Default: Pullpass's own. */
  readonly namespace?: string;
  /** Default: that of a replica. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
}

export interface Kubelet {
  /** Makes the Pod, on this node and running. */
  publish(options: PublishOptions): Promise<void>;
  /** The process and the node end; Pods stay. */
  stop(): Promise<void>;
}

const NODE = 'forwarder';

export async function startKubelet({ api }: ControlPlane): Promise<Kubelet> {
  const child = spawn(await locateTool('kubelet'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const { value: port } = await lines.next();
  await expectOk(api.call('POST', '/api/v1/nodes', { metadata: { name: NODE } }));
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: Number(port) } },
  };
  const merge = 'application/merge-patch+json';
  await expectOk(api.call('PATCH', `/api/v1/nodes/${NODE}/status`, { status }, merge));

  return {
    async publish({ podName, ports, namespace = OWN_NAMESPACE, labels = REPLICA, ready = true }) {
      child.stdin.write(`${JSON.stringify({ pod: `${namespace}/${podName}`, ports })}\n`);
      await lines.next();
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const containers = [{ name: 'c', image: 'pullpass' }];
      // The node has no kubelet that would give it a token to mount.
      const spec = { nodeName: NODE, automountServiceAccountToken: false, containers };
      await expectOk(api.call('POST', pods, { metadata: { name: podName, labels }, spec }));
      const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
      const running = { status: { phase: 'Running', conditions } };
      await expectOk(api.call('PATCH', `${pods}/${podName}/status`, running, merge));
    },
    async stop() {
      child.stdin.end();
      await exited;
      await api.call('DELETE', `/api/v1/nodes/${NODE}`);
    },
  };
}

const REPLICA = { 'app.kubernetes.io/name': 'pullpass' };
