// The Service of Pullpass as the API server meets it: a fixed port (kube-proxy) that passes each new connection on to one of
// the ready replicas, and a prober (a kubelet) that asks every replica whether it is ready. As in a cluster, what is no longer
// ready gets new connections until the endpoint lag is over, connections stay with the replica that they began with, and
// nothing is ever tried twice.
import { get } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, type Relay, relay } from './relay.ts';

export interface EndpointsOptions {
  readonly port: number;
  /** From not ready to no new connections, in milliseconds; so long a cluster takes to tell every node. Default: 1,000. */
  readonly lagMs?: number;
  /** Between two looks at /readyz, in milliseconds. Default: 200. */
  readonly probeMs?: number;
}

export interface Replica {
  readonly port: number;
  readonly healthPort: number;
}

export interface Endpoint {
  /** Whether new connections go to it. */
  inUse(): boolean;
  /**
   * How many connections began, how many ended while their client waited for an answer, and how they all ended, such as
   * 'server closed'. Who is refused has never had a connection.
   */
  readonly counts: Counts;
  open(): number;
  /** Connections whose client waits for an answer. */
  waiting(): number;
  /** Takes it out at once, whatever it says; its connections stay. */
  takeOut(): void;
  /** Puts it back: from now on it is in use whenever it is ready. */
  putBack(): void;
  /** For ever. */
  remove(): void;
}

export type Counts = Readonly<Record<'opened' | 'unanswered' | `${Ended['by']} ${Ended['how']}`, number>>;

export interface Endpoints {
  readonly port: number;
  /** In use from the moment that it is seen ready. */
  add(replica: Replica): Endpoint;
  /** Connections that met no endpoint, which are reset, as kube-proxy refuses them. */
  turnedAway(): number;
  close(): Promise<void>;
}

/** As the kubelet does by default. */
const PROBE_TIMEOUT_MS = 1_000;
const SILENT_PROBES = 3;

export async function openEndpoints({ port, lagMs = 1_000, probeMs = 200 }: EndpointsOptions): Promise<Endpoints> {
  const members = new Set<Member>();
  const relays = new Set<Relay>();
  let turnedAway = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const able = [...members].filter((member) => member.endpoint.inUse());
    const chosen = able[Math.floor(Math.random() * able.length)];
    if (chosen !== undefined) {
      const accepted = chosen.accept(client);
      relays.add(accepted);
      client.on('close', () => relays.delete(accepted));
      return;
    }
    turnedAway += 1;
    client.on('error', () => undefined);
    client.resetAndDestroy();
  });
  await listen(server, port);
  return {
    port,
    turnedAway: () => turnedAway,
    add(replica) {
      const member = createMember(replica, { lagMs, probeMs }, () => members.delete(member));
      members.add(member);
      return member.endpoint;
    },
    async close() {
      for (const member of [...members]) member.endpoint.remove();
      for (const one of relays) one.reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Member {
  readonly endpoint: Endpoint;
  accept(client: Socket): Relay;
}

function createMember(replica: Replica, timing: { lagMs: number; probeMs: number }, removed: () => void): Member {
  const relays = new Set<Relay>();
  const ends = { 'server closed': 0, 'server reset': 0, 'server refused': 0 };
  const counts = { opened: 0, unanswered: 0, 'client closed': 0, 'client reset': 0, 'client refused': 0, ...ends };
  const stopping = new AbortController();
  let byHand = false;
  const usable = probe(replica, timing, stopping.signal);
  return {
    endpoint: {
      inUse: () => !byHand && usable(),
      counts,
      open: () => relays.size,
      waiting: () => [...relays].filter((one) => one.waiting()).length,
      takeOut() {
        byHand = true;
      },
      putBack() {
        byHand = false;
      },
      remove() {
        stopping.abort();
        removed();
      },
    },
    accept(client) {
      counts.opened += 1;
      const onEnd = ({ by, how, unanswered }: Ended): void => {
        counts[`${by} ${how}`] += 1;
        if (unanswered && how !== 'refused') counts.unanswered += 1;
      };
      const passed = relay(client, { serverPort: replica.port, onEnd });
      relays.add(passed);
      client.on('close', () => relays.delete(passed));
      return passed;
    },
  };
}

/** @returns whether the replica gets new connections just now */
function probe(replica: Replica, { lagMs, probeMs }: { lagMs: number; probeMs: number }, signal: AbortSignal) {
  let ready = false;
  let silent = 0;
  let notReadySince = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    while (!signal.aborted) {
      const said = await readiness(replica.healthPort);
      silent = said === 'silent' ? silent + 1 : 0;
      // One that says it itself is on its way out, as a Pod that is deleted; one that says nothing may only be slow.
      const now = said === 'ready' || (ready && said === 'silent' && silent < SILENT_PROBES);
      if (ready && !now) notReadySince = performance.now();
      ready = now;
      await sleep(probeMs, undefined, { ref: false });
    }
  };
  void look();
  return () => !signal.aborted && (ready || performance.now() - notReadySince < lagMs);
}

function readiness(healthPort: number): Promise<'ready' | 'not ready' | 'silent'> {
  return new Promise((resolve) => {
    const timeout = PROBE_TIMEOUT_MS;
    const probing = get({ host: '127.0.0.1', port: healthPort, path: '/readyz', agent: false, timeout }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? 'ready' : 'not ready');
    });
    probing.on('timeout', () => probing.destroy());
    probing.on('error', () => resolve('silent'));
  });
}

export async function isReady(healthPort: number): Promise<boolean> {
  return (await readiness(healthPort)) === 'ready';
}

export function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
