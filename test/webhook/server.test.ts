// The status codes of the HTTPS door, without a socket: what is a review gets an answer, the rest a status that leaves the
// choice to the administrator's failurePolicy, and never a word about what is inside.
import t from 'tap';
import { compilePolicy } from '../../src/core/policy.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { type Admit, createAdmission } from '../../src/webhook/admission.ts';
import { makeServingCertificate } from '../../src/webhook/certificate.ts';
import { createServer, type ServerEvent } from '../../src/webhook/server.ts';
import { renderingsOf } from '../core/given.ts';

const certificate = await makeServingCertificate(['localhost'], new Date());
const JSON_TYPE = { 'content-type': 'application/json' };
const CANARY = 'canary-of-an-inner-fault';

/** The real admission over a cluster in which everything takes part and nothing is private. */
const plainAdmit = createAdmission(
  {
    participation: { namespaces: {}, own: 'pullpass-system' },
    workloads: selectWorkloads(['Deployment']),
    pullSecretName: 'pullpass-dockercfg',
  },
  {
    namespace: async () => ({ found: { labels: {} } }),
    serviceAccount: async () => ({ absent: true }),
    pullSecret: () => undefined,
  },
  async () => 'created',
  () => ({ policy: compilePolicy([]), renderings: renderingsOf(compilePolicy([])) }),
  () => 0,
);

async function open(options: { admit?: Admit; canTell?: boolean; draining?: boolean } = {}) {
  const { admit = plainAdmit, canTell = true, draining = false } = options;
  const events: ServerEvent[] = [];
  const app = await createServer({
    certificate,
    admit,
    canTell: () => canTell,
    draining: () => draining,
    observe: (event) => events.push(event),
    now: () => 0,
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
    [400, 'the body is not JSON', await post('{')],
    [400, 'the body is not an AdmissionReview of admission.k8s.io/v1', await post('[]')],
    [400, 'the AdmissionReview has no request', await post(review({}).replace('"request"', '"response"'))],
    [400, 'the request has no uid or no kind', await post(review({ uid: '' }))],
    [400, 'the body is not an AdmissionReview', await app.inject({ method: 'POST', url: '/mutate' })],
    [404, 'there is only POST /mutate', await app.inject({ method: 'GET', url: '/mutate' })],
    [404, 'there is only POST /mutate', await post(review({}), JSON_TYPE, '/')],
    [413, 'the body is larger than 8 MiB', await post(Buffer.alloc(8 * 1024 * 1024 + 1, ' '))],
    [415, 'the content type is not application/json', await post(review({}), { 'content-type': 'text/plain' })],
  ] as const;
  for (const [status, problem, answer] of refused) {
    t.equal(answer.statusCode, status, problem);
    t.equal(answer.body, `${problem}\n`);
  }
  t.same(
    events,
    refused.map(([status, problem]) => ({ kind: 'rejected', status, problem })),
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
  t.match(events, [{ kind: 'rejected', status: 500, problem: 'internal error', error: { message: CANARY } }]);
});

t.test('a fault of ours that calls itself the fault of the client is a 500 too', async (t) => {
  const admit = () => Promise.reject(Object.assign(new Error(CANARY), { statusCode: 400 }));
  const answer = await (await open({ admit })).post(review({}));
  t.equal(answer.statusCode, 500);
  t.notOk(answer.body.includes(CANARY));
});

t.test('whoever cannot tell yet asks to come again', async (t) => {
  const early = await (await open({ canTell: false })).post(review({}));
  const unknown = await (await open({ admit: async () => ({ couldNotTell: 'namespace: busy' }) })).post(review({}));
  for (const answer of [early, unknown]) {
    t.equal(answer.statusCode, 503);
    t.equal(answer.headers['retry-after'], '1');
  }
  t.equal(early.body, 'the view of the cluster is not complete yet\n');
  t.equal(unknown.body, 'namespace: busy\n');
});

t.test('while draining every answer asks to close the connection', async (t) => {
  const { app, post } = await open({ draining: true });
  t.equal((await post(review({}))).headers.connection, 'close');
  t.equal((await post('{')).headers.connection, 'close');
  t.equal((await app.inject('/')).headers.connection, 'close');
  t.not((await (await open()).post(review({}))).headers.connection, 'close');
});
