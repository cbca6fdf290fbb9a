// What a replica tells of itself on its third port: every field of it, as the cluster and the configuration change under a real one,
// and that no login is ever in it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { NamespaceStatus, ReplicaStatus, SyncStatus } from '../../src/core/replica-status.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  makeNamespace,
  OWN_NAMESPACE,
  PULL_SECRET,
  pod,
  startServe,
  WEBHOOK,
} from './installation.ts';

t.setTimeout(180_000);
const canary = `canary-${randomBytes(12).toString('hex')}`;
const login = { username: 'robot', password: canary };
const VENDOR = join(import.meta.dirname, '..', 'credentials', 'plugins', 'vendor.mjs');
const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const MERGE = 'application/merge-patch+json';
const HOUR_MS = 3_600_000;
/** As many as the guard against mistakes holds back, and one. */
const LEAVING = Array.from({ length: 12 }, (_, i) => `leaving-${i}`);

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const registry = createServer((_request, answer) =>
  answer.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end(),
);
await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
t.teardown(() => registry.close());
const local = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
const folder = mkdtempSync(join(tmpdir(), 'pullpass-status-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'pullpass.yaml');
const settings = {
  credentials: [
    {
      name: 'ecr',
      match: [ECR],
      source: { credentialProvider: { command: process.execPath, args: [VENDOR, 'ecr'] } },
    },
    { name: 'files', match: ['files.example.com'], source: { dockerConfig: join(folder, 'nowhere.json') } },
  ],
  pullSecret: { distribution: 'everywhere', grace: '1h' },
};
const configure = (more: object = {}): void => writeFileSync(file, JSON.stringify({ ...settings, ...more }));
configure();

const [port] = await freePorts(1);
await install(api, port, { failurePolicy: 'Ignore' });
await makeCredential(
  api,
  'team',
  { [local]: login },
  {
    'pullpass.dev/match': `${local}/acme/, ${local}/labs/`,
    'pullpass.dev/except': `${local}/acme/public`,
    'pullpass.dev/namespaces': 'team=payments',
  },
);
await makeCredential(api, 'local', { [local]: login });
await makeCredential(api, 'broken', { 'quay.io': login }, { 'pullpass.dev/match': 'https://quay.io' });
const label = { 'pullpass.dev/inject': 'enabled' };
await makeNamespace(api, 'shop', { ...label, team: 'payments' });
await makeNamespace(api, 'missed');
await makeNamespace(api, 'outside', {});
for (const name of ['foreign', 'full', ...LEAVING]) {
  await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name, labels: label } }));
}
const secrets = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
await expectOk(api.call('POST', secrets('foreign'), { metadata: { name: PULL_SECRET } }));
const quota = { metadata: { name: 'none' }, spec: { hard: { 'count/secrets': '0' } } };
await expectOk(api.call('POST', '/api/v1/namespaces/full/resourcequotas', quota));
await eventually('the quota is counted', async () => {
  const { body } = await api.call('GET', '/api/v1/namespaces/full/resourcequotas/none');
  return body.status?.used?.['count/secrets'];
});
// Nobody answers yet.
await expectOk(api.call('POST', '/api/v1/namespaces/missed/pods', pod('late', `${local}/app`)));
const startedAt = Date.now();
const serve = await startServe(plane, ['--config', file], { port, podName: 'pullpass-1' });
t.teardown(() => serve.stop('SIGKILL'));

/** Everything that was told. */
const texts: string[] = [];

async function tell(query = '', { statusPort } = serve): Promise<ReplicaStatus> {
  const text = await (await fetch(`http://127.0.0.1:${statusPort}/status${query}`)).text();
  texts.push(text);
  return JSON.parse(text);
}

const until = (what: string, holds: (status: ReplicaStatus) => boolean): Promise<ReplicaStatus> =>
  eventually(what, async () => {
    const status = await tell();
    return holds(status) ? status : undefined;
  });

function syncOf({ sync }: ReplicaStatus): SyncStatus {
  if (sync === undefined) throw new Error('it is not elected');
  return sync;
}

function namespaceIn(status: ReplicaStatus, name: string): NamespaceStatus {
  const found = syncOf(status).namespaces.find((namespace) => namespace.name === name);
  if (found === undefined) throw new Error(`${name} is not told of`);
  return found;
}

const near = (time: number | undefined, expected: number): boolean => Math.abs((time ?? 0) - expected) < 120_000;

t.test('of the replica: which one, its certificate, its settings', async (t) => {
  const status = await until('the first pass', ({ sync }) => sync?.lastPass !== undefined);
  t.equal(status.version, 1);
  t.match(status.replica, /^pullpass-1-[0-9a-f]{8}$/);
  t.notOk('notReady' in status);
  t.equal(status.certificate.trusted, true);
  t.ok((status.certificate.expires ?? 0) > startedAt + HOUR_MS);
  t.same(status.settings, {
    own: OWN_NAMESPACE,
    webhookConfiguration: WEBHOOK,
    service: 'pullpass',
    namespaces: { matchLabels: label },
    workloads: ['Deployment'],
    pullSecret: {
      name: PULL_SECRET,
      formerNames: [],
      type: 'kubernetes.io/dockerconfigjson',
      distribution: 'everywhere',
      graceMs: HOUR_MS,
    },
    requireNamespaces: false,
    credentialHealth: false,
    repair: 'off',
  });
  t.same([status.refusedConfiguration, status.webhookDifferences], [[], []]);
});

t.test('of each credential: where from, what it serves, for whom, its logins, and what is wrong with it', async (t) => {
  const status = await until('asked', ({ credentials: [ecr] }) => ecr?.patterns[0]?.hasLogin === true);
  const [ecr, files, , team] = status.credentials;
  t.same(team, {
    name: 'team',
    where: 'Secret team',
    patterns: [
      { text: `${local}/acme/`, hasLogin: true },
      { text: `${local}/labs/`, hasLogin: true },
    ],
    except: [`${local}/acme/public`],
    namespaces: { matchExpressions: [{ key: 'team', operator: 'In', values: ['payments'] }] },
    admits: 1,
    problems: [],
    health: [],
  });
  const [pattern] = ecr?.patterns ?? [];
  t.ok(near(pattern?.obtained, startedAt), 'when the program gave it');
  t.ok(near(pattern?.expires, startedAt + 6 * HOUR_MS), 'and until when');
  t.match(ecr?.where, /^credential provider /);
  t.equal(ecr?.admits, 4 + LEAVING.length, 'every namespace that takes part, and no other');
  t.equal(files?.patterns[0]?.hasLogin, false);
  t.match(files?.problems, [{ kind: /source|no-login/, credential: 'files', where: /nowhere\.json/, problem: /\S/ }]);
  t.match(status.problems, [{ kind: 'refused', credential: 'broken', where: 'Secret broken', problem: /no scheme/ }]);
  t.equal(status.problems.length, 1, 'what belongs to a credential in force is told there');
});

t.test('of each namespace: its pull Secret, why it is left alone or was not written, missed Pods', async (t) => {
  const status = await until('looked and written', ({ sync }) => {
    const [shop, missed] = ['shop', 'missed'].map((name) => sync?.namespaces.find((one) => one.name === name));
    return missed?.missedPods.length === 1 && shop?.pullSecret?.credentials.length === 3;
  });
  const sync = syncOf(status);
  t.ok(near(sync.lastPass, startedAt));
  t.same([sync.held, sync.more, sync.takingPart], [0, 0, 4 + LEAVING.length]);
  t.notOk('confirm' in sync);
  const { pullSecret, ...shop } = namespaceIn(status, 'shop');
  t.same(shop, { name: 'shop', takesPart: true, missedPods: [], moreMissedPods: 0 });
  const { created, ...rest } = pullSecret ?? {};
  t.ok(near(created, startedAt));
  t.same(rest, {
    ours: true,
    credentials: ['ecr', 'local', 'team'],
    keys: [ECR, local, `${local}/acme/`, `${local}/acme/public`, `${local}/labs/`],
    fresh: true,
  });
  const foreign = namespaceIn(status, 'foreign');
  t.match(foreign, { refused: 'foreign', pullSecret: { ours: false, fresh: false, credentials: [], keys: [] } });
  t.match(namespaceIn(status, 'full'), { failed: 'quota: a quota of the namespace forbids another Secret' });
  t.notOk('pullSecret' in namespaceIn(status, 'full'));
  t.same(namespaceIn(status, 'missed').missedPods, ['late']);
  const names = sync.namespaces.map(({ name }) => name);
  t.same(names, [...names].sort());
  t.notOk(names.includes('outside'), 'where there is nothing to tell, nothing is told');
});

t.test('asked for one namespace it tells of that one alone, also when there is nothing to tell', async (t) => {
  const about = async (name: string) => syncOf(await tell(`?namespace=${name}`)).namespaces;
  t.same(await about('outside'), [{ name: 'outside', takesPart: false, missedPods: [], moreMissedPods: 0 }]);
  t.match(await about('shop'), [{ name: 'shop', pullSecret: { fresh: true } }]);
  t.same(await about('nowhere'), []);
});

t.test('what is to be deleted: when, and what waits for a confirmation', async (t) => {
  const optOut = { metadata: { labels: { 'pullpass.dev/inject': null } } };
  const [first = '', ...others] = LEAVING;
  await expectOk(api.call('PATCH', `/api/v1/namespaces/${first}`, optOut, MERGE));
  const noted = await until('noted', (status) => namespaceIn(status, first).pullSecret?.leaves !== undefined);
  t.ok(near(namespaceIn(noted, first).pullSecret?.leaves, Date.now() + HOUR_MS));
  t.equal(namespaceIn(noted, first).takesPart, false);
  for (const name of others) await expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, optOut, MERGE));
  configure({ pullSecret: { distribution: 'everywhere', grace: '0s' } });
  const status = await until('held', ({ sync }) => sync?.held === LEAVING.length);
  t.match(syncOf(status).confirm, new RegExp(`^kubectl -n ${OWN_NAMESPACE} annotate .*=${LEAVING.length}$`));
  t.match(namespaceIn(status, first).pullSecret, { fresh: false, change: 'delete not-enabled' });
  t.equal(status.settings.pullSecret.graceMs, 0, 'the settings are those in force');
});

t.test(
  'a configuration that is refused, as long as it is there, and a webhook configuration that differs',
  async (t) => {
    configure({ requireNamespace: true });
    const { refusedConfiguration } = await until('refused', (status) => status.refusedConfiguration.length > 0);
    t.match(refusedConfiguration, [/pullpass\.yaml.*requireNamespace.*did you mean "requireNamespaces"/]);
    configure();
    await until('in force', (status) => status.refusedConfiguration.length === 0);
    const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
    const { body } = await api.call('GET', path);
    const [hook] = body.webhooks;
    const change = (webhooks: readonly object[]) => expectOk(api.call('PATCH', path, { webhooks }, MERGE));
    await change([{ ...hook, rules: [hook.rules[0]] }]);
    const differs = await until('it differs', ({ webhookDifferences }) => webhookDifferences.length > 0);
    t.match(differs.webhookDifferences, [/sends CREATE of Deployment\.apps here/]);
    await expectOk(api.call('DELETE', path));
    const gone = await until('it is gone', ({ certificate }) => !certificate.trusted);
    t.match(gone.webhookDifferences, [/there is no webhook configuration "pullpass"/]);
    const { metadata, ...again } = body;
    await expectOk(api.call('POST', path.replace(`/${WEBHOOK}`, ''), { ...again, metadata: { name: WEBHOOK } }));
    await until('trusted again', ({ certificate }) => certificate.trusted);
  },
);

t.test('a replica that is not elected tells of itself and of the credentials', async (t) => {
  const other = await startServe(plane, ['--config', file, '--drain', '3'], { podName: 'pullpass-2' });
  t.teardown(() => other.stop('SIGKILL'));
  const status = await tell('', other);
  t.match(status.replica, /^pullpass-2-/);
  t.equal(status.credentials.find(({ name }) => name === 'team')?.admits, 1);
  t.notOk('sync' in status);
  const stopping = other.stop();
  const draining = await eventually('draining', async () => {
    const { notReady } = await tell('', other);
    return notReady;
  });
  t.equal(draining, 'draining');
  t.equal(await stopping, 0, 'and ends with the rest');
});

t.test('what became of the logins that were tried, by host', async (t) => {
  configure({ credentials: [], credentialHealth: { enabled: true } });
  const status = await until('tried', ({ credentials }) => credentials.every(({ health }) => health.length === 1));
  const refused = [{ host: local, result: 'refused' }];
  t.same(
    status.credentials.map(({ name, health }) => [name, health]),
    [
      ['local', refused],
      ['team', refused],
    ],
  );
  t.equal(status.settings.credentialHealth, true);
});

t.test('no login was in anything that was told', async (t) => {
  t.ok(texts.length > 10);
  const told = texts.join('\n');
  const auth = Buffer.from(`${login.username}:${canary}`).toString('base64');
  for (const secret of [
    canary,
    Buffer.from(canary).toString('base64'),
    auth,
    '"robot"',
    '"fake"',
    'for 123456789012',
  ]) {
    t.notOk(told.includes(secret), secret === canary ? 'the password' : 'another form of it');
  }
});
