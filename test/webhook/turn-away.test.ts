// Refusing by hand under overload, over real sockets: whatever a client sends, each request has one answer, Node's parser never
// sees a part of a request, and a connection serves again as soon as its requests are let in.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import type { OverloadReason } from '../../src/core/reason.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createServer, type ServerEvent } from '../../src/webhook/server.ts';
import { createTurnAway } from '../../src/webhook/turn-away.ts';
import { certificateFor } from '../certificates/certificate-for.ts';
import { postOf } from '../faults/reviews.ts';

const tls = { ...(await certificateFor('first')), minVersion: 'TLSv1.3' } as const;
const SMALL = postOf('shop', 2_000);
const BODY = SMALL.subarray(SMALL.indexOf('\r\n\r\n') + 4);
const HEAD = SMALL.subarray(0, SMALL.indexOf('\r\n\r\n') + 2).toString();

/** A door that refuses everything while `door.full`, and one connection to it. */
async function open(t: Test) {
  const events: ServerEvent[] = [];
  const limits = { bytes: 100_000_000, requests: 1_000 };
  let draining = false;
  const { app } = await createServer({
    tls,
    limits,
    admit: async () => ({ reason: 'no-images', images: [], credentials: [], patch: [], warnings: [] }),
    readReview: createReviewReader(selectWorkloads([])),
    canTell: () => true,
    draining: () => draining,
    observe: (event) => events.push(event),
    now: () => performance.now(),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect({
    host: '127.0.0.1',
    port: (app.server.address() as AddressInfo).port,
    rejectUnauthorized: false,
  });
  t.teardown(() => {
    socket.destroy();
    return app.close();
  });
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
  return {
    socket,
    answers,
    ask,
    events,
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
  /** Node's own answers have a date. */
  readonly byHand: boolean;
}

function answersOf(socket: NodeJS.ReadableStream) {
  const [ready, waiting]: [Answer[], ((answer: Answer | undefined) => void)[]] = [[], []];
  let text = '';
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      const head = text.slice(0, end + 2);
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
      if (end < 0 || text.length < end + 4 + length) return;
      const body = text.slice(end + 4, end + 4 + length);
      text = text.slice(end + 4 + length);
      const answer = { status: Number(head.slice(9, 12)), head, body, byHand: !/\r\ndate: /i.test(head) };
      const next = waiting.shift();
      if (next) next(answer);
      else ready.push(answer);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const next of waiting) next(undefined);
  });
  return {
    next: (): Promise<Answer | undefined> =>
      ready.length > 0 ? Promise.resolve(ready.shift()) : new Promise((resolve) => waiting.push(resolve)),
    left: ready,
  };
}

t.test('who was refused once is refused by hand, and served as soon as there is room', async (t) => {
  const { ask, full, events } = await open(t);
  t.match(await ask(SMALL), { status: 200, byHand: false });
  full(true);
  const first = await ask(SMALL);
  const second = await ask(SMALL);
  t.match(first, { status: 503, byHand: false, body: 'too many requests wait for an answer\n' });
  t.match(second, { status: 503, byHand: true, body: first?.body });
  for (const head of [first?.head, second?.head]) t.match(head, /\r\nretry-after: 1\r\n/i);
  full(false);
  t.match(await ask(SMALL), { status: 200, byHand: false });
  full(true);
  t.match(await ask(SMALL), { status: 503, byHand: true });
  const counted = events.map((event) => (event.kind === 'rejected' ? `${event.status} ${event.reason}` : event.kind));
  const refused = '503 overloaded-requests';
  t.same(counted, ['answered', refused, refused, 'answered', refused], 'each is counted once');
});

t.test('in pieces of any size, refused and let in by turns', async (t) => {
  const { ask, full, events, answers } = await open(t);
  full(true);
  await ask(SMALL);
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
  t.ok(byHand > 150, `${byHand} by hand`);
  t.equal(events.length, 401);
  t.equal(answers.left.length, 0, 'no more answers than requests');
});

for (const [what, request, status] of [
  ['a body in chunks', chunked(BODY), 503],
  ['one that wants the connection closed', `${HEAD}Connection: close\r\n\r\n${BODY}`, 503],
  ['HTTP/1.0', `${HEAD.replace('HTTP/1.1', 'HTTP/1.0')}\r\n${BODY}`, 503],
  ['no body', 'GET /mutate HTTP/1.1\r\nHost: a\r\n\r\n', 503],
  ['two lengths', `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`, 400],
  ['a length that is none', `POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`, 400],
  ['more than a body may be', `POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n`, 413],
  ['a client that waits to be asked for the body', `${HEAD}Expect: 100-continue\r\n\r\n${BODY}`, 100],
  ['what is not HTTP', 'EHLO example.com\r\n\r\n', 400],
] as const) {
  t.test(`left to Node: ${what}`, async (t) => {
    const { ask, full, socket } = await open(t);
    full(true);
    await ask(SMALL);
    t.match(await ask(SMALL), { byHand: true });
    const answer = await ask(request);
    t.equal(answer?.status, status);
    if (status !== 503) return;
    t.notOk(answer?.byHand);
    if (/\r\nconnection: close\r\n/i.test(answer?.head ?? '')) return;
    full(false);
    t.match(await ask(SMALL), { status: 200 }, 'and goes on');
    t.notOk(socket.destroyed);
  });
}

t.test('a head in pieces, and requests that do not wait for answers, are left to Node and lose nothing', async (t) => {
  for (const pieces of [
    [SMALL.subarray(0, 50), SMALL.subarray(50)],
    [Buffer.concat([SMALL, SMALL, SMALL])],
    [SMALL.subarray(0, 900), Buffer.concat([SMALL.subarray(900), SMALL.subarray(0, 30)]), SMALL.subarray(30)],
  ]) {
    for (const room of [true, false]) {
      const { ask, full, answers } = await open(t);
      full(true);
      await ask(SMALL);
      t.match(await ask(SMALL), { byHand: true });
      full(!room);
      const expected = Math.floor(Buffer.concat(pieces).length / SMALL.length);
      const got = [await ask(...pieces)];
      while (got.length < expected) got.push(await answers.next());
      t.same(new Set(got.map((answer) => answer?.status)), new Set([room ? 200 : 503]));
      full(false);
      t.match(await ask(SMALL), { status: 200 }, 'and goes on');
    }
  }
});

t.test('on shutdown the client is asked to close, which is left to Node', async (t) => {
  const { ask, full, drain } = await open(t);
  full(true);
  await ask(SMALL);
  t.match(await ask(SMALL), { byHand: true });
  drain();
  t.match(await ask(SMALL), { status: 503, byHand: false, head: /\r\nconnection: close\r\n/i });
});

for (const drips of [true, false]) {
  const how = drips ? 'comes in drops' : 'never comes';
  t.test(`a refused body that ${how} ends its connection`, async (t) => {
    const refused: OverloadReason[] = [];
    const turnAway = createTurnAway({
      refusal: () => 'overloaded-loop',
      refused: (reason) => refused.push(reason),
      withinMs: 200,
    });
    const server = createHttpServer((request, response) => {
      request.resume().once('end', () => {
        turnAway(request.socket);
        turnAway(request.socket);
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
    t.match(await answers.next(), { status: 200 });
    socket.write(SMALL);
    t.match(await answers.next(), { status: 503, byHand: true });
    t.same(refused, ['overloaded-loop'], 'taken over once, however often it is asked for');
    socket.write(SMALL.subarray(0, 600));
    const closed = once(socket, 'close');
    const drip = setInterval(() => drips && socket.write(' '), 20);
    await closed;
    clearInterval(drip);
    t.equal(refused.length, 1);
  });
}

function chunked(body: Buffer): string {
  const head = HEAD.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked');
  return `${head}\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}
