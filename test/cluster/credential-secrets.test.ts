import t from 'tap';
import { type CredentialSecret, watchCredentialSecrets } from '../../src/cluster/credential-secrets.ts';
import { events, fakeApi, IMPATIENT, json, memoryLog, until } from './fake-api.ts';

const JSON_TYPE = 'kubernetes.io/dockerconfigjson';
const data = (key: string, text: string) => ({ [key]: Buffer.from(text).toString('base64') });

function secret(name: string, version: number, type?: string, content?: object): object {
  const metadata = {
    namespace: 'pullpass-system',
    name,
    uid: `u-${name}`,
    resourceVersion: String(version),
    annotations: { a: 'b' },
  };
  return { metadata, type, data: content };
}

t.test('reports each version of each labelled Secret once, with its docker config, and what is gone', async (t) => {
  const lists = [
    [
      secret('json', 1, JSON_TYPE, data('.dockerconfigjson', '{"auths":{}}')),
      secret('legacy', 2, 'kubernetes.io/dockercfg', data('.dockercfg', '{"ü":1}')),
      secret('empty', 3, JSON_TYPE, {}),
      secret('opaque', 4, 'Opaque', data('.dockerconfigjson', 'no')),
    ],
    [secret('json', 1, JSON_TYPE, data('.dockerconfigjson', '{"auths":{}}')), secret('empty', 30, JSON_TYPE)],
  ];
  const { client, asked } = await fakeApi(t, ({ query }, response) => {
    if (!query.watch) json(response, 200, { metadata: { resourceVersion: '50' }, items: lists.shift() });
    else if (lists.length > 0) events(response, { type: 'ERROR', object: { code: 410 } }).end();
    else events(response);
  });
  const seen: CredentialSecret[] = [];
  const gone: string[] = [];
  const watch = watchCredentialSecrets({
    client,
    namespace: 'pullpass-system',
    onSecret: (found) => seen.push(found),
    onGone: (name) => gone.push(name),
    time: IMPATIENT,
    log: memoryLog(),
  });
  t.teardown(() => watch.stop());
  await until(() => gone.length === 2, 'two are gone');
  t.same(
    seen.map(({ name, data, resourceVersion }) => [name, data, resourceVersion]),
    [
      ['json', '{"auths":{}}', '1'],
      ['legacy', '{"ü":1}', '2'],
      ['empty', undefined, '3'],
      ['opaque', undefined, '4'],
      ['empty', undefined, '30'],
    ],
  );
  t.same(gone, ['legacy', 'opaque']);
  t.match(seen[0], { type: JSON_TYPE, annotations: { a: 'b' }, uid: 'u-json' });
  t.equal(asked[0]?.path, '/api/v1/namespaces/pullpass-system/secrets');
  t.equal(asked[0]?.query.labelSelector, 'pullpass.dev/credential=enabled');
});
