// The connections of the HTTPS door, over real sockets: which survive what. The API server keeps its connections for long and
// never sends a POST again that was cut off, so none may be lost that it could still use, and none may stay that nobody uses.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { selectWorkloads } from '../../src/core/workload.ts';
import type { ServerEvent } from '../../src/webhook/answering.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createServer, type ServerOptions } from '../../src/webhook/server.ts';
import { certificateFor } from '../certificates/certificate-for.ts';
import { postOf } from '../faults/reviews.ts';

const tls = { ...(await certificateFor('first')), minVersion: 'TLSv1.3' } as const;
t.setTimeout(60_000);
const SMALL = postOf('shop', 2_000);

async function open(options: Partial<ServerOptions> = {}) {
  const events: ServerEvent[] = [];
  const { app, swap, dismiss } = await createServer({
    tls,
    admit: async () => ({ reason: 'no-images', images: [], credentials: [], patch: [], warnings: [] }),
    readReview: createReviewReader(selectWorkloads([]), openWalk()),
    canTell: () => true,
    draining: () => false,
    observe: (event) => events.push(event),
    now: () => performance.now(),
    ...options,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const clients: TLSSocket[] = [];
  t.teardown(() => {
    for (const client of clients) client.destroy();
    return app.close();
  });
  async function client(): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.on('error', () => undefined);
    // Unread, an end would not be noticed.
    socket.resume();
    clients.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  }
  return { port, swap, dismiss, client, events };
}

/** The status of the next answer on a connection, undefined if it ends before. */
function answer(socket: TLSSocket): Promise<{ status: number; head: string } | undefined> {
  return new Promise((resolve) => {
    let text = '';
    function read(chunk: Buffer): void {
      text += chunk.toString('latin1');
      const [head = '', body] = text.split('\r\n\r\n');
      if (body === undefined || body.length < Number(/content-length: (\d+)/i.exec(head)?.[1])) return;
      socket.off('data', read);
      socket.off('close', gone);
      resolve({ status: Number(head.slice(9, 12)), head });
    }
    const gone = (): void => resolve(undefined);
    socket.on('data', read);
    socket.once('close', gone);
  });
}

async function post(socket: TLSSocket, request: Buffer = SMALL) {
  const answered = answer(socket);
  socket.write(request);
  return answered;
}

function isOpen(socket: TLSSocket): boolean {
  return !socket.destroyed && !socket.readableEnded;
}

t.test('a new certificate is for new connections, those that are open go on', async (t) => {
  const { client, swap } = await open();
  const old = await client();
  t.equal((await post(old))?.status, 200);
  swap({ ...(await certificateFor('second')), minVersion: 'TLSv1.3' });
  const fresh = await client();
  t.equal(fresh.getPeerCertificate().subject.CN, 'second');
  t.equal((await post(fresh))?.status, 200);
  t.equal(old.getPeerCertificate().subject.CN, 'first');
  t.equal((await post(old))?.status, 200, 'the connection from before answers');
  t.throws(() => swap({ key: tls.key, cert: 'nonsense', minVersion: 'TLSv1.3' }), 'what cannot be used');
  t.equal((await client()).getPeerCertificate().subject.CN, 'second', 'what was in use stays in use');
});

t.test('the oldest version of TLS can be changed with the certificate', async (t) => {
  const { port, swap } = await open();
  const speak = async (): Promise<string | null> => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    t.teardown(() => socket.destroy());
    return new Promise((resolve) => {
      socket.on('secureConnect', () => resolve(socket.getProtocol()));
      socket.on('error', () => resolve(null));
    });
  };
  t.equal(await speak(), null);
  swap({ ...tls, minVersion: 'TLSv1.2' });
  t.equal(await speak(), 'TLSv1.2');
});

t.test('a refused body is drained, and its connection is used again', async (t) => {
  const { client, events } = await open({ limits: { bytes: 100_000, requests: 10 } });
  const socket = await client();
  const large = postOf('shop', 3_000_000);
  for (let i = 0; i < 20; i++) {
    const refused = await post(socket, large);
    t.equal(refused?.status, 503);
    t.match(refused?.head, /\r\nretry-after: 1\r\n/i);
    t.match(refused?.head, /\r\nconnection: keep-alive\r\n/i);
    t.equal((await post(socket))?.status, 200, 'a small one over the same connection');
  }
  t.equal(events.filter((event) => event.kind === 'rejected' && event.reason === 'overloaded-bytes').length, 20);
});

t.test('one that announced no length is refused when it has become too much, and nothing of it is kept', async (t) => {
  const { client } = await open({ limits: { bytes: 100_000, requests: 10 } });
  const socket = await client();
  const [head = ''] = SMALL.toString('latin1').split('\r\n\r\n');
  const piece = Buffer.from(`${(50_000).toString(16)}\r\n${' '.repeat(50_000)}\r\n`);
  const answered = answer(socket);
  socket.write(`${head.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')}\r\n\r\n`);
  for (let i = 0; i < 3; i++) socket.write(piece);
  t.equal((await answered)?.status, 503, 'before the body is at its end');
  const before = process.memoryUsage.rss();
  let grown = 0;
  for (let i = 0; i < 2_000; i++) {
    if (!socket.write(piece)) await once(socket, 'drain');
    grown = Math.max(grown, process.memoryUsage.rss() - before);
  }
  t.comment(`resident memory has grown by at most ${Math.round(grown / 2 ** 20)} MiB while 95 MiB were drained`);
  t.ok(grown < 60 * 2 ** 20);
  socket.write('0\r\n\r\n');
  t.equal((await post(socket))?.status, 200);
});

t.test('what has been answered, or has gone away, holds nothing any more', async (t) => {
  const held = Promise.withResolvers<void>();
  const admit: ServerOptions['admit'] = async ({ name }) => {
    if (name !== '') await held.promise;
    return { reason: 'no-images', images: [], credentials: [], patch: [], warnings: [] };
  };
  const { client } = await open({ admit, limits: { bytes: 1_000_000, requests: 2 } });
  const [gone, waits, third] = await Promise.all([client(), client(), client()]);
  gone.write(SMALL);
  const waited = post(waits);
  await sleep(50);
  t.equal((await post(third))?.status, 503, 'two wait for their answer');
  gone.destroy();
  await sleep(50);
  const more = post(third);
  await sleep(50);
  held.resolve();
  t.equal((await waited)?.status, 200);
  t.equal((await more)?.status, 200);
  for (let i = 0; i < 20; i++) t.equal((await post(third))?.status, 200);
});

t.test('time-outs end who is slow and spare who is idle', async (t) => {
  const { port, client, events } = await open();
  const handshake = connectTcp({ host: '127.0.0.1', port });
  handshake.on('error', () => undefined);
  handshake.resume();
  t.teardown(() => handshake.destroy());
  const [unused, used, head, body] = await Promise.all([client(), client(), client(), client()]);
  t.equal((await post(used))?.status, 200);
  const ended = answer(head);
  head.write(SMALL.subarray(0, 60));
  body.write(SMALL.subarray(0, 600));
  await sleep(8_000);
  t.notOk(isOpen(head), 'a head of which the rest does not come, after 5 s');
  t.equal((await ended)?.status, 408);
  t.ok(isOpen(body), 'a body has more time');
  await sleep(4_500);
  t.notOk(isOpen(body), 'a body of which the rest does not come, after 10 s');
  t.ok(handshake.closed || handshake.readableEnded, 'a handshake that does not begin, after 10 s');
  t.ok(isOpen(used) && isOpen(unused), 'idle connections, of which one was never used');
  for (const idle of [used, unused]) {
    const answered = answer(idle);
    idle.write(SMALL.subarray(0, 200));
    await sleep(1_500);
    idle.write(SMALL.subarray(200));
    t.equal((await answered)?.status, 200, 'its time counts from its first byte');
    t.equal((await post(idle))?.status, 200);
  }
  t.equal(events.filter((event) => event.kind === 'rejected' && event.reason === 'too-slow').length, 3);
});

t.test('what is not HTTP is counted and ended', async (t) => {
  const { client, events } = await open();
  const socket = await client();
  const answered = answer(socket);
  socket.write('EHLO example.com\r\n\r\n');
  t.equal((await answered)?.status, 400);
  t.match(events, [{ reason: 'malformed', status: 400 }]);
});

t.test('more than a body may be is refused for good, whatever else is under way', async (t) => {
  const { client } = await open();
  const socket = await client();
  const answered = answer(socket);
  const [head = ''] = SMALL.toString('latin1').split('\r\n\r\n');
  socket.write(`${head.replace(/Content-Length: \d+/, 'Content-Length: 40000000')}\r\n\r\n`);
  const refused = await answered;
  t.equal(refused?.status, 413);
  t.match(refused?.head, /\r\nconnection: close\r\n/i);
});

t.test('while draining, what is refused is answered when its body has arrived, and not cut off before', async (t) => {
  const { client } = await open({ draining: () => true, limits: { bytes: 1_000, requests: 10 } });
  for (let i = 0; i < 5; i++) {
    const socket = await client();
    const large = postOf('shop', 600_000);
    const answered = answer(socket);
    for (let at = 0; at < large.length; at += 60_000) {
      socket.write(large.subarray(at, at + 60_000));
      await sleep(5);
    }
    const refused = await answered;
    t.equal(refused?.status, 503);
    t.match(refused?.head, /\r\nconnection: close\r\n/i);
  }
});

t.test('sent away: who is idle is told to come again elsewhere, who waits gets the answer', async (t) => {
  const held = Promise.withResolvers<void>();
  const { client, dismiss } = await open({
    draining: () => true,
    async admit() {
      await held.promise;
      return { reason: 'no-images', images: [], credentials: [], patch: [], warnings: [] };
    },
  });
  const [idle, racing, waiting] = await Promise.all([client(), client(), client()]);
  const waited = post(waiting);
  await sleep(50);
  const [told, raced] = [answer(idle), answer(racing)];
  for (const socket of [idle, racing]) socket.on('data', () => socket.end());
  let isOver = false;
  const over = dismiss(5_000).then(() => {
    isOver = true;
  });
  // In the very moment: it is on its way when the answer comes.
  racing.write(SMALL);
  for (const one of [await told, await raced]) {
    t.equal(one?.status, 503);
    t.match(one?.head, /\r\nretry-after: 0\r\n/i);
    t.match(one?.head, /\r\nconnection: close\r\n/i);
  }
  t.equal(isOver, false, 'what is under way is waited for');
  held.resolve();
  const last = await waited;
  t.equal(last?.status, 200);
  t.match(last?.head, /\r\nconnection: close\r\n/i);
  await over;
});

t.test('who does not go is not waited for longer than that', async (t) => {
  const { client, dismiss } = await open();
  await client();
  // The client is done with the handshake before the server is.
  await sleep(50);
  const began = performance.now();
  await dismiss(200);
  t.ok(performance.now() - began >= 190);
});
