// The status codes of the HTTPS door, without a socket: what is a review gets an answer, the rest a status that leaves the
// choice to the administrator's failurePolicy, and never a word about what is inside.
import t from 'tap';
import { compilePolicy } from '../../src/core/policy.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { type Admit, createAdmission } from '../../src/webhook/admission.ts';
import type { ServerEvent } from '../../src/webhook/answering.ts';
import type { Limits } from '../../src/webhook/gate.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createServer } from '../../src/webhook/server.ts';
import { certificateFor } from '../certificates/certificate-for.ts';
import { renderingsOf } from '../core/given.ts';

const tls = { ...(await certificateFor('localhost')), minVersion: 'TLSv1.3' } as const;
const JSON_TYPE = { 'content-type': 'application/json' };
const CANARY = 'canary-of-an-inner-fault';

/** The real admission over a cluster in which everything takes part and nothing is private. */
const plainAdmit = createAdmission(
  {
    participation: { namespaces: {}, own: 'pullpass-system' },
    pullSecretName: 'pullpass-dockercfg',
  },
  {
    namespace: async () => ({ found: { labels: {} } }),
    serviceAccount: async () => ({ absent: true }),
    pullSecret: () => undefined,
  },
  () => 'created',
  () => ({ policy: compilePolicy([]), renderings: renderingsOf(compilePolicy([])) }),
  () => 0,
);

interface OpenOptions {
  readonly admit?: Admit;
  readonly canTell?: boolean;
  readonly draining?: boolean;
  readonly limits?: Limits;
  readonly now?: () => number;
}

async function open(options: OpenOptions = {}) {
  const { admit = plainAdmit, canTell = true, draining = false, now = () => 0, limits } = options;
  const events: ServerEvent[] = [];
  const { app } = await createServer({
    tls,
    admit,
    readReview: createReviewReader(selectWorkloads(['Deployment']), openWalk()),
    canTell: () => canTell,
    draining: () => draining,
    observe: (event) => events.push(event),
    now,
    ...(limits === undefined ? {} : { limits }),
  });
  t.teardown(() => app.close());
  const post = (payload: string | Buffer, headers: Record<string, string> = JSON_TYPE, url = '/mutate?timeout=10s') =>
    app.inject({ method: 'POST', url, headers, payload });
  return { app, events, post };
}

const POD = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };

function review(request: object): string {
  const whole = { uid: 'u-1', kind: { group: '', kind: 'Pod' }, operation: 'CREATE', namespace: 'shop', object: POD };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { ...whole, ...request },
  });
}

t.test('every well-formed review is allowed with 200, odd ones too', async (t) => {
  const { post } = await open();
  const odd: readonly (readonly [what: string, request: object, reason: string])[] = [
    ['plain', {}, 'no-private-image'],
    ['unknown kind', { kind: { group: 'example.com', kind: 'Thing' } }, 'not-a-workload'],
    ['kind without a name', { kind: {} }, 'not-a-workload'],
    ['a known name in another group', { kind: { group: 'example.com', kind: 'Deployment' } }, 'not-a-workload'],
    ['DELETE', { operation: 'DELETE', object: null, oldObject: POD }, 'not-applicable'],
    ['CONNECT', { operation: 'CONNECT' }, 'not-applicable'],
    ['no operation', { operation: undefined }, 'not-applicable'],
    ['subresource', { subResource: 'status' }, 'not-applicable'],
    ['null object', { object: null }, 'not-applicable'],
    ['object is a list', { object: [] }, 'not-applicable'],
    ['object is a text', { object: 'pod' }, 'not-applicable'],
    ['no spec', { object: { metadata: {} } }, 'malformed-object'],
    ['list of another form', { object: { spec: { imagePullSecrets: 'x', containers: [] } } }, 'malformed-object'],
    ['containers of another form', { object: { spec: { containers: { a: 1 } } } }, 'no-images'],
    ['null where a container should be', { object: { spec: { containers: [null, 3, { image: 5 }] } } }, 'no-images'],
    ['no namespace', { namespace: undefined }, 'no-private-image'],
    ['own namespace', { namespace: 'pullpass-system' }, 'namespace-excluded'],
    ['an update of a Pod', { operation: 'UPDATE', oldObject: POD }, 'pod-immutable'],
  ];
  for (const [what, request, reason] of odd) {
    const answer = await post(review(request));
    t.equal(answer.statusCode, 200, what);
    t.strictSame(
      answer.json(),
      {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: 'u-1', allowed: true, auditAnnotations: { injection: reason } },
      },
      what,
    );
  }
});

t.test('a content type with parameters is JSON all the same', async (t) => {
  const { post } = await open();
  t.equal((await post(review({}), { 'content-type': 'application/json; charset=utf-8' })).statusCode, 200);
});

t.test('what is not a review is refused with a status and a sentence', async (t) => {
  const { app, post, events } = await open();
  const refused = [
    [400, 'malformed', 'the body is not JSON', await post('{')],
    [400, 'malformed', 'the body is not an AdmissionReview of admission.k8s.io/v1', await post('[]')],
    [400, 'malformed', 'the AdmissionReview has no request', await post(review({}).replace('"request"', '"response"'))],
    [400, 'malformed', 'the request has no uid or no kind', await post(review({ uid: '' }))],
    [400, 'malformed', 'the body is not an AdmissionReview', await app.inject({ method: 'POST', url: '/mutate' })],
    [404, 'not-found', 'there is only POST /mutate', await app.inject({ method: 'GET', url: '/mutate' })],
    [404, 'not-found', 'there is only POST /mutate', await post(review({}), JSON_TYPE, '/')],
    [413, 'too-large', 'the body is larger than 8 MiB', await post(Buffer.alloc(8 * 1024 * 1024 + 1, ' '))],
    [
      415,
      'wrong-content-type',
      'the content type is not application/json',
      await post(review({}), { 'content-type': 'text/plain' }),
    ],
  ] as const;
  for (const [status, , problem, answer] of refused) {
    t.equal(answer.statusCode, status, problem);
    t.equal(answer.body, `${problem}\n`);
    t.notOk('retry-after' in answer.headers, 'it would be the same the next time');
  }
  t.same(
    events,
    refused.map(([status, reason, problem]) => ({ kind: 'rejected', status, reason, problem })),
  );
});

t.test('a body of exactly 8 MiB is read', async (t) => {
  const { post } = await open();
  const body = review({});
  t.equal((await post(body + ' '.repeat(8 * 1024 * 1024 - body.length))).statusCode, 200);
});

t.test('a fault of ours is a 500 that says nothing about it', async (t) => {
  const { post, events } = await open({ admit: () => Promise.reject(new Error(CANARY)) });
  const answer = await post(review({}));
  t.equal(answer.statusCode, 500);
  t.equal(answer.body, 'internal error\n');
  t.notOk(JSON.stringify(answer.headers).includes(CANARY));
  t.match(events, [
    { kind: 'rejected', reason: 'fault', status: 500, problem: 'internal error', error: { message: CANARY } },
  ]);
});

t.test('a fault of ours that calls itself the fault of the client is a 500 too', async (t) => {
  const admit = () => Promise.reject(Object.assign(new Error(CANARY), { statusCode: 400 }));
  const answer = await (await open({ admit })).post(review({}));
  t.equal(answer.statusCode, 500);
  t.notOk(answer.body.includes(CANARY));
});

t.test('whoever cannot tell yet asks to come again', async (t) => {
  const unready = await open({ canTell: false });
  const early = await unready.post(review({}));
  const busy = await open({ admit: async () => ({ couldNotTell: 'namespace: busy' }) });
  const unknown = await busy.post(review({}));
  for (const answer of [early, unknown]) {
    t.equal(answer.statusCode, 503);
    t.equal(answer.headers['retry-after'], '1');
  }
  t.equal(early.body, 'the view of the cluster is not complete yet\n');
  t.equal(unknown.body, 'namespace: busy\n');
  t.match(unready.events, [{ reason: 'not-synced', status: 503 }]);
  t.match(busy.events, [{ reason: 'could-not-tell', status: 503, problem: 'namespace: busy' }]);
});

t.test('while draining every answer asks to close the connection', async (t) => {
  const { app, post } = await open({ draining: true });
  t.equal((await post(review({}))).headers.connection, 'close');
  t.equal((await post('{')).headers.connection, 'close');
  t.equal((await app.inject('/')).headers.connection, 'close');
  t.not((await (await open()).post(review({}))).headers.connection, 'close');
});

t.test('where no more may be under way it is asked to come again, before the body is read', async (t) => {
  for (const draining of [false, true]) {
    const { post, events } = await open({ limits: { bytes: 1_000, requests: 1 }, draining });
    const answer = await post('x'.repeat(1_001));
    t.equal(answer.statusCode, 503, 'a body that is no review');
    t.equal(answer.headers['retry-after'], '1');
    t.equal(answer.headers.connection, draining ? 'close' : 'keep-alive');
    t.equal(answer.body, 'too many bodies are under way\n');
    t.match(events, [{ reason: 'overloaded-bytes', status: 503 }]);
    t.equal((await post(review({}))).statusCode, 200, 'and there is room for a small one');
  }
});

t.test('the time that is left counts from the head of the request', async (t) => {
  let clock = 0;
  const given: number[] = [];
  const admit: Admit = async (_review, timeoutMs) => {
    given.push(timeoutMs);
    return { couldNotTell: 'busy' };
  };
  const { post } = await open({ admit, now: () => (clock += 100) });
  await post(review({}), JSON_TYPE, '/mutate?timeout=3s');
  t.equal(given.length, 1);
  const [left = 0] = given;
  t.ok(left > 1_500 && left < 2_750, `${left} ms are left of 2,750: the clock went on while the body was read`);
});
