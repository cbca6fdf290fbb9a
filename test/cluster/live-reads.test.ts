import t from 'tap';
import { liveReads } from '../../src/cluster/live-reads.ts';
import { newProjection } from '../../src/cluster/pull-secret-projection.ts';
import { type Asked, fakeApi, json } from './fake-api.ts';

async function start(t: Parameters<typeof fakeApi>[0], status: (asked: Asked) => number, timeoutMs = 1000) {
  let now = 1_000_000;
  const api = await fakeApi(t, (asked, response) => {
    const code = status(asked);
    if (code > 0) json(response, code, { metadata: { name: 'x', labels: { team: 'a' } } });
  });
  const options = {
    client: api.client,
    pullSecretName: 'pullpass-dockercfg',
    project: newProjection('pullpass-system'),
    timeoutMs,
  };
  const reads = liveReads({ ...options, time: { now: () => now } });
  function pass(ms: number): void {
    now += ms;
  }
  return { ...api, reads, pass };
}

t.test('says found, absent or unknown', async (t) => {
  const { reads, asked } = await start(t, ({ path }) =>
    path.includes('gone') ? 404 : path.includes('bad') ? 403 : 200,
  );
  t.same(await reads.namespace('shop'), { found: { labels: { team: 'a' }, terminating: false } });
  t.same(await reads.namespace('gone'), { absent: true });
  t.same(await reads.namespace('bad'), { unknown: 'get namespaces: the API server answered 403' });
  t.match(await reads.serviceAccount('shop', 'robot'), { found: { pullSecrets: [] } });
  t.match(await reads.pullSecret('shop'), { found: { ours: false } });
  t.same(
    asked.map(({ path }) => path.replace('/api/v1/namespaces/', '')),
    ['shop', 'gone', 'bad', 'shop/serviceaccounts/robot', 'shop/secrets/pullpass-dockercfg'],
  );
});

t.test('a name that cannot be one costs no call and reaches no other path', async (t) => {
  const { reads, asked } = await start(t, () => 200);
  for (const name of ['', '..', '../nodes', 'a/b', 'A', 'a?b', 'a%2fb', '-a', 'a'.repeat(254)]) {
    t.same(await reads.namespace(name), { absent: true }, name);
    t.same(await reads.serviceAccount('shop', name), { absent: true });
    t.same(await reads.pullSecret(name), { absent: true });
  }
  t.equal(asked.length, 0);
});

t.test('concurrent requests share one call, and its answer is remembered for a second', async (t) => {
  const { reads, asked, pass } = await start(t, () => 200);
  await Promise.all(Array.from({ length: 50 }, () => reads.namespace('shop')));
  t.equal(asked.length, 1);
  pass(999);
  await reads.namespace('shop');
  t.equal(asked.length, 1);
  pass(1);
  await reads.namespace('shop');
  t.equal(asked.length, 2);
});

t.test('what is known of a pull Secret is shared while it is asked for, and not a moment longer', async (t) => {
  const { reads, asked } = await start(t, () => 200);
  await Promise.all(Array.from({ length: 50 }, () => reads.pullSecret('shop')));
  t.equal(asked.length, 1);
  await reads.pullSecret('shop');
  t.equal(asked.length, 2);
});

t.test('no more than twenty calls a second in all, beyond it the answer is unknown', async (t) => {
  const { reads, asked, pass } = await start(t, () => 404);
  const all = await Promise.all(Array.from({ length: 1000 }, (_, n) => reads.namespace(`random-${n}`)));
  t.equal(asked.length, 20);
  t.equal(all.filter((answer) => 'unknown' in answer).length, 980);
  pass(100);
  await Promise.all(Array.from({ length: 1000 }, (_, n) => reads.pullSecret(`other-${n}`)));
  t.equal(asked.length, 22, 'a tenth of a second is worth two');
  pass(60_000);
  await Promise.all(Array.from({ length: 1000 }, (_, n) => reads.namespace(`third-${n}`)));
  t.equal(asked.length, 42, 'a quiet minute saves up one second');
});

t.test('no answer in time is unknown', async (t) => {
  const { reads } = await start(t, () => 0, 30);
  t.same(await reads.namespace('shop'), { unknown: 'get namespaces: no answer in time' });
});
