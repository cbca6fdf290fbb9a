// The faults that the tests of this folder make: each must do what it says, or what is shown with it is shown of nothing.
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePorts } from '../control-plane/control-plane.ts';
import { eventually } from '../serve/installation.ts';
import { openEndpoints } from './endpoints.ts';
import { openPath } from './path.ts';

/** Answers every chunk with the same chunk. */
async function echo(t: Test): Promise<{ readonly port: number; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

interface Client {
  /** How long the answer took, in milliseconds; undefined after `withinMs` without one. */
  ask(withinMs?: number): Promise<number | undefined>;
  /** What ended it. */
  readonly over: Promise<string>;
  readonly socket: Socket;
}

function open(t: Test, port: number): Client {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  t.teardown(() => socket.destroy());
  const over = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    socket.on('end', () => resolve('end'));
  });
  return {
    socket,
    over,
    ask(withinMs = 2_000) {
      const asked = performance.now();
      socket.write('hello');
      return Promise.race([
        new Promise<number>((resolve) => socket.once('data', () => resolve(performance.now() - asked))),
        sleep(withinMs, undefined),
      ]);
    },
  };
}

t.test('a path that is slow, stalled, healed', async (t) => {
  const [port] = await freePorts(1);
  const server = await echo(t);
  const path = await openPath(port, server.port);
  t.teardown(() => path.close());
  const client = open(t, port);
  t.ok(((await client.ask()) ?? 9_999) < 1_000, 'at once');
  path.delay(100);
  const slow = (await client.ask()) ?? 0;
  t.ok(slow >= 199 && slow < 2_000, `${slow} ms there and back`);
  path.delay(0);
  await path.cut({ present: 'stalled', fresh: 'silent' });
  t.equal(await client.ask(200), undefined, 'silent');
  const late = open(t, port);
  const answer = late.ask(2_000);
  t.equal(await late.ask(200), undefined, 'a new one too');
  await path.heal();
  t.ok(await answer, 'healed, it hears what was sent');
  t.ok(await client.ask());
  t.equal(path.open(), 2);
});

t.test('a path that forgets its connections, or resets them', async (t) => {
  const [port] = await freePorts(1);
  const server = await echo(t);
  const path = await openPath(port, server.port);
  t.teardown(() => path.close());
  const forgotten = open(t, port);
  t.ok(await forgotten.ask());
  await path.cut({ present: 'lost', fresh: 'refused' });
  t.equal(await open(t, port).over, 'ECONNREFUSED');
  await path.heal();
  t.equal(await forgotten.ask(200), undefined, 'silent for ever');
  const other = open(t, port);
  t.ok(await other.ask());
  await path.cut({ present: 'reset', fresh: 'silent' });
  t.equal(await other.over, 'ECONNRESET');
});

t.test('an end is passed on as an end, and a reset as a reset', async (t) => {
  const [port] = await freePorts(1);
  const server = await echo(t);
  const path = await openPath(port, server.port);
  t.teardown(() => path.close());
  const client = open(t, port);
  t.ok(await client.ask());
  for (const socket of server.sockets) socket.end();
  t.equal(await client.over, 'end');
  server.sockets.clear();
  const cut = open(t, port);
  t.ok(await cut.ask());
  for (const socket of server.sockets) socket.resetAndDestroy();
  t.equal(await cut.over, 'ECONNRESET');
});

async function replica(t: Test) {
  const server = await echo(t);
  let ready = false;
  const health: HttpServer = createHttpServer((_request, answer) => answer.writeHead(ready ? 200 : 503).end());
  await new Promise<void>((resolve) => health.listen(0, '127.0.0.1', resolve));
  t.teardown(() => health.close());
  function set(now: boolean): void {
    ready = now;
  }
  return { ...server, healthPort: (health.address() as AddressInfo).port, set };
}

t.test('endpoints: only what is ready is used, and for the lag what was', async (t) => {
  const [port] = await freePorts(1);
  const endpoints = await openEndpoints({ port, lagMs: 500, probeMs: 20 });
  t.teardown(() => endpoints.close());
  const one = await replica(t);
  const endpoint = endpoints.add(one);
  t.equal(await open(t, port).over, 'ECONNRESET', 'nobody is there');
  t.equal(endpoints.turnedAway(), 1);
  one.set(true);
  await eventually('in use', async () => endpoint.inUse() || undefined);
  const client = open(t, port);
  t.ok(await client.ask());
  one.set(false);
  const since = performance.now();
  await sleep(200);
  t.ok(await open(t, port).ask(), 'still used');
  await eventually('out of use', async () => !endpoint.inUse() || undefined);
  const lag = performance.now() - since;
  t.ok(lag >= 500 && lag < 2_000, `out after ${lag} ms`);
  t.equal(await open(t, port).over, 'ECONNRESET');
  t.ok(await client.ask(), 'a connection stays where it is');
  one.set(true);
  await eventually('in use again', async () => endpoint.inUse() || undefined);
  endpoint.takeOut();
  t.equal(await open(t, port).over, 'ECONNRESET', 'taken out by hand');
  endpoint.putBack();
  t.ok(await open(t, port).ask());
  t.match(endpoint.counts, { opened: 3, 'server closed': 0, 'server reset': 0 });
});
