import t from 'tap';
import { newProjection } from '../../src/cluster/pull-secret-projection.ts';
import { deletePullSecret, type PullSecretWrite, writePullSecret } from '../../src/cluster/pull-secret-writer.ts';
import { LABEL_INSTANCE, LABEL_MANAGED_BY } from '../../src/core/names.ts';
import { fakeApi, json } from './fake-api.ts';

const project = newProjection('pullpass-system');
const write: PullSecretWrite = {
  namespace: 'shop',
  name: 'pullpass-dockercfg',
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': 'czNjcmV0' },
  labels: { [LABEL_MANAGED_BY]: 'pullpass', [LABEL_INSTANCE]: 'pullpass-system' },
  annotations: { 'pullpass.dev/credentials': 'ghcr,harbor' },
  timeoutMs: 1000,
};

t.test('creates only what is missing, rewrites only what was seen, never by force', async (t) => {
  const { client, asked } = await fakeApi(t, ({ body }, response) => {
    const sent = JSON.parse(body);
    json(response, 201, { ...sent, metadata: { ...sent.metadata, uid: 'u1', resourceVersion: '77' } });
  });
  const result = await writePullSecret(client, project, write);
  t.match(result, { result: 'written', state: { uid: 'u1', resourceVersion: '77', ours: true } });
  t.match(result, { state: { credentials: ['ghcr', 'harbor'], digest: /^[\w-]{22}$/ } });
  await writePullSecret(client, project, { ...write, seen: { uid: 'u1', resourceVersion: '77' } });
  const [create, rewrite] = asked.map(({ body }) => JSON.parse(body));
  t.equal(create.metadata.resourceVersion, '1');
  t.notOk('uid' in create.metadata);
  t.match(rewrite.metadata, { uid: 'u1', resourceVersion: '77' });
  for (const { method, path, query, headers, body } of asked) {
    t.equal(`${method} ${path}`, 'PATCH /api/v1/namespaces/shop/secrets/pullpass-dockercfg');
    t.same(query, { fieldManager: 'pullpass' });
    t.equal(headers['content-type'], 'application/apply-patch+yaml');
    t.notMatch(body, 'stringData');
  }
});

t.test('force settles who owns a field of what was seen, and is never sent without it', async (t) => {
  const { client, asked } = await fakeApi(t, ({ body }, response) => json(response, 200, JSON.parse(body)));
  await writePullSecret(client, project, { ...write, force: true });
  await writePullSecret(client, project, { ...write, force: true, seen: { uid: 'u1', resourceVersion: '77' } });
  t.same(
    asked.map(({ query }) => query.force),
    [undefined, 'true'],
  );
});

t.test('deletes exactly what was seen', async (t) => {
  let status = 200;
  const { client, asked } = await fakeApi(t, (_, response) => json(response, status, {}));
  const deletion = { namespace: 'shop', name: write.name, seen: { uid: 'u1', resourceVersion: '77' }, timeoutMs: 1000 };
  t.same(await deletePullSecret(client, deletion), { result: 'deleted' });
  t.match(JSON.parse(asked[0]?.body ?? ''), { preconditions: { uid: 'u1', resourceVersion: '77' } });
  status = 404;
  t.same(await deletePullSecret(client, deletion), { result: 'deleted' }, 'gone is what was wanted');
  status = 409;
  t.match(await deletePullSecret(client, deletion), { result: 'conflict' });
});

const managers = { causes: [{ reason: 'FieldManagerConflict', field: '.data' }] };
const quota = { message: 'secrets "x" is forbidden: exceeded quota: q, s3cret' };
const webhook = { message: 'admission webhook "a.b.io" denied the request: s3cret' };
const invalid = {
  message: 'data: Invalid value: "s3cret"',
  details: { causes: [{ field: 'data[.x]' }, { field: 's3cret "' }] },
};
const refusals = [
  [409, { message: 'the object has been modified' }, 'conflict', /not the object that was seen/],
  [409, { details: managers }, 'conflict', /another field manager/],
  [403, { details: { causes: [{ reason: 'NamespaceTerminating' }] } }, 'terminating', /being deleted/],
  [404, { message: 'namespaces "shop" not found' }, 'terminating', /gone/],
  [403, quota, 'quota', /quota/],
  [403, { message: 'User "x" cannot patch' }, 'forbidden', /rights/],
  [403, webhook, 'forbidden', 'the admission webhook a.b.io denied the write'],
  [401, undefined, 'forbidden', /401/],
  [422, invalid, 'invalid', 'the API server answered 422: data[.x]'],
  [413, {}, 'invalid', /413/],
  [429, {}, 'unavailable', /429/],
  [500, {}, 'unavailable', /500/],
  [503, null, 'unavailable', /503/],
] as const;
t.test('classifies refusals without quoting them', async (t) => {
  let next: readonly [number, unknown] = [0, 0];
  const { client } = await fakeApi(t, (_, response) => json(response, next[0], next[1]));
  for (const [status, body, result, message] of refusals) {
    next = [status, body];
    const got = await writePullSecret(client, project, write);
    t.match(got, { result, message }, `${status} ${JSON.stringify(body)}`);
    t.notMatch(JSON.stringify(got), 's3cret');
  }
});

t.test('our own time and the network are told apart', async (t) => {
  const { client } = await fakeApi(t, ({ path }, response) => void (path.includes('/cut/') && response.destroy()));
  t.match(await writePullSecret(client, project, { ...write, timeoutMs: 20 }), { result: 'deadline' });
  t.match(await writePullSecret(client, project, { ...write, signal: AbortSignal.timeout(20) }), {
    result: 'deadline',
  });
  t.match(await writePullSecret(client, project, { ...write, namespace: 'cut' }), { result: 'unavailable' });
});
