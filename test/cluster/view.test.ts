import type { ServerResponse } from 'node:http';
import t from 'tap';
import type { ApiObject } from '../../src/cluster/api-object.ts';
import { newProjection } from '../../src/cluster/pull-secret-projection.ts';
import { openView } from '../../src/cluster/view.ts';
import { LABEL_INSTANCE, LABEL_MANAGED_BY } from '../../src/core/names.ts';
import { PLAIN_SERVICE_ACCOUNT } from '../../src/core/surroundings.ts';
import { observed } from '../core/given.ts';
import { events, fakeApi, IMPATIENT, json, memoryLog, until } from './fake-api.ts';

const MARK = { [LABEL_MANAGED_BY]: 'pullpass', [LABEL_INSTANCE]: 'pullpass-system' };

/** A view over these objects; `send` adds an event to an open watch. */
async function start(t: Parameters<typeof fakeApi>[0], objects: Readonly<Record<string, readonly ApiObject[]>>) {
  const watches = new Map<string, ServerResponse>();
  const api = await fakeApi(t, ({ path, query }, response) => {
    const resource = path.split('/').at(-1) ?? '';
    if (query.watch) watches.set(resource, events(response));
    else json(response, 200, { metadata: { resourceVersion: '100' }, items: objects[resource] ?? [] });
  });
  const log = memoryLog();
  const options = {
    client: api.client,
    pullSecretName: 'pullpass-dockercfg',
    project: newProjection('pullpass-system'),
  };
  const news: string[] = [];
  const view = openView({ ...options, onNews: (namespace) => void news.push(namespace), time: IMPATIENT, log });
  t.teardown(() => view.stop());
  await view.whenSynced;
  await until(() => watches.size === 3, 'three watches are open');
  const send = (resource: string, type: string, object: ApiObject) =>
    void watches.get(resource)?.write(`${JSON.stringify({ type, object })}\n`);
  return { ...api, view, send, news };
}

t.test('holds what decisions read, and follows the watch', async (t) => {
  const { view, send, asked } = await start(t, {
    namespaces: [
      { metadata: { name: 'shop', labels: { team: 'a' } } },
      { metadata: { name: 'old', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    ],
    serviceaccounts: [
      { metadata: { namespace: 'shop', name: 'default' } },
      { metadata: { namespace: 'shop', name: 'robot' }, imagePullSecrets: [{ name: 'own' }] },
    ],
    secrets: [{ metadata: { namespace: 'shop', name: 'pullpass-dockercfg', resourceVersion: '7', labels: MARK } }],
  });
  t.equal(view.synced(), true);
  t.same(view.namespace('shop'), { labels: { team: 'a' }, terminating: false });
  t.equal(view.namespace('old')?.terminating, true);
  t.equal(view.namespace('none'), undefined);
  t.equal(view.serviceAccount('shop', 'default'), PLAIN_SERVICE_ACCOUNT, 'one shared object');
  t.same(view.serviceAccount('shop', 'robot')?.pullSecrets, ['own']);
  t.match(view.pullSecret('shop'), { ours: true, resourceVersion: '7' });
  t.same([...view.pullSecretNamespaces()], ['shop']);
  const secrets = asked.filter(({ path }) => path === '/api/v1/secrets');
  t.ok(secrets.length >= 2);
  for (const { query } of secrets) t.equal(query.fieldSelector, 'metadata.name=pullpass-dockercfg');

  send('namespaces', 'MODIFIED', { metadata: { name: 'shop', resourceVersion: '101', labels: { team: 'b' } } });
  send('serviceaccounts', 'DELETED', { metadata: { namespace: 'shop', name: 'robot', resourceVersion: '102' } });
  send('secrets', 'DELETED', { metadata: { namespace: 'shop', name: 'pullpass-dockercfg', resourceVersion: '103' } });
  await until(() => view.pullSecret('shop') === undefined, 'the Secret is gone');
  await until(() => view.serviceAccount('shop', 'robot') === undefined, 'the ServiceAccount is gone');
  await until(() => view.namespace('shop')?.labels.team === 'b', 'the label changed');
});

t.test('tells subscribers of a namespace and of a ServiceAccount, until they leave', async (t) => {
  const { view, send } = await start(t, {});
  const told: string[] = [];
  const leave = view.subscribe('new', () => told.push('namespace'));
  view.subscribe('new/robot', () => told.push('account'));
  send('namespaces', 'ADDED', { metadata: { name: 'new', resourceVersion: '101' } });
  send('serviceaccounts', 'ADDED', { metadata: { namespace: 'new', name: 'robot', resourceVersion: '102' } });
  await until(() => told.length === 2, 'both were told');
  leave();
  send('namespaces', 'MODIFIED', { metadata: { name: 'new', resourceVersion: '103', labels: { seen: 'yes' } } });
  await until(() => view.namespace('new')?.labels.seen === 'yes', 'the label is seen');
  t.same(told.sort(), ['account', 'namespace']);
});

t.test('what is listed anew and unchanged is no news', async (t) => {
  const namespace = (name: string, team: string): ApiObject => ({ metadata: { name, labels: { team } } });
  const account = (name: string, ...names: string[]): ApiObject => ({
    metadata: { namespace: 'shop', name },
    imagePullSecrets: names.map((name) => ({ name })),
  });
  const secret = (namespace: string, resourceVersion: string, uid: string): ApiObject => ({
    metadata: { namespace, name: 'pullpass-dockercfg', resourceVersion, uid, labels: MARK },
  });
  const objects = {
    namespaces: [namespace('same', 'a'), namespace('moved', 'a')],
    serviceaccounts: [account('plain'), account('robot', 'own'), account('other', 'own')],
    secrets: [secret('kept', '7', 'u1'), secret('written', '8', 'u2'), secret('anew', '9', 'u3')],
  };
  const { view, send, news, asked } = await start(t, objects);
  const told: string[] = [];
  for (const key of ['same', 'moved', 'shop/plain', 'shop/robot', 'shop/other'])
    view.subscribe(key, () => void told.push(key));
  t.same(news.splice(0).sort(), ['anew', 'kept', 'moved', 'same', 'written']);
  objects.namespaces[1] = namespace('moved', 'b');
  objects.serviceaccounts[2] = account('other', 'own', 'second');
  objects.secrets[1] = secret('written', '108', 'u2');
  objects.secrets[2] = secret('anew', '109', 'u4');
  const before = asked.length;
  for (const resource of ['namespaces', 'serviceaccounts', 'secrets']) {
    send(resource, 'ERROR', { code: 410 } as ApiObject);
  }
  const watches = () => asked.slice(before).filter(({ query }) => query.watch).length;
  await until(() => watches() === 3, 'everything was listed anew');
  t.same(told.sort(), ['moved', 'shop/other']);
  t.same(news.sort(), ['anew', 'moved', 'written']);
  t.equal(view.namespace('moved')?.labels.team, 'b');
  t.same(view.serviceAccount('shop', 'other')?.pullSecrets, ['own', 'second']);
  t.equal(view.pullSecret('anew')?.uid, 'u4');
});

t.test('the result of an own write is visible at once, unless the watch is past it', async (t) => {
  const { view, send } = await start(t, {});
  const state = observed();
  view.observePullSecret('shop', { ...state, resourceVersion: '110' });
  t.equal(view.pullSecret('shop')?.resourceVersion, '110');
  view.observePullSecret('late', { ...state, resourceVersion: '99' });
  t.equal(view.pullSecret('late'), undefined, 'the list as of 100 did not have it');
  const secret = (version: string) => ({
    metadata: { namespace: 'shop', name: 'pullpass-dockercfg', resourceVersion: version },
  });
  send('secrets', 'DELETED', secret('105'));
  send('secrets', 'ADDED', { metadata: { namespace: 'other', name: 'pullpass-dockercfg', resourceVersion: '106' } });
  await until(() => view.pullSecret('other') !== undefined, 'the later event is seen');
  t.equal(view.pullSecret('shop')?.resourceVersion, '110');
  send('secrets', 'DELETED', secret('111'));
  await until(() => view.pullSecret('shop') === undefined, 'a later deletion counts');
});
