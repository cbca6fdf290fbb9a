// Kubernetes Events: the same text is the same Event, and nothing that a text holds makes one that the API server refuses.
import t from 'tap';
import { isName } from '../../src/cluster/api-object.ts';
import { type EventText, writeEvent } from '../../src/cluster/event-writer.ts';
import { fakeApi, json } from './fake-api.ts';

const NOW = Date.UTC(2030, 0, 1, 12, 0, 0, 789);
const TEXT: EventText = {
  about: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u1' },
  type: 'Warning',
  reason: 'PullSecretMissed',
  message: 'imagePullSecrets does not list "pullpass-dockercfg"',
};

async function start(test: Parameters<typeof fakeApi>[0], status = 201, answer: unknown = {}) {
  const api = await fakeApi(test, (_, response) => json(response, status, answer));
  const write = (more: Partial<EventText> = {}, now = NOW) => writeEvent(api.client, { ...TEXT, ...more }, now);
  return { ...api, write, sent: () => api.asked.map(({ body }) => JSON.parse(body)) };
}

t.test('what is written, and where', async (t) => {
  const { write, asked, sent, calls } = await start(t);
  t.equal(await write(), 'written');
  t.same(
    asked.map(({ method, path }) => `${method} ${path}`),
    ['POST /api/v1/namespaces/shop/events'],
  );
  t.same(calls, ['create events 201']);
  const [{ metadata, ...event }] = sent();
  t.equal(metadata.namespace, 'shop');
  t.match(metadata.name, /^web-1\.[0-9a-f]{16}$/);
  t.same(event, {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: TEXT.about,
    type: 'Warning',
    reason: 'PullSecretMissed',
    message: TEXT.message,
    source: { component: 'pullpass' },
    reportingComponent: 'pullpass.dev/pullpass',
    firstTimestamp: '2030-01-01T12:00:00Z',
    lastTimestamp: '2030-01-01T12:00:00Z',
    count: 1,
  });
});

t.test('the same text has the same name at any time, another one has another', async (t) => {
  const { write, sent } = await start(t);
  await write();
  await write({}, NOW + 3_600_000);
  const others: readonly Partial<EventText>[] = [
    { message: 'something else' },
    { reason: 'PullSecretRepairFailed' },
    { about: { ...TEXT.about, uid: 'u2' } },
  ];
  for (const other of others) await write(other);
  const [first, later, ...rest] = sent().map(({ metadata }) => metadata.name);
  t.equal(later, first, 'a restart, or another replica, says it once');
  t.equal(new Set([first, ...rest]).size, 1 + others.length);
});

const terminating = { details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] } };
const rows: readonly (readonly [status: number, answer: unknown, outcome: string])[] = [
  [200, {}, 'written'],
  [409, { reason: 'AlreadyExists' }, 'written'],
  [404, {}, 'gone'],
  [403, terminating, 'gone'],
  [403, { message: 'cannot create resource "events"' }, 'forbidden'],
  [403, { details: { causes: null } }, 'forbidden'],
  [401, undefined, 'forbidden'],
  [422, {}, 'forbidden'],
  [429, {}, 'unavailable'],
  [500, null, 'unavailable'],
  [503, undefined, 'unavailable'],
];
t.test('what came of it', async (t) => {
  for (const [status, answer, outcome] of rows) {
    const { write } = await start(t, status, answer);
    t.equal(await write(), outcome, `${status} ${JSON.stringify(answer)}`);
  }
});

t.test('no answer is none', async (t) => {
  const { client } = await fakeApi(t, (_, response) => void response.destroy());
  t.equal(await writeEvent(client, TEXT, NOW), 'unavailable');
  const broken = { call: () => Promise.reject(new TypeError('a fault of ours')) };
  await t.rejects(writeEvent(broken, TEXT, NOW), TypeError);
});

t.test('a message is one line of bounded length, and a name is one', async (t) => {
  const { write, sent } = await start(t);
  const control = Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).join('');
  await write({ message: `a${control}\u007fb` });
  await write({ message: 'x'.repeat(5_000) });
  await write({ about: { ...TEXT.about, name: 'n'.repeat(253) } });
  const [clean, long, named] = sent();
  t.equal(clean.message, `a${' '.repeat(33)}b`);
  t.equal(long.message, 'x'.repeat(1_000), 'no more than this');
  t.ok(isName(named.metadata.name), `${named.metadata.name.length} characters`);
  t.equal(named.involvedObject.name.length, 253, 'what it is about is named in full');
});
