// The promises of the main job, counted against a real API server with `serve` as a real process from the bundle:
// the Secret is always there first, the steady state costs no API call, a crowd costs one write, an API server that is
// killed heals, and no password is ever printed.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  makeNamespace,
  PULL_SECRET,
  pod,
  startServe,
} from './installation.ts';

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port, { failurePolicy: 'Fail' });
/** Searched for in everything that was printed: if it shows anywhere, a login can leak. */
const canary = `canary-${randomBytes(12).toString('hex')}`;
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: canary } });
const further = { 'pullpass.dev/namespaces': 'further=yes' };
await makeCredential(api, 'harbor', { 'harbor.example.com': { username: 'other', password: canary } }, further);
const serve = await startServe(plane, [], { port, bundle: true });
t.teardown(() => serve.stop('SIGKILL'));

interface Seen {
  readonly listed: boolean;
  readonly keys: readonly string[];
}

/** Creates a Pod and looks at once whether its Secret is there and what it holds. */
async function createAndLook(namespace: string, name: string, image: string): Promise<Seen> {
  const { body } = await expectOk(api.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod(name, image)));
  const secret = await api.call('GET', `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`);
  const listed = (body.spec.imagePullSecrets ?? []).some((entry: { name: string }) => entry.name === PULL_SECRET);
  const text = Buffer.from(secret.body.data?.['.dockerconfigjson'] ?? '', 'base64').toString();
  const auths: Record<string, { password?: string }> = text === '' ? {} : JSON.parse(text).auths;
  return { listed, keys: Object.keys(auths).filter((key) => auths[key]?.password === canary) };
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const secretCalls = (verb?: string): Promise<number> =>
  serve.metric('pullpass_api_calls_total', { resource: 'secrets', ...(verb === undefined ? {} : { verb }) });
const namespaces = Array.from({ length: 1_000 }, (_, i) => `fresh-${i}`);

t.test('1,000 namespaces made with the label and used at once: the Secret is there first, every time', async (t) => {
  let good = 0;
  await inParallel(namespaces, 16, async (name) => {
    await makeNamespace(api, name);
    const { listed, keys } = await createAndLook(name, 'first', 'ghcr.io/acme/app:1');
    if (listed && keys.includes('ghcr.io')) good++;
  });
  t.comment(`${good} of ${namespaces.length} had the pull Secret, with the login, when the create returned`);
  t.equal(good, namespaces.length);
});

t.test('200 of them relabelled for a further credential and used at once: the login is there first', async (t) => {
  let good = 0;
  const labels = { metadata: { labels: { further: 'yes' } } };
  await inParallel(namespaces.slice(0, 200), 16, async (name) => {
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, labels, 'application/merge-patch+json'));
    const { listed, keys } = await createAndLook(name, 'second', 'harbor.example.com/team/app:1');
    if (listed && keys.includes('harbor.example.com') && keys.includes('ghcr.io')) good++;
  });
  t.comment(`${good} of 200 had both logins when the create returned`);
  t.equal(good, 200);
});

t.test('1,000 Pod creates in the steady state cost no call on Secrets, namespaces and ServiceAccounts', async (t) => {
  const resources = ['secrets', 'namespaces', 'serviceaccounts'];
  const calls = async (): Promise<number[]> =>
    Promise.all(resources.map((resource) => serve.metric('pullpass_api_calls_total', { resource })));
  // Starting a watch again is a call too, but none that an admission makes: let the ones that are due pass.
  await sleep(500);
  const [before, audited] = [await calls(), auditedCalls()];
  await inParallel(namespaces, 16, async (name) => {
    await expectOk(api.call('POST', `/api/v1/namespaces/${name}/pods`, pod('steady', 'ghcr.io/acme/app:2')));
  });
  const after = await calls();
  const watches = (
    await Promise.all(
      resources.map((resource) => serve.metric('pullpass_api_calls_total', { resource, verb: 'watch' })),
    )
  ).join();
  t.comment(
    `calls by ${resources.join(', ')}: ${before.join()} before, ${after.join()} after; of these watches: ${watches}`,
  );
  t.same(after, before, 'by its own metric');
  await sleep(1_500);
  t.equal(auditedCalls(), audited, 'by the audit log of the API server');
});

/** Calls of `serve` that the API server has written down, other than watches: they end whenever they end. */
function auditedCalls(): number {
  const lines = readFileSync(plane.auditLog, 'utf8').split('\n');
  return lines.filter(
    (line) =>
      /"userAgent":"pullpass/.test(line) &&
      !/"verb":"watch"/.test(line) &&
      /"resource":"(secrets|namespaces|serviceaccounts)"/.test(line),
  ).length;
}

t.test('100 concurrent creates into a fresh namespace cost exactly one write', async (t) => {
  await makeNamespace(api, 'crowd');
  const before = await secretCalls('patch');
  const names = Array.from({ length: 100 }, (_, i) => `p${i}`);
  await Promise.all(
    names.map((name) => expectOk(api.call('POST', '/api/v1/namespaces/crowd/pods', pod(name, 'ghcr.io/acme/app:1')))),
  );
  t.equal((await secretCalls('patch')) - before, 1);
});

t.test('100 concurrent creates beside a foreign Secret of our name cost no write, and leave it as it is', async (t) => {
  await makeNamespace(api, 'foreign');
  const path = '/api/v1/namespaces/foreign/secrets';
  const foreign = { metadata: { name: PULL_SECRET }, type: 'Opaque', stringData: { mine: 'not yours' } };
  await expectOk(api.call('POST', path, foreign));
  const original = (await api.call('GET', `${path}/${PULL_SECRET}`)).body;
  const before = await secretCalls('patch');
  const names = Array.from({ length: 100 }, (_, i) => `p${i}`);
  const answers = await Promise.all(
    names.map((name) => expectOk(api.call('POST', '/api/v1/namespaces/foreign/pods', pod(name, 'ghcr.io/acme/app:1')))),
  );
  const left = (await api.call('GET', `${path}/${PULL_SECRET}`)).body;
  t.same(left, original, 'byte for byte');
  const writes = (await secretCalls('patch')) - before;
  t.equal(writes, 0, 'no write');
  t.ok(
    answers.every(({ body }) => body.spec.imagePullSecrets === undefined),
    'nobody lists it',
  );
  t.match(answers.at(-1)?.warnings.join(), /not managed by Pullpass/);
});

t.test('an API server that is killed and comes back is found again, and every answer meanwhile is whole', async (t) => {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 4 });
  t.teardown(() => agent.destroy());
  const statuses = new Map<number, number>();
  let broken = 0;
  let posting = true;
  const posts = (async () => {
    while (posting) {
      const { status, uid } = await review(agent, port, 'fresh-0').catch(() => ({ status: 0, uid: '' }));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 200 || uid !== 'u-1') broken++;
      await sleep(10);
    }
  })();
  await sleep(300);
  await plane.killApiServer();
  await sleep(3_000);
  await plane.startApiServer();
  await makeNamespace(api, 'healed');
  const seen = await eventually('injected again', async () => {
    const name = `p${Math.floor(performance.now())}`;
    const answer = await createAndLook('healed', name, 'ghcr.io/acme/app:1').catch(() => undefined);
    return answer?.listed && answer.keys.includes('ghcr.io') ? answer : undefined;
  });
  posting = false;
  await posts;
  t.comment(`answers while it was away and after: ${JSON.stringify([...statuses])}`);
  t.ok(seen.listed);
  t.equal(broken, 0, 'every review was answered from memory');
  t.ok([...statuses.values()].reduce((sum, count) => sum + count, 0) > 100, 'enough were asked');
});

function review(agent: Agent, port: number, namespace: string): Promise<{ status: number; uid: string }> {
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'CREATE',
      namespace,
      object: pod('x', 'ghcr.io/acme/app'),
    },
  });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = { agent, host: '127.0.0.1', port, path: '/mutate?timeout=10s', method: 'POST', headers };
    const outgoing = request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          uid: response.statusCode === 200 ? JSON.parse(text).response.uid : '',
        }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

t.test('no password was printed, and none stands in the audit log or the metrics', async (t) => {
  const metrics = await (await fetch(`http://127.0.0.1:${serve.healthPort}/metrics`)).text();
  for (const form of [
    canary,
    Buffer.from(canary).toString('base64'),
    Buffer.from(`robot:${canary}`).toString('base64'),
  ]) {
    for (const [where, text] of [
      ['output', serve.output()],
      ['metrics', metrics],
      ['audit log', readFileSync(plane.auditLog, 'utf8')],
    ]) {
      t.notOk(text?.includes(form), `${where} holds no login`);
    }
  }
  t.ok(serve.output().includes('"reason":"injected"'), 'there was output to search');
});

t.test('asked to stop, it drains and exits with 0', async (t) => {
  t.equal(await serve.stop(), 0);
});
