// Secrets under former names, followed from start to stop and at no other time.
import type { ServerResponse } from 'node:http';
import t from 'tap';
import { followFormerPullSecrets } from '../../src/cluster/former-pull-secrets.ts';
import { newProjection } from '../../src/cluster/pull-secret-projection.ts';
import { LABEL_INSTANCE, LABEL_MANAGED_BY } from '../../src/core/names.ts';
import { observed } from '../core/given.ts';
import { events, fakeApi, IMPATIENT, json, memoryLog, until } from './fake-api.ts';

const MARK = { [LABEL_MANAGED_BY]: 'pullpass', [LABEL_INSTANCE]: 'pullpass-system' };
const secret = (namespace: string, name: string, resourceVersion: string, labels: object = MARK) => ({
  metadata: { namespace, name, resourceVersion, labels },
});

async function start(t: Parameters<typeof fakeApi>[0], names: readonly string[]) {
  const watches = new Map<string, ServerResponse>();
  const api = await fakeApi(t, ({ query }, response) => {
    const [, name = ''] = query.fieldSelector?.split('=') ?? [];
    if (query.watch) watches.set(name, events(response));
    else json(response, 200, { metadata: { resourceVersion: '100' }, items: [secret('shop', name, '7')] });
  });
  const news: string[] = [];
  const former = followFormerPullSecrets({
    client: api.client,
    names,
    project: newProjection('pullpass-system'),
    onNews: (namespace) => void news.push(namespace),
    time: IMPATIENT,
    log: memoryLog(),
  });
  t.teardown(() => former.stop());
  const send = (name: string, type: string, object: object) =>
    void watches.get(name)?.write(`${JSON.stringify({ type, object })}\n`);
  return { ...api, former, news, watches, send };
}

t.test('each name is listed and watched by itself, once somebody starts it', async (t) => {
  const { former, asked, news, watches, send } = await start(t, ['old', 'older']);
  t.same([asked.length, former.isIn('shop'), former.store('old')], [0, false, undefined]);
  former.start();
  await until(() => watches.size === 2, 'two watches are open');
  t.same(
    asked.map(({ path }) => path),
    Array(4).fill('/api/v1/secrets'),
  );
  const selectors = asked.map(({ query }) => query.fieldSelector).sort();
  t.same(selectors, ['metadata.name=old', 'metadata.name=old', 'metadata.name=older', 'metadata.name=older']);
  t.match(former.get('shop', 'old'), { ours: true, resourceVersion: '7' });
  t.same([former.isIn('shop'), former.isIn('bank'), former.get('shop', 'other')], [true, false, undefined]);
  send('older', 'ADDED', secret('bank', 'older', '101', {}));
  await until(() => former.get('bank', 'older') !== undefined, 'it is seen');
  t.equal(former.isIn('bank'), false, 'a stranger counts for nothing');
  for (const name of ['old', 'older']) send(name, 'DELETED', secret('shop', name, '102'));
  await until(() => !former.isIn('shop'), 'they are gone');
  t.same(news, ['shop', 'shop', 'bank', 'shop', 'shop']);
});

t.test('an own write is known at once', async (t) => {
  const { former, watches } = await start(t, ['old']);
  former.start();
  await until(() => watches.size === 1, 'it is watched');
  former.store('old')?.observe('shop', observed({ resourceVersion: '110' }));
  t.equal(former.get('shop', 'old')?.resourceVersion, '110');
  former.store('old')?.forget('shop');
  t.equal(former.isIn('shop'), false);
});

t.test('after the stop nothing is kept, and a new start begins anew', async (t) => {
  const { former, asked, watches } = await start(t, ['old']);
  former.start();
  await until(() => former.isIn('shop'), 'it is listed');
  await former.stop();
  t.same([former.isIn('shop'), former.store('old')], [false, undefined]);
  const before = asked.length;
  watches.clear();
  former.start();
  await until(() => watches.size === 1 && former.isIn('shop'), 'it is there again');
  t.equal(asked.length, before + 2, 'one list and one watch');
});

t.test('without such names nothing is asked', async (t) => {
  const { former, asked } = await start(t, []);
  former.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.same([asked.length, former.isIn('shop')], [0, false]);
});
