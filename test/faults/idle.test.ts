// A webhook that nobody calls for a while: the API server keeps its connection for 90 s and never sends a POST again that was
// cut off, so it must be the one to close. It keeps connections apart by host and port, and so each of these 150 waits on a
// port of its own, side by side.
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  expectOk,
  install,
  makeCredential,
  makeNamespace,
  OWN_NAMESPACE,
  PULL_SECRET,
  pod,
  startServe,
  WEBHOOK,
} from '../serve/installation.ts';
import { listen } from './endpoints.ts';
import { type Ended, type Relay, relay } from './relay.ts';

t.setTimeout(300_000);
const EACH = 50;
/** Seconds between two requests. */
const IDLE_S = [89, 91, 120];

type Count = 'opened' | 'closedByApiServer' | 'closedByPullpass';

interface Door {
  readonly port: number;
  readonly idleS: number;
  readonly counts: Readonly<Record<Count, number>>;
}

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [servePort] = await freePorts(1);
const doors: Door[] = [];
for (const idleS of IDLE_S) for (let i = 0; i < EACH; i++) doors.push(await openDoor(idleS));
await install(api, servePort, { failurePolicy: 'Fail' });
await giveEachAPort();
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });
const serve = await startServe(plane, [], { port: servePort, bundle: true });
t.teardown(() => serve.stop('SIGKILL'));
await makeNamespace(api, 'team-a');

/** One entry for each port, which a Pod chooses by a label. */
async function giveEachAPort(): Promise<void> {
  const service = { spec: { ports: doors.map(({ port }) => ({ name: `p${port}`, port })) } };
  const merge = 'application/merge-patch+json';
  await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/services/${WEBHOOK}`, service, merge));
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
  const [entry] = (await expectOk(api.call('GET', path))).body.webhooks;
  const webhooks = doors.map(({ port }) => ({
    ...entry,
    name: `p${port}.pullpass.dev`,
    objectSelector: { matchLabels: { door: `p${port}` } },
    clientConfig: { service: { ...entry.clientConfig.service, port } },
  }));
  await expectOk(api.call('PATCH', path, { webhooks }, merge));
}

/** Its port can be any: it is held to the end. */
async function openDoor(idleS: number): Promise<Door> {
  const counts = { opened: 0, closedByApiServer: 0, closedByPullpass: 0 };
  const relays = new Set<Relay>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    counts.opened += 1;
    const onEnd = ({ wantedBy }: Ended): void => {
      counts[wantedBy === 'client' ? 'closedByApiServer' : 'closedByPullpass'] += 1;
    };
    relays.add(relay(client, { serverPort: servePort, onEnd }));
  });
  await listen(server, 0);
  t.teardown(() => {
    for (const one of relays) one.reset();
    server.close();
  });
  return { idleS, port: (server.address() as AddressInfo).port, counts };
}

/** @returns undefined for a Pod that was created with its pull Secret, else what went wrong */
async function create(door: Door, name: string): Promise<string | undefined> {
  const { metadata, ...rest } = pod(`${name}-${door.port}`, 'ghcr.io/acme/app:1') as { readonly metadata: object };
  const body = { ...rest, metadata: { ...metadata, labels: { door: `p${door.port}` } } };
  const answer = await api.call('POST', '/api/v1/namespaces/team-a/pods', body);
  if (answer.status !== 201) return `${door.idleS} s: ${answer.status} ${answer.body.message}`;
  const listed = answer.body.spec.imagePullSecrets?.[0]?.name;
  return listed === PULL_SECRET ? undefined : `${door.idleS} s: without its pull Secret`;
}

t.test('no create fails after the webhook was idle for 89, 91 and 120 s', async (t) => {
  const wrong: string[] = [];
  async function askTwice(door: Door): Promise<void> {
    for (const name of ['before', 'after']) {
      const problem = await create(door, name);
      if (problem !== undefined) wrong.push(problem);
      if (name === 'before') await sleep(door.idleS * 1_000);
    }
  }
  const asking: Promise<void>[] = [];
  for (const door of doors) {
    asking.push(askTwice(door));
    await sleep(10);
  }
  await Promise.all(asking);
  t.same(wrong, [], 'no create failed');
  for (const idleS of IDLE_S) {
    const those = doors.filter((door) => door.idleS === idleS);
    const sum = (what: Count): number => those.reduce((total, door) => total + door.counts[what], 0);
    const closed = sum('closedByApiServer');
    t.comment(
      `${idleS} s: ${those.length} asked twice, ${sum('opened')} connections, ${closed} closed by the API server`,
    );
    t.equal(those.length, EACH);
    t.equal(sum('closedByPullpass'), 0, 'none was closed by Pullpass');
    t.equal(sum('opened') - EACH, closed, 'whoever needed a new connection had closed its own');
    // A busy machine makes some of the 89 s longer than 90.
    if (idleS < 90) t.ok(closed < EACH, 'a connection is used again');
    else t.equal(closed, EACH, 'the API server closes first');
  }
});
