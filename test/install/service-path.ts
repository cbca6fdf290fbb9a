// The way from the API server to a Service, which kube-proxy makes in a cluster. The API server calls the cluster IP of the Service
// as it stands there; an egress selector hands that call to this test, which passes it on to a ready replica behind the Service.
// So nothing of what the chart installs is replaced.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../control-plane/control-plane.ts';
import { type Endpoint, openEndpoints, type Replica } from '../faults/endpoints.ts';
import { abort } from '../faults/relay.ts';

export interface ServicePath {
  /** Flags that the API server must be started with. */
  readonly apiServerArgs: readonly string[];
  /** @param address cluster IP and port of the Service, the same for all of them */
  add(address: string, replica: Replica): Endpoint;
  /** Calls to other addresses, each of which was refused. */
  readonly strays: readonly string[];
  close(): Promise<void>;
}

const LAG_MS = 500;

export async function openServicePath(): Promise<ServicePath> {
  const [port] = await freePorts(1);
  const endpoints = await openEndpoints({ port, lagMs: LAG_MS });
  const known = new Set<string>();
  const strays: string[] = [];
  const passing = new Set<Socket>();
  const server = createServer();
  server.on('connect', (request, client: Socket) => {
    const address = request.url ?? '';
    client.on('error', () => undefined);
    if (!known.has(address)) {
      strays.push(address);
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    passing.add(client);
    client.on('close', () => passing.delete(client));
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    pass(client, connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true }));
  });
  const folder = mkdtempSync(join(tmpdir(), 'egress-'));
  const [file, socket] = [join(folder, 'egress.json'), join(folder, 'socket')];
  writeFileSync(file, JSON.stringify(egressTo(socket)));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    apiServerArgs: [`--egress-selector-config-file=${file}`],
    strays,
    add(address, replica) {
      known.add(address);
      return endpoints.add(replica);
    },
    async close() {
      for (const client of passing) client.destroy();
      await Promise.all([new Promise((resolve) => server.close(resolve)), endpoints.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An end is passed on as an end. A reset can only be passed on to the replica: a socket file knows none. */
function pass(client: Socket, replica: Socket): void {
  client.pipe(replica).pipe(client);
  client.on('error', () => abort(replica));
  replica.on('error', () => client.destroy());
  client.on('close', () => replica.destroy());
}

/** A socket file: over TCP the API server would want TLS. */
function egressTo(socket: string): object {
  const transport = { uds: { udsName: socket } };
  return {
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [{ name: 'cluster', connection: { proxyProtocol: 'HTTPConnect', transport } }],
  };
}
