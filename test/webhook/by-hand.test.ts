// Reading by hand, over real sockets: whatever a client sends, each request has one answer, in order; Node's parser never sees a part
// of a request; and what Node and fastify would say is what is said.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { selectWorkloads } from '../../src/core/workload.ts';
import type { ServerEvent } from '../../src/webhook/answering.ts';
import { createByHand } from '../../src/webhook/by-hand.ts';
import { createGate } from '../../src/webhook/gate.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createServer, type ServerOptions } from '../../src/webhook/server.ts';
import { certificateFor } from '../certificates/certificate-for.ts';
import { postOf } from '../faults/reviews.ts';

const tls = { ...(await certificateFor('first')), minVersion: 'TLSv1.3' } as const;
const NOTHING = { reason: 'no-images', images: [], credentials: [], patch: [], warnings: [] } as const;
const SMALL = postOf('shop', 2_000);
const BODY = SMALL.subarray(SMALL.indexOf('\r\n\r\n') + 4);
const HEAD = SMALL.subarray(0, SMALL.indexOf('\r\n\r\n') + 2).toString();
/** It announces a body of its own length. */
const withBody = (body: Buffer | string): Buffer =>
  Buffer.concat([
    Buffer.from(`${HEAD.replace(/Content-Length: \d+/, `Content-Length: ${Buffer.byteLength(body)}`)}\r\n`),
    Buffer.from(body),
  ]);
/** A review by whose uid its answer can be known. */
const asked = (uid: string): Buffer => withBody(BODY.toString().replace(/"uid":"[^"]*"/, `"uid":"${uid}"`));

/** A door that refuses everything while it is full, and one connection to it. */
async function open(t: Test, options: Partial<ServerOptions> = {}) {
  const events: ServerEvent[] = [];
  const limits = { bytes: 100_000_000, requests: 1_000 };
  let draining = false;
  const { app, dismiss } = await createServer({
    tls,
    limits,
    admit: () => NOTHING,
    readReview: createReviewReader(selectWorkloads([]), openWalk()),
    canTell: () => true,
    draining: () => draining,
    observe: (event) => events.push(event),
    now: () => performance.now(),
    ...options,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  async function client() {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    t.teardown(() => socket.destroy());
    const answers = answersOf(socket);
    await once(socket, 'secureConnect');
    socket.setNoDelay(true);
    async function ask(...pieces: (Buffer | string)[]) {
      for (const piece of pieces) {
        socket.write(piece);
        if (pieces.length > 1) await sleep(2);
      }
      return answers.next();
    }
    return { socket, answers, ask };
  }
  t.teardown(() => app.close());
  return {
    ...(await client()),
    ...{ app, client, dismiss, events },
    full: (full: boolean) => {
      limits.requests = full ? 0 : 1_000;
    },
    drain: () => {
      draining = true;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Node says how long it keeps a connection. */
  readonly byHand: boolean;
}

function answersOf(socket: NodeJS.ReadableStream) {
  const [ready, waiting]: [Answer[], ((answer: Answer | undefined) => void)[]] = [[], []];
  let text = '';
  let isClosed = false;
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      const head = text.slice(0, end + 2);
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
      if (end < 0 || text.length < end + 4 + length) return;
      const body = text.slice(end + 4, end + 4 + length);
      text = text.slice(end + 4 + length);
      const answer = { status: Number(head.slice(9, 12)), head, body, byHand: !/\r\nkeep-alive: /i.test(head) };
      const next = waiting.shift();
      if (next) next(answer);
      else ready.push(answer);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
    for (const next of waiting) next(undefined);
  });
  return {
    next: (): Promise<Answer | undefined> =>
      ready.length > 0 || isClosed ? Promise.resolve(ready.shift()) : new Promise((resolve) => waiting.push(resolve)),
    left: ready,
  };
}

/** Reset or in good order. */
const closeOf = (socket: NodeJS.EventEmitter): Promise<void> => new Promise((resolve) => socket.once('close', resolve));

const uidOf = (answer: Answer | undefined): string => JSON.parse(answer?.body ?? '{}').response?.uid;

t.test(
  'the first request of a connection is read by Node, the others by hand, and the answers are alike',
  async (t) => {
    const { ask, events } = await open(t);
    for (const post of [SMALL, withBody('{'), withBody(''), withBody('[]'), postOf('shop', 300_000)]) {
      const { ask: askFirst } = await open(t);
      const first = await askFirst(post);
      await ask(SMALL);
      const later = await ask(post);
      t.match(first, { byHand: false });
      t.match(later, { byHand: true, status: first?.status, body: first?.body });
      for (const head of [first?.head, later?.head]) {
        t.match(head, /^HTTP\/1\.1 (200 OK|400 Bad Request)\r\n/);
        t.match(head, /\r\ncontent-type: (application\/json|text\/plain)/i);
        t.match(head, /\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/i);
        t.match(head, /\r\nconnection: keep-alive\r\n/i);
      }
    }
    t.equal(events.length, 10, 'each is told of once');
  },
);

t.test('what is not ASCII comes back whole', async (t) => {
  const { ask } = await open(t, { admit: async () => ({ ...NOTHING, warnings: ['Jürgen, 鍵'] }) });
  for (let i = 0; i < 2; i++) {
    const answer = await ask(SMALL);
    t.same(JSON.parse(Buffer.from(answer?.body ?? '', 'latin1').toString()).response.warnings, ['Jürgen, 鍵']);
  }
});

t.test('who is refused is served as soon as there is room', async (t) => {
  const { ask, full, events } = await open(t);
  t.match(await ask(SMALL), { status: 200, byHand: false });
  full(true);
  const refused = await ask(SMALL);
  t.match(refused, { status: 503, byHand: true, body: 'too many requests wait for an answer\n' });
  t.match(refused?.head, /\r\nretry-after: 1\r\n/i);
  full(false);
  t.match(await ask(SMALL), { status: 200, byHand: true });
  const counted = events.map((event) => (event.kind === 'rejected' ? `${event.status} ${event.reason}` : event.kind));
  t.same(counted, ['answered', '503 overloaded-requests', 'answered'], 'each is counted once');
});

t.test('in pieces of any size, refused and let in by turns', async (t) => {
  const { ask, full, events, answers } = await open(t);
  let byHand = 0;
  for (let i = 0; i < 400; i++) {
    const refuses = i % 5 < 3;
    full(refuses);
    const post = postOf('shop', 1_500 + ((i * 7_919) % 40_000));
    const cuts = [i * 337, i * 911].slice(0, i % 3).map((at) => HEAD.length + 2 + (at % 1_000));
    const pieces = [0, ...cuts.sort((a, b) => a - b)].map((from, at, all) => post.subarray(from, all[at + 1]));
    const answer = await ask(...pieces);
    if (answer?.byHand) byHand++;
    if (answer?.status !== (refuses ? 503 : 200)) t.fail(`${JSON.stringify(answer)} for ${cuts}`);
  }
  t.equal(byHand, 399);
  t.equal(events.length, 400);
  t.equal(answers.left.length, 0, 'no more answers than requests');
});

for (const [what, request, status, served] of [
  ['a body in chunks', chunked(BODY), 503, 200],
  ['one that wants the connection closed', `${HEAD}Connection: close\r\n\r\n${BODY}`, 503, 200],
  ['HTTP/1.0', `${HEAD.replace('HTTP/1.1', 'HTTP/1.0')}\r\n${BODY}`, 503, 200],
  [
    'a type with a charset',
    SMALL.toString().replace('application/json\r', 'application/json; charset=utf-8\r'),
    503,
    200,
  ],
  ['no body', 'GET /mutate HTTP/1.1\r\nHost: a\r\n\r\n', 503, 404],
  ['another path', SMALL.toString().replace('/mutate', '/validate'), 503, 404],
  ['two lengths', `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`, 400, 400],
  ['a length that is none', `POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`, 400, 400],
  ['more than a body may be', `POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n`, 413, 413],
  ['a client that waits to be asked for the body', `${HEAD}Expect: 100-continue\r\n\r\n${BODY}`, 100, 100],
  ['what is not HTTP', 'EHLO example.com\r\n\r\n', 400, 400],
] as const) {
  t.test(`left to Node: ${what}`, async (t) => {
    for (const isFull of [true, false]) {
      const { ask, full, socket } = await open(t);
      await ask(SMALL);
      t.match(await ask(SMALL), { byHand: true });
      full(isFull);
      const answer = await ask(request);
      t.equal(answer?.status, isFull ? status : served);
      if (![200, 404, 503].includes(answer?.status ?? 0)) continue;
      if (/\r\nconnection: close\r\n/i.test(answer?.head ?? '')) continue;
      t.notOk(answer?.byHand);
      full(false);
      t.match(await ask(SMALL), { status: 200, byHand: false }, 'and goes on with it');
      t.notOk(socket.destroyed);
    }
  });
}

t.test('a head in pieces, and requests that do not wait for answers, lose nothing', async (t) => {
  for (const pieces of [
    [SMALL.subarray(0, 50), SMALL.subarray(50)],
    [Buffer.concat([SMALL, SMALL, SMALL])],
    [SMALL.subarray(0, 900), Buffer.concat([SMALL.subarray(900), SMALL.subarray(0, 30)]), SMALL.subarray(30)],
    [SMALL, SMALL, Buffer.concat([SMALL, SMALL.subarray(0, 1_000)]), SMALL.subarray(1_000)],
  ]) {
    for (const room of [true, false]) {
      const { ask, full, answers } = await open(t);
      await ask(SMALL);
      full(!room);
      const expected = Math.floor(Buffer.concat(pieces).length / SMALL.length);
      const got = [await ask(...pieces)];
      while (got.length < expected) got.push(await answers.next());
      t.same(new Set(got.map((answer) => answer?.status)), new Set([room ? 200 : 503]));
      full(false);
      t.match(await ask(SMALL), { status: 200 }, 'and goes on');
      t.equal(answers.left.length, 0);
    }
  }
});

t.test('answers keep the order of their requests, whoever reads them', async (t) => {
  const [a, b, c] = [asked('a'), asked('b'), asked('c')];
  const admit: ServerOptions['admit'] = async ({ uid }) => {
    if (uid === 'b') await sleep(100);
    return NOTHING;
  };
  for (const pieces of [
    [Buffer.concat([a, b]), c],
    [a, Buffer.concat([b, c])],
    [a, b, c],
    [Buffer.concat([a, b.subarray(0, 40)]), b.subarray(40), c],
    [Buffer.concat([a, b.subarray(0, 400)]), b.subarray(400), c],
  ]) {
    for (const before of [0, 1]) {
      const { ask, answers } = await open(t, { admit });
      if (before) await ask(SMALL);
      const got = [await ask(...pieces), await answers.next(), await answers.next()];
      t.same(got.map(uidOf), ['a', 'b', 'c']);
    }
  }
});

t.test('the head of a request behind the first one is not taken for its own', async (t) => {
  const { ask, answers } = await open(t);
  const inner = asked('inner');
  const head = `${HEAD.replace(/Content-Length: \d+/, `Content-Length: ${inner.length}`)}\r\n`;
  t.equal(uidOf(await ask(Buffer.concat([asked('outer'), Buffer.from(head)]))), 'outer');
  t.match(await ask(inner), { status: 400, body: 'the body is not JSON\n' }, 'it is a body, whatever is in it');
  t.equal(answers.left.length, 0);
});

t.test('on shutdown the client is asked to close', async (t) => {
  const held = Promise.withResolvers<void>();
  const admit: ServerOptions['admit'] = async ({ uid }) => {
    if (uid === 'held') await held.promise;
    return NOTHING;
  };
  const { ask, client, drain, dismiss } = await open(t, { admit });
  await ask(SMALL);
  const other = await client();
  await other.ask(SMALL);
  const waiting = other.ask(asked('held'));
  await sleep(20);
  drain();
  t.match(await ask(SMALL), { status: 200, head: /\r\nconnection: close\r\n/i }, 'one that comes then');
  const gone = dismiss(5_000);
  await sleep(20);
  held.resolve();
  t.match(await waiting, { status: 200, byHand: true, head: /\r\nconnection: close\r\n/i }, 'one that was under way');
  await gone;
});

t.test('what is under way when the server closes gets its answer', async (t) => {
  const admit: ServerOptions['admit'] = async ({ uid }) => {
    if (uid === 'slow') await sleep(200);
    return NOTHING;
  };
  const { ask, client, app, socket } = await open(t, { admit });
  const [half, idle] = [await client(), await client()];
  for (const each of [ask, half.ask, idle.ask]) await each(SMALL);
  const slow = ask(asked('slow'));
  half.socket.write(SMALL.subarray(0, 1_000));
  await sleep(50);
  const closed = app.close();
  await closeOf(idle.socket);
  t.match(await half.ask(SMALL.subarray(1_000)), { status: 200 });
  t.match(await slow, { status: 200 });
  for (const served of [half.socket, socket]) served.destroy();
  await closed;
});

t.test('who goes away leaves nothing behind', async (t) => {
  const held = Promise.withResolvers<void>();
  const limits = { bytes: 100_000, requests: 2 };
  const admit: ServerOptions['admit'] = async ({ uid }) => {
    if (uid === 'held') await held.promise;
    return NOTHING;
  };
  const { ask, client } = await open(t, { admit, limits });
  await ask(SMALL);
  for (let i = 0; i < 30; i++) {
    const gone = await client();
    await gone.ask(SMALL);
    gone.socket.write(i % 2 === 0 ? asked('held') : postOf('shop', 60_000).subarray(0, 50_000));
    await sleep(5);
    gone.socket.destroy();
  }
  await sleep(50);
  for (let i = 0; i < 10; i++)
    t.match(await ask(postOf('shop', 60_000)), { status: 200 }, 'there is room for all of it');
  held.resolve();
  t.match(await ask(SMALL), { status: 200 });
});

t.test('a fault of ours is an answer, even if it cannot be told of', async (t) => {
  const fails: Partial<ServerOptions>[] = [
    { admit: () => Promise.reject(new Error('secret')) },
    {
      admit() {
        throw Object.assign(new Error('secret'), { statusCode: 400 });
      },
    },
    {
      readReview() {
        throw new Error('secret');
      },
    },
  ];
  for (const failing of fails) {
    const { ask, events } = await open(t, failing);
    for (const byHand of [false, true]) t.match(await ask(SMALL), { status: 500, byHand, body: 'internal error\n' });
    t.match(events, [{ reason: 'fault', error: { message: 'secret' } }, { reason: 'fault' }]);
  }
  const { ask } = await open(t, {
    observe() {
      throw new Error('secret');
    },
  });
  for (let i = 0; i < 2; i++) t.match(await ask(SMALL), { status: 200 });
  t.match(await ask(withBody('{')), { status: 400 });
});

for (const drips of [true, false]) {
  for (const room of ['room', 'no room', 'room for a part of it']) {
    const how = drips ? 'comes in drops' : 'never comes';
    t.test(`a body that ${how} ends its connection, where there is ${room}`, async (t) => {
      const slow: string[] = [];
      const limits = { bytes: room === 'room' ? 1_000_000 : 1_500, requests: room === 'no room' ? 0 : 1 };
      const byHand = createByHand({
        answering: {
          answer: (_, done) => done({ status: 200, type: 'text/plain', text: 'served' }),
          reject: () => ({ status: 503, type: 'text/plain', text: 'refused' }),
        },
        gate: createGate({ limits, tooBusy: () => false, now: () => 0 }),
        connections: { asked: () => undefined, answered: () => undefined },
        draining: () => false,
        tooSlow(socket) {
          slow.push(room);
          socket.destroy();
        },
        withinMs: 200,
      });
      const server = createHttpServer((request, response) => {
        request.resume().once('end', () => {
          byHand(request.socket);
          byHand(request.socket);
          response.end();
        });
      });
      server.listen(0, '127.0.0.1');
      t.teardown(() => server.close());
      await once(server, 'listening');
      const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
      t.teardown(() => socket.destroy());
      const answers = answersOf(socket);
      socket.write(SMALL);
      t.match(await answers.next(), { status: 200, byHand: false });
      socket.write(withBody('x'.repeat(100)));
      const status = room === 'no room' ? 503 : 200;
      t.match(await answers.next(), { status, byHand: true }, 'taken over once, however often it is asked for');
      socket.write(withBody('x'.repeat(1_400)).subarray(0, 600));
      await sleep(20);
      const closed = closeOf(socket);
      socket.write('x'.repeat(700));
      const drip = setInterval(() => drips && socket.write(' '), 20);
      t.teardown(() => clearInterval(drip));
      await closed;
      clearInterval(drip);
      t.same(slow, [room]);
    });
  }
}

function chunked(body: Buffer): string {
  const head = HEAD.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked');
  return `${head}\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}
