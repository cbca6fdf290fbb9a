// One Pod is deleted: the very one that was seen, and what came of it.
import t from 'tap';
import { deletePod } from '../../src/cluster/pod-restart.ts';
import { fakeApi, json } from './fake-api.ts';

const POD = { namespace: 'shop', name: 'web-1', uid: 'u1' };

t.test('told by its uid, so that another of its name stays', async (t) => {
  const { client, asked, calls } = await fakeApi(t, (_, response) => json(response, 200, {}));
  t.equal(await deletePod(client, POD), 'restarted');
  t.same(
    asked.map(({ method, path }) => `${method} ${path}`),
    ['DELETE /api/v1/namespaces/shop/pods/web-1'],
  );
  t.same(JSON.parse(asked[0]?.body ?? ''), {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u1' },
  });
  t.same(calls, ['delete pods 200']);
});

t.test('what came of it', async (t) => {
  const rows = [
    [200, 'restarted'],
    [202, 'restarted'],
    [404, 'gone'],
    [409, 'conflict'],
    [401, 'forbidden'],
    [403, 'forbidden'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const;
  let status = 0;
  const { client } = await fakeApi(t, (_, response) => json(response, status, {}));
  for (const [answered, outcome] of rows) {
    status = answered;
    t.equal(await deletePod(client, POD), outcome, String(answered));
  }
});

t.test('no answer is no success', async (t) => {
  const { client } = await fakeApi(t, (_, response) => void response.destroy());
  t.equal(await deletePod(client, POD), 'unavailable');
  const broken = { call: () => Promise.reject(new TypeError('a fault of ours')) };
  await t.rejects(deletePod(broken, POD), TypeError, 'a fault of ours is not hidden as one');
});
