// A thousand clients that hold a connection and do not go on: in the handshake, in the head, in the body. Normal requests must
// not notice them, memory must stay bounded, and they must be gone when their time is over.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { atMost, FULL } from '../full.ts';
import { eventually } from '../serve/installation.ts';
import { flood, memoryOf } from './flooding.ts';
import { postOf } from './reviews.ts';

t.setTimeout(180_000);
const COUNT = FULL ? 1_000 : 300;
const SECONDS = FULL ? 6 : 3;
/** What 1,000 connections may cost: each some 60 KiB of TLS, and what arrived of 333 bodies. */
const COST_MIB = 120;
const LARGE = postOf('shop', 3_000_000);

const door = fork(join(import.meta.dirname, 'door.ts'));
t.teardown(() => door.kill('SIGKILL'));
const { port } = (await once(door, 'message'))[0] as { port: number };

async function rejectedBy(process: ChildProcess): Promise<Readonly<Record<string, number>>> {
  const answered = once(process, 'message');
  process.send({});
  return ((await answered)[0] as { rejected: Record<string, number> }).rejected;
}

/** 1: stops in the handshake. 2: in the head. 0: in the body, of which much is announced and some has come. */
async function openSlow(index: number): Promise<Socket | TLSSocket> {
  if (index % 3 === 1) {
    const socket = connectTcp({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    // The beginning of a ClientHello.
    if (index % 2 === 0) socket.write(Buffer.from('160301020001000', 'hex'));
    return socket;
  }
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(LARGE.subarray(0, index % 3 === 2 ? 80 : 16_000));
  return socket;
}

t.test('a thousand slow clients beside normal ones', async (t) => {
  const normal = {
    port,
    namespace: 'shop',
    connections: 16,
    rate: 100,
    sizes: [3_000, 7_000, 20_000],
    timeoutMs: 10_000,
  };
  await flood({ ...normal, seconds: SECONDS / 2 });
  const before = await flood({ ...normal, seconds: SECONDS });
  const alone = memoryOf(door.pid ?? 0);
  const slow: Socket[] = [];
  t.teardown(() => {
    for (const socket of slow) socket.destroy();
  });
  let gone = 0;
  const opened = performance.now();
  for (let i = 0; i < COUNT; i += 50) {
    const batch = await Promise.all(Array.from({ length: 50 }, (_, j) => openSlow(i + j)));
    for (const socket of batch) {
      slow.push(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => gone++);
      socket.resume();
    }
  }
  t.comment(`${COUNT} slow connections were made within ${Math.round(performance.now() - opened)} ms`);
  const there = COUNT - gone;
  const during = await flood({ ...normal, seconds: SECONDS });
  const { resident, peak } = memoryOf(door.pid ?? 0);
  t.comment(`there when the normal requests began: ${there}; gone when they ended: ${gone}`);
  t.comment(`before: ${JSON.stringify(before.all)}; beside them: ${JSON.stringify(during.all)} ms`);
  t.comment(`resident: ${alone.resident} MiB before, ${resident} with them, ${peak} at most`);
  t.ok(there > COUNT / 2, 'they were there');
  for (const { answers, sent, opened } of [before, during]) {
    t.equal(answers['200'], sent, 'every normal request is answered with a review');
    t.equal(opened, normal.connections, 'and no connection of theirs is cut');
  }
  t.ok(during.all.median < 2 * before.all.median + atMost(5), 'the usual latency');
  t.ok(during.all.worst < before.all.worst + atMost(250), 'the worst latency');
  t.ok(peak < alone.peak + COST_MIB, `${peak - alone.peak} MiB more at most`);
  await eventually('all of them are gone', async () => (gone === COUNT ? true : undefined), 20);
  t.comment(`all were gone ${((performance.now() - opened) / 1_000).toFixed(1)} s after the first came`);
  const rejected = await rejectedBy(door);
  t.comment(`counted: ${JSON.stringify(rejected)}`);
  t.equal(rejected['too-slow'], COUNT, 'each is counted once');
  await sleep(1_000);
  const after = await flood({ ...normal, seconds: SECONDS / 2 });
  t.comment(`after: ${JSON.stringify(after.all)} ms; resident ${memoryOf(door.pid ?? 0).resident} MiB`);
  t.equal(after.answers['200'], after.sent);
});
