// The Secret with the kept logins, against an API server in memory.
import t from 'tap';
import { noteRemovals, watchLoginsSecret, writeLoginsSecret } from '../../src/cluster/logins-secret.ts';
import { events, fakeApi, IMPATIENT, json, memoryLog, until } from './fake-api.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const object = (version: string, data: Record<string, string>, more: object = {}) => ({
  metadata: {
    name: 'pullpass-logins',
    namespace: 'own',
    uid: 'u',
    resourceVersion: version,
    labels: { 'app.kubernetes.io/managed-by': 'pullpass' },
    ...more,
  },
  data,
});

t.test(
  'is created only if nothing is there, and else replaced as it was seen, what others put in included',
  async (t) => {
    const { client, asked } = await fakeApi(t, (_, response) => json(response, 200, object('5', { a: base64('1') })));
    const created = await writeLoginsSecret(client, 'own', new Map([['a', '1']]), undefined);
    t.match(created, { written: { resourceVersion: '5', ours: true } });
    const seen = 'written' in created ? created.written : undefined;
    const before = seen && {
      ...seen,
      texts: new Map([
        ['a', '1'],
        ['intruder', 'x'],
      ]),
    };
    await writeLoginsSecret(
      client,
      'own',
      new Map([
        ['a', '2'],
        ['b', '3'],
      ]),
      before,
    );
    const [create, replace] = asked.map(({ body }) => JSON.parse(body));
    t.equal(asked[0]?.headers['content-type'], 'application/apply-patch+yaml');
    t.match(create, { metadata: { resourceVersion: '1' }, data: { a: base64('1') } });
    t.notOk('force' in (asked[0]?.query ?? {}));
    t.equal(asked[1]?.headers['content-type'], 'application/merge-patch+json');
    t.same(replace, {
      metadata: { uid: 'u', resourceVersion: '5' },
      data: { a: base64('2'), b: base64('3'), intruder: null },
    });
  },
);

t.test('a confirmation is taken off the version that was seen, and what waits is noted', async (t) => {
  const { client, asked } = await fakeApi(t, (_, response) => json(response, 200, object('6', {})));
  const seen = { uid: 'u', resourceVersion: '5', ours: true, texts: new Map(), confirmedRemovals: 3, heldRemovals: 0 };
  t.match(await noteRemovals(client, 'own', seen, 0), { written: { confirmedRemovals: 0 } });
  const annotations = { 'pullpass.dev/confirm-removal': null, 'pullpass.dev/held-removals': null };
  t.same(JSON.parse(asked[0]?.body ?? ''), { metadata: { uid: 'u', resourceVersion: '5', annotations } });
  await noteRemovals(client, 'own', seen, 7);
  t.match(JSON.parse(asked[1]?.body ?? ''), { metadata: { annotations: { 'pullpass.dev/held-removals': '7' } } });
});

t.test('a refusal is told without what was sent', async (t) => {
  let status = 409;
  const { client } = await fakeApi(t, (_, response) => json(response, status, { message: 's3cret' }));
  const write = () => writeLoginsSecret(client, 'own', new Map([['a', 's3cret']]), undefined);
  t.same(await write(), { failed: 'it was changed at the same time' });
  status = 403;
  t.same(await write(), { failed: 'the API server answered 403' });
});

t.test('is followed: what it holds, whether it is ours, what was confirmed, and that it is gone', async (t) => {
  let send: (type: string, changed: object) => void = () => undefined;
  const { client } = await fakeApi(t, ({ query }, response) => {
    if (!query.watch)
      return json(response, 200, { metadata: { resourceVersion: '4' }, items: [object('4', { a: base64('1') })] });
    const stream = events(response);
    send = (type, changed) => void stream.write(`${JSON.stringify({ type, object: changed })}\n`);
  });
  const seen: string[] = [];
  const watch = watchLoginsSecret({
    client,
    namespace: 'own',
    onChange: (secret) =>
      void seen.push(secret ? `${[...secret.texts].join()} ${secret.ours} ${secret.confirmedRemovals}` : 'gone'),
    onSynced: () => void seen.push('synced'),
    isKnown: () => seen.length > 0 && seen.at(-1) !== 'gone',
    time: IMPATIENT,
    log: memoryLog(),
  });
  t.teardown(() => watch.stop());
  await until(() => seen.includes('synced'), 'it is listed');
  await until(() => send.length === 2, 'the watch is open');
  for (const [annotation, count] of [
    ['200', 200],
    ['all', 0],
    ['-5', 0],
  ] as const) {
    send('MODIFIED', object(`${10 + count}`, {}, { annotations: { 'pullpass.dev/confirm-removal': annotation } }));
    await until(() => seen.at(-1) === ` true ${count}`, `${annotation} is read`);
  }
  send('MODIFIED', object('300', {}, { labels: {} }));
  await until(() => seen.at(-1) === ' false 0', 'it is not ours');
  send('DELETED', object('301', {}));
  await until(() => seen.at(-1) === 'gone', 'it is gone');
  t.same(seen.slice(0, 2), ['a,1 true 0', 'synced']);
});
