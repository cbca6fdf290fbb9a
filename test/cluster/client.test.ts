import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import t from 'tap';
import { connect } from '../../src/cluster/client.ts';
import { ApiUnavailable } from '../../src/cluster/unavailable.ts';
import { events, fakeApi, json, kubeconfigFor } from './fake-api.ts';

const get = { verb: 'get', resource: 'pods', path: '/api/v1/pods', timeoutMs: 10_000 } as const;

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => 'it went well',
    (error: unknown) => error,
  );
  return error instanceof ApiUnavailable ? error.kind : String(error);
}

t.test('a call carries login, query and body, and any status is an answer', async (t) => {
  const { client, asked, calls } = await fakeApi(t, (_, response) => json(response, 418, { kind: 'Status' }));
  const body = { a: 'ü' };
  const answer = await client.call({ ...get, verb: 'patch', query: { fieldManager: 'a b' }, body, contentType: 'x/y' });
  t.same(answer, { status: 418, body: { kind: 'Status' } });
  t.match(asked, [{ method: 'PATCH', path: '/api/v1/pods', query: { fieldManager: 'a b' }, body: '{"a":"ü"}' }]);
  t.match(asked[0]?.headers, { authorization: 'Bearer not-a-real-token', 'content-type': 'x/y' });
  t.same(calls, ['patch pods 418']);
  t.equal(client.namespace, 'pullpass-system');
});

t.test('connections are kept', async (t) => {
  const { client, connections } = await fakeApi(t, (_, response) => json(response, 200, {}));
  for (let n = 0; n < 20; n += 1) await client.call(get);
  t.ok(connections() <= 2, 'a second one may open while the first is put back');
});

t.test('a refusal in the words of a proxy has no body, a good answer must be JSON', async (t) => {
  let status = 502;
  const { client } = await fakeApi(t, (_, response) => response.writeHead(status).end('<h1>sorry s3cret</h1>'));
  t.same(await client.call(get), { status: 502, body: undefined });
  status = 200;
  await t.rejects(client.call(get), { kind: 'unreadable', message: 'get pods: the answer is not JSON' });
});

t.test('no answer is an ApiUnavailable that names its kind', async (t) => {
  const { client, calls } = await fakeApi(t, ({ query }, response) => {
    if (query.reset) response.destroy();
    if (query.half) response.writeHead(200).write('{"half":');
  });
  t.equal(await failure(client.call({ ...get, timeoutMs: 30 })), 'timeout', 'never answers');
  t.equal(await failure(client.call({ ...get, timeoutMs: 30, query: { half: '1' } })), 'timeout', 'never ends');
  t.equal(await failure(client.call({ ...get, query: { reset: '1' } })), 'transport');
  t.equal(await failure(client.call({ ...get, signal: AbortSignal.abort() })), 'aborted');
  t.equal(await failure(client.call({ ...get, signal: AbortSignal.timeout(20) })), 'aborted');
  t.same(calls, Array(5).fill('get pods 0'));
});

t.test('after an outage calls go on new connections, since the old ones may be dead', async (t) => {
  let silent = false;
  const { client, connections } = await fakeApi(t, (_, response) => void (silent || json(response, 200, {})));
  for (let n = 0; n < 5; n += 1) await client.call(get);
  silent = true;
  t.equal(await failure(client.call({ ...get, timeoutMs: 30 })), 'timeout');
  silent = false;
  await client.call(get);
  const before = connections();
  await client.call(get);
  t.equal(connections(), before + 1);
  for (let n = 0; n < 5; n += 1) await client.call(get);
  t.ok(connections() <= before + 2, 'and those are kept again');
});

t.test('a refused connection is told apart', async (t) => {
  const kubeconfig = `${t.testdir({ config: kubeconfigFor('http://127.0.0.1:1', {}) })}/config`;
  const client = connect({ kubeconfig });
  t.teardown(client.close);
  await t.rejects(client.call(get), { kind: 'refused', message: /ECONNREFUSED/ });
});

t.test('a hanging or failing exec plugin ends in time and its output is not told', async (t) => {
  const exec = (script: string) => ({
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] },
  });
  const failing = await fakeApi(t, (_, response) => json(response, 200, {}), exec('echo s3cret >&2; exit 1'));
  const error = await failing.client.call(get).catch((error: unknown) => error);
  t.match(error, { kind: 'unauthenticated' });
  t.notMatch(inspect(error), 's3cret');
  const hanging = await fakeApi(t, (_, response) => json(response, 200, {}), exec('sleep 0.3'));
  t.equal(await failure(hanging.client.call({ ...get, timeoutMs: 30 })), 'timeout');
});

t.test('the token comes from its file, without the line end', async (t) => {
  const dir = t.testdir({ token: 'first\n' });
  const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile: `${dir}/token` } } };
  const { client, asked } = await fakeApi(t, (_, response) => json(response, 200, {}), user);
  await client.call(get);
  t.equal(asked[0]?.headers.authorization, 'Bearer first');
});

t.test('a context is chosen, an unknown one is refused with a hint', async (t) => {
  const kubeconfig = `${t.testdir({ config: kubeconfigFor('http://127.0.0.1:1', {}) })}/config`;
  const client = connect({ kubeconfig, context: 'there' });
  t.equal(client.namespace, 'default');
  await client.close();
  t.throws(() => connect({ kubeconfig, context: 'elsewhere' }), {
    message: 'the kubeconfig has no context "elsewhere", it has here, there',
  });
});

t.test('of a kubeconfig that cannot be read nothing is quoted', async (t) => {
  const dir = t.testdir({
    broken: 'users:\n- user:\n    token: canary\n   bad: x\n',
    odd: 'users: [{user: {token: canary}}]',
  });
  t.throws(() => connect({ kubeconfig: `${dir}/broken` }), {
    message: `the kubeconfig ${dir}/broken is not valid YAML (line 4)`,
  });
  t.throws(() => connect({ kubeconfig: `${dir}/odd` }), { message: /^the kubeconfig ((?!canary).)*$/ });
  t.throws(() => connect({ kubeconfig: `${dir}/absent` }), {
    message: `the kubeconfig ${dir}/absent cannot be read: ENOENT`,
  });
});

t.test('a server address with a path keeps it', async (t) => {
  const api = await fakeApi(t, (_, response) => json(response, 200, {}), {}, '/k8s/clusters/c-1/');
  await api.client.call(get);
  t.equal(api.asked[0]?.path, '/k8s/clusters/c-1/api/v1/pods');
});

t.test('a stream yields lines however they are cut, and never half a line', async (t) => {
  const { client, calls } = await fakeApi(t, async (_, response) => {
    const bytes = Buffer.from('{"n":1}\n\n{"n":"ü"}\n{"n":3}\n{"n":');
    response.writeHead(200);
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await delay(0);
    }
    response.end();
  });
  const seen = [];
  const call = { resource: 'pods', path: '/', signal: new AbortController().signal, inactivityMs: 1000 };
  for await (const line of client.stream(call)) seen.push(line);
  t.same(seen, [{ n: 1 }, { n: 'ü' }, { n: 3 }]);
  t.same(calls, ['watch pods 200']);
});

t.test('a stream that is refused, silent, broken or stopped says so', async (t) => {
  const { client } = await fakeApi(t, ({ query }, response) => {
    if (query.refuse) json(response, 410, { kind: 'Status', message: 's3cret' });
    else if (query.garbage) response.writeHead(200).end('s3cret\n');
    else events(response, { n: 1 });
    if (query.cut) setTimeout(() => response.destroy(), 10);
  });
  async function read(query: Record<string, string>, signal = new AbortController().signal): Promise<unknown[]> {
    const seen: unknown[] = [];
    for await (const line of client.stream({ resource: 'pods', path: '/', query, signal, inactivityMs: 50 }))
      seen.push(line);
    return seen;
  }
  t.same(await read({ refuse: '1' }), [{ type: 'ERROR', object: { code: 410 } }]);
  t.equal(await failure(read({})), 'timeout');
  t.equal(await failure(read({ cut: '1' })), 'transport');
  t.equal(await failure(read({}, AbortSignal.timeout(20))), 'aborted');
  await t.rejects(read({ garbage: '1' }), { kind: 'unreadable', message: 'watch pods: the answer is not JSON' });
});
