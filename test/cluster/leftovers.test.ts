// What is asked of the API server to find and delete what Pullpass made, and what is made of its answers.
import t from 'tap';
import { openLeftovers } from '../../src/cluster/leftovers.ts';
import { fakeApi, type Handler } from './fake-api.ts';

const SEEN = { uid: 'u1', resourceVersion: '5' };
const LABELS = 'app.kubernetes.io/managed-by=pullpass,pullpass.dev/instance=own';

function answer(status: number, body: object = {}): Handler {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function open(test: Parameters<typeof fakeApi>[0], handler: Handler) {
  const api = await fakeApi(test, handler);
  const options = { client: api.client, namespace: 'own', selector: 'app=pullpass' };
  return { ...api, leftovers: openLeftovers(options) };
}

t.test('replicas are counted by their labels, in the own namespace', async (t) => {
  const { leftovers, asked } = await open(t, answer(200, { items: [{ metadata: { name: 'a' } }, {}] }));
  t.equal(await leftovers.replicas(), 2);
  t.match(asked, [{ method: 'GET', path: '/api/v1/namespaces/own/pods', query: { labelSelector: 'app=pullpass' } }]);
});

t.test('pull Secrets are found by one name and our mark alone', async (t) => {
  const { leftovers, asked } = await open(t, answer(200, { items: [{ metadata: { namespace: 'shop', ...SEEN } }] }));
  t.same(await leftovers.pullSecrets('pull'), [{ namespace: 'shop', name: 'pull', seen: SEEN }]);
  t.match(asked[0], {
    path: '/api/v1/secrets',
    query: { fieldSelector: 'metadata.name=pull', labelSelector: LABELS },
  });
});

t.test('a delete is bound to what was seen', async (t) => {
  const { leftovers, asked } = await open(t, answer(200));
  t.equal(await leftovers.deletePullSecret({ namespace: 'shop', name: 'pull', seen: SEEN }), 'deleted');
  t.equal(asked[0]?.path, '/api/v1/namespaces/shop/secrets/pull');
  t.match(JSON.parse(asked[0]?.body ?? ''), { preconditions: SEEN });
});

t.test('a delete that is refused says where', async (t) => {
  const { leftovers } = await open(t, answer(409));
  t.match(await leftovers.deletePullSecret({ namespace: 'shop', name: 'pull', seen: SEEN }), {
    failed: /^namespace shop: /,
  });
});

const OURS = { metadata: { ...SEEN, labels: { 'app.kubernetes.io/managed-by': 'pullpass' } } };

t.test('what is not there need not be deleted', async (t) => {
  const { leftovers, asked } = await open(t, (call, response) =>
    answer(call.path.endsWith('/pullpass-ca') ? 404 : 200, OURS)(call, response),
  );
  t.same(await leftovers.deleteOwn(), { deleted: ['the Secret pullpass-logins', 'the Lease pullpass'], foreign: [] });
  t.same(
    asked.map(({ method }) => method),
    ['GET', 'DELETE', 'GET', 'DELETE'],
  );
  t.match(JSON.parse(asked[1]?.body ?? ''), { preconditions: SEEN }, 'the delete is bound to what was seen');
});

t.test('a Secret of our name without our mark stays, and is told', async (t) => {
  const { leftovers, asked } = await open(t, answer(200, { metadata: SEEN }));
  t.same(await leftovers.deleteOwn(), {
    deleted: ['the Lease pullpass'],
    foreign: ['the Secret pullpass-logins', 'the Secret pullpass-ca'],
  });
  t.same(
    asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('/').at(-2)),
    ['leases'],
  );
});

t.test('a refusal is said in words, and never taken for nothing', async (t) => {
  const { leftovers } = await open(t, answer(403));
  t.match(await leftovers.replicas(), { failed: 'list pods: the API server answered 403' });
  t.match(await leftovers.pullSecrets('pull'), { failed: /403$/ });
  t.match(await leftovers.deleteOwn(), {
    failed: 'the Secret pullpass-logins could not be read: the API server answered 403',
  });
});
