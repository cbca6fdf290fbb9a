// What a crowd, a conflict, a slow API server and a stranger's Secret do to the pull Secret, with a cluster in memory and a
// clock that stands still unless it is moved.
import t from 'tap';
import { parsePattern } from '../../src/core/pattern.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { EnsureReason } from '../../src/core/reason.ts';
import { compileRenderings } from '../../src/core/rendering.ts';
import type { PullSecretState } from '../../src/core/surroundings.ts';
import {
  type CredentialsInForce,
  createEnsure,
  type EnsureRequest,
  type PullSecretWrite,
} from '../../src/webhook/ensure.ts';
import { fakeCluster, secret, TYPE } from './fake-cluster.ts';

const SETTINGS = {
  name: 'pullpass-dockercfg',
  type: TYPE,
  labels: {},
  annotations: {},
  instance: 'pullpass-system',
} as const;
const REQUEST: EnsureRequest = {
  namespace: 'shop',
  labels: {},
  needs: [{ credential: 'ghcr', pattern: 'ghcr.io' }],
  timeoutMs: 5_000,
};

function inForce(hasLogin = true, ...more: string[]): CredentialsInForce {
  const credentials = ['ghcr.io', ...more].map((host) => {
    const parsed = parsePattern(host);
    if (!parsed.ok) throw new Error(parsed.problem);
    const known = host === 'ghcr.io' || hasLogin;
    return { name: host.split('.')[0] ?? '', patterns: [{ pattern: parsed.value, hasLogin: known }], except: [] };
  });
  const login = { username: 'fake-user', password: 'fake-password' };
  const policy = compilePolicy(credentials);
  return { policy, renderings: compileRenderings(policy, () => login, SETTINGS, String) };
}

t.test('100 concurrent requests cost one write, and all hear that it was created', async (t) => {
  const cluster = fakeCluster();
  const ensure = createEnsure(cluster.ports);
  const reasons = await Promise.all(Array.from({ length: 100 }, () => ensure(REQUEST, inForce())));
  t.equal(cluster.writes.length, 1);
  t.same(new Set(reasons), new Set(['created']));
  t.equal(cluster.asleep(), 0, 'nobody is left waiting for a deadline');
});

t.test('what is written carries the mark, the credentials and their logins', async (t) => {
  const cluster = fakeCluster();
  await createEnsure(cluster.ports)(REQUEST, inForce());
  const [{ data, ...rest } = { data: {} as PullSecretWrite['data'] }] = cluster.writes;
  t.strictSame(rest, {
    namespace: 'shop',
    name: SETTINGS.name,
    type: SETTINGS.type,
    labels: { 'app.kubernetes.io/managed-by': 'pullpass', 'pullpass.dev/instance': 'pullpass-system' },
    annotations: { 'pullpass.dev/credentials': 'ghcr' },
  });
  const text = Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString();
  t.match(JSON.parse(text), { auths: { 'ghcr.io': { username: 'fake-user', password: 'fake-password' } } });
});

t.test('what is there costs no write, whether ours or not', async (t) => {
  const rows: readonly (readonly [PullSecretState, EnsureReason])[] = [
    [secret(['ghcr']), 'present'],
    [secret(['ghcr', 'quay']), 'present'],
    [secret([], false), 'foreign'],
  ];
  for (const [state, reason] of rows) {
    const cluster = fakeCluster(state);
    t.equal(await createEnsure(cluster.ports)(REQUEST, inForce()), reason);
    t.equal(cluster.writes.length, 0);
  }
});

t.test('a credential that is missing in ours is added, bound to what was seen, in the type that it has', async (t) => {
  const old = { ...secret(['quay']), type: 'kubernetes.io/dockercfg' };
  const cluster = fakeCluster(old);
  t.equal(await createEnsure(cluster.ports)(REQUEST, inForce()), 'rewritten');
  t.match(cluster.writes, [{ seen: old, type: 'kubernetes.io/dockercfg', data: { '.dockercfg': String } }]);
});

t.test('a rewrite that would take away a login is not made', async (t) => {
  const cluster = fakeCluster(secret(['quay']));
  t.equal(await createEnsure(cluster.ports)(REQUEST, inForce(false, 'quay.io')), 'login-missing');
  t.equal(cluster.writes.length, 0);
});

t.test('another replica was faster: found after the conflict, one write', async (t) => {
  const cluster = fakeCluster();
  cluster.becomes(secret(['ghcr']));
  t.equal(await createEnsure(cluster.ports)(REQUEST, inForce()), 'present');
  t.equal(cluster.writes.length, 1);
  t.equal(cluster.refreshes(), 1);
});

t.test('the conflict was a Secret that is not ours: foreign, and nothing more is written', async (t) => {
  const cluster = fakeCluster();
  cluster.becomes(secret([], false));
  const ensure = createEnsure(cluster.ports);
  t.equal(await ensure(REQUEST, inForce()), 'foreign');
  t.equal(await ensure(REQUEST, inForce()), 'foreign');
  t.equal(cluster.writes.length, 1);
});

t.test('whoever loses every race gives up after three writes', async (t) => {
  const cluster = fakeCluster();
  cluster.failNext('conflict', 'conflict', 'conflict');
  t.equal(await createEnsure(cluster.ports)(REQUEST, inForce()), 'conflict');
  t.equal(cluster.writes.length, 3);
});

t.test('at its deadline a request leaves, the write goes on and serves those who wait longer', async (t) => {
  const cluster = fakeCluster();
  const release = cluster.holdWrites();
  const ensure = createEnsure(cluster.ports);
  const short = ensure({ ...REQUEST, timeoutMs: 100 }, inForce());
  const long = ensure(REQUEST, inForce());
  cluster.pass(100);
  t.equal(await short, 'deadline');
  release();
  t.equal(await long, 'created');
  t.equal(await ensure(REQUEST, inForce()), 'present');
  t.equal(cluster.writes.length, 1);
});

t.test('a failure is remembered for a second: it is told to all, and tried again after that', async (t) => {
  for (const failure of ['quota', 'forbidden', 'terminating', 'unavailable'] as const) {
    const cluster = fakeCluster();
    cluster.failNext(failure);
    const ensure = createEnsure(cluster.ports);
    t.equal(await ensure(REQUEST, inForce()), failure);
    cluster.pass(999);
    t.equal(await ensure(REQUEST, inForce()), failure, 'remembered');
    t.equal(cluster.writes.length, 1);
    cluster.pass(1);
    t.equal(await ensure(REQUEST, inForce()), 'created');
    t.equal(cluster.writes.length, 2);
  }
});

t.test('a failure that is remembered does not hide a Secret that came meanwhile', async (t) => {
  const cluster = fakeCluster();
  cluster.failNext('quota');
  const ensure = createEnsure(cluster.ports);
  await ensure(REQUEST, inForce());
  cluster.becomes(secret(['ghcr']));
  cluster.learns();
  t.equal(await ensure(REQUEST, inForce()), 'present');
});

t.test('a write that throws fails its request and leaves nothing behind', async (t) => {
  const cluster = fakeCluster();
  let broken = true;
  const write = (request: PullSecretWrite) =>
    broken ? Promise.reject(new Error('a bug')) : cluster.ports.write(request);
  const ensure = createEnsure({ ...cluster.ports, write });
  await t.rejects(async () => ensure(REQUEST, inForce()), { message: 'a bug' });
  broken = false;
  t.equal(await ensure(REQUEST, inForce()), 'created');
});

t.test(
  'somebody who keeps a part of the Secret for good costs three writes a second, not three an admission',
  async (t) => {
    const cluster = fakeCluster();
    cluster.failNext('conflict', 'conflict', 'conflict');
    const ensure = createEnsure(cluster.ports);
    t.equal(await ensure(REQUEST, inForce()), 'conflict');
    t.equal(await ensure(REQUEST, inForce()), 'conflict');
    t.equal(cluster.writes.length, 3);
  },
);
