// How the Pending Pods are asked for, and what is taken of the answer.
import t from 'tap';
import { listPendingPods } from '../../src/cluster/pending-pods.ts';
import { type Asked, fakeApi, json } from './fake-api.ts';

const QUERY = { fieldSelector: 'status.phase=Pending', limit: '500' };

function pod(namespace: string, name: string, more: object = {}): object {
  const spec = { containers: [{ name: 'app', image: 'r.io/app' }] };
  return { metadata: { name, namespace, uid: `uid of ${name}`, ...more }, spec };
}

const enabled = (namespace: string): boolean => namespace === 'shop';

async function list(api: { client: Parameters<typeof listPendingPods>[0] }, signal = new AbortController().signal) {
  const { pods, total } = await listPendingPods(api.client, signal, enabled);
  return { names: pods.map(({ name }) => name), total };
}

t.test('one list from the cache, of those that are Pending', async (t) => {
  const items = [pod('shop', 'a'), pod('shop', 'b')];
  const api = await fakeApi(t, (_, response) => json(response, 200, { metadata: { resourceVersion: '9' }, items }));
  t.same(await list(api), { names: ['a', 'b'], total: 2 });
  t.same(
    api.asked.map(({ method, path, query }) => ({ method, path, query })),
    [{ method: 'GET', path: '/api/v1/pods', query: { ...QUERY, resourceVersion: '0' } }],
  );
  t.same(api.calls, ['list pods 200']);
});

t.test('those of no interest are counted and not handed out', async (t) => {
  const items = [
    pod('other', 'elsewhere'),
    pod('shop', 'good'),
    pod('shop', 'going', { deletionTimestamp: '2030-01-01T00:00:00Z' }),
    pod('shop', 'opted-out', { labels: { 'pullpass.dev/inject': 'disabled' } }),
    { metadata: { name: 'nowhere' } },
    {},
  ];
  const api = await fakeApi(t, (_, response) => json(response, 200, { items }));
  t.same(await list(api), { names: ['good'], total: items.length });
});

t.test('none', async (t) => {
  for (const answer of [{}, { items: null }, { items: [] }]) {
    const api = await fakeApi(t, (_, response) => json(response, 200, answer));
    t.same(await list(api), { names: [], total: 0 }, JSON.stringify(answer));
  }
});

t.test('pages are followed, each as of the first one', async (t) => {
  const pages: Readonly<Record<string, object>> = {
    '': { metadata: { continue: 'second' }, items: [pod('shop', 'a'), pod('other', 'x')] },
    second: { metadata: { continue: 'third' }, items: [pod('shop', 'b')] },
    third: { metadata: {}, items: [pod('shop', 'c')] },
  };
  const page = ({ query }: Asked): object => pages[query.continue ?? ''] ?? {};
  const api = await fakeApi(t, (asked, response) => json(response, 200, page(asked)));
  t.same(await list(api), { names: ['a', 'b', 'c'], total: 4 });
  t.same(
    api.asked.map(({ query }) => query),
    [
      { ...QUERY, resourceVersion: '0' },
      { ...QUERY, continue: 'second' },
      { ...QUERY, continue: 'third' },
    ],
  );
});

t.test('a list that cannot be had, or not to its end, is none', async (t) => {
  for (const status of [401, 403, 410, 500, 503]) {
    const api = await fakeApi(t, ({ query }, response) =>
      query.continue === undefined
        ? json(response, 200, { metadata: { continue: 'more' }, items: [pod('shop', 'a')] })
        : json(response, status, { message: 'no' }),
    );
    await t.rejects(list(api), { name: 'Refused', message: `list pods: the API server answered ${status}` });
  }
  const cut = await fakeApi(t, (_, response) => void response.destroy());
  await t.rejects(list(cut), { name: 'ApiUnavailable' });
});

t.test('whoever stops does not wait for the answer', async (t) => {
  const api = await fakeApi(t, () => undefined);
  const stopping = new AbortController();
  const listed = list(api, stopping.signal);
  setTimeout(() => stopping.abort(), 20);
  await t.rejects(listed, { name: 'ApiUnavailable', kind: 'aborted' });
});
