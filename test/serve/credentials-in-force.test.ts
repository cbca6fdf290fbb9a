// What of the credentials outlives the Secret that they are kept in, against an API server in memory.
import type { ServerResponse } from 'node:http';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { encodeKept } from '../../src/credentials/kept.ts';
import { sourceDigest } from '../../src/credentials/source-digest.ts';
import { followCredentials } from '../../src/serve/credentials-in-force.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { events, fakeApi, json, until } from '../cluster/fake-api.ts';
import { patternOf } from '../core/given.ts';

const YAML = 'credentials: [{ name: exec, match: [r.acme.io], source: { credentialHelper: acme } }]';

function configOf() {
  const loaded = loadConfig(YAML, '/etc/pullpass.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function loginsSecret(version: string, password: string, refused: readonly string[] = []) {
  const [settings] = configOf().credentials;
  if (settings === undefined) throw new Error('there is one');
  const logins = new Map([['r.acme.io', { username: 'u', password }]]);
  const record = { origin: 'configured' as const, where: 'x', source: sourceDigest(settings.source), logins };
  const texts = encodeKept(new Map([['exec', record]]), new Set(refused));
  const data = [...texts].map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  const labels = { 'app.kubernetes.io/managed-by': 'pullpass' };
  const metadata = { name: 'pullpass-logins', namespace: 'own', uid: 'u', resourceVersion: version, labels };
  return { metadata, data: Object.fromEntries(data) };
}

async function follow(t: Parameters<typeof fakeApi>[0]) {
  let stream: ServerResponse | undefined;
  const { client } = await fakeApi(t, ({ query }, response) => {
    const isLogins = query.fieldSelector !== undefined;
    if (query.watch) {
      const opened = events(response);
      if (isLogins) stream = opened;
      return;
    }
    json(response, 200, {
      metadata: { resourceVersion: '10' },
      items: isLogins ? [loginsSecret('9', 'fake-1', ['x'])] : [],
    });
  });
  const warnings: object[] = [];
  const log = { info: () => undefined, debug: () => undefined, error: () => undefined };
  const credentials = followCredentials({
    config: configOf(),
    dockerConfigs: [],
    client,
    own: 'own',
    log: { ...log, warn: (fields: object) => void warnings.push(fields) } as never,
    metrics: createMetrics(),
  });
  t.teardown(() => credentials.close());
  await credentials.ready;
  await until(() => stream !== undefined, 'the Secret is watched');
  let told = 0;
  credentials.onChange(() => void told++);
  return {
    credentials,
    warnings,
    password: () => credentials.inForce().catalog.logins('exec', patternOf('r.acme.io'))?.password,
    told: () => told,
    send: (type: string, object: object) => void stream?.write(`${JSON.stringify({ type, object })}\n`),
  };
}

t.test('a Secret that is deleted takes nothing away, and is to be written again', async (t) => {
  const { credentials, password, send, told, warnings } = await follow(t);
  t.equal(password(), 'fake-1');
  t.same([...credentials.refusedLogins()], ['x']);
  const before = [...credentials.inForce().kept];
  send('DELETED', { metadata: { ...loginsSecret('11', '').metadata } });
  await until(() => credentials.loginsSecret() === undefined && told() > 0, 'it is gone');
  t.equal(password(), 'fake-1');
  t.same([...credentials.inForce().kept], before, 'all of it is wanted');
  send('ADDED', { ...loginsSecret('12', ''), data: { exec: 'Z2FyYmFnZQ==' } });
  await until(() => credentials.loginsSecret() !== undefined && told() > 1, 'it is there, damaged');
  t.equal(password(), 'fake-1');
  t.same(warnings.slice(-1), [{ why: 'what is kept of credential "exec" cannot be read' }]);
  send('MODIFIED', loginsSecret('13', 'fake-2'));
  await until(() => password() === 'fake-2', 'what the elected one wrote is taken');
});

t.test('what we wrote is not undone by what the watch tells late', async (t) => {
  const { credentials, password, send } = await follow(t);
  const texts = new Map(
    Object.entries(loginsSecret('20', 'fake-3').data).map(([key, text]) => [key, atob(String(text))]),
  );
  const written = { uid: 'u', resourceVersion: '20', ours: true, texts, confirmedRemovals: 0, heldRemovals: 0 };
  credentials.observeLoginsSecret(written);
  send('MODIFIED', loginsSecret('18', 'fake-2'));
  send('DELETED', loginsSecret('19', 'fake-2'));
  send('MODIFIED', loginsSecret('21', 'fake-4'));
  await until(() => password() === 'fake-4', 'all of it has arrived');
  t.equal(credentials.loginsSecret()?.resourceVersion, '21');
});

t.test('refused logins are to be kept at once, and it is told once', async (t) => {
  const { credentials, told } = await follow(t);
  credentials.rememberRefused(new Set(['x', 'y']));
  t.equal(credentials.inForce().kept.get('_refused'), '["x","y"]');
  t.same([...credentials.refusedLogins()], ['x', 'y']);
  await until(() => told() === 1, 'it is told');
  credentials.rememberRefused(new Set(['y', 'x']));
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(told(), 1, 'nothing new');
  t.equal(credentials.inForce().kept.get('_refused'), '["x","y"]', 'it stays');
  credentials.rememberRefused(new Set());
  t.notOk(credentials.inForce().kept.has('_refused'));
});
