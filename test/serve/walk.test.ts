// A random walk of changes of a cluster, by users, administrators and vandals: after every few of them each namespace must
// hold what the rules say, worked out here from scratch, and strangers' Secrets must be untouched, with the rights and under the
// policies of the chart. PULLPASS_SEED repeats one; FULL=1 makes 500 changes.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { apply, policiesOf } from '../chart/policies.ts';
import { render } from '../chart/render.ts';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { FULL } from '../full.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  OWN_NAMESPACE,
  PULL_SECRET,
  type ServeProcess,
  startServe,
} from './installation.ts';

t.setTimeout(400_000);
const seed = Number(process.env.PULLPASS_SEED ?? Date.now() % 1_000_000);
const CHANGES = FULL ? 500 : 160;
const CHECK_EVERY = 20;
const NAMESPACES = 16;
const JSON_TYPE = 'kubernetes.io/dockerconfigjson';

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-walk-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');

/** What should be, as an administrator would say it. */
const settings = { type: JSON_TYPE, annotation: 'one', enabledBy: ['enabled'] };
const credentials = new Map([
  ['all', { host: 'all.example.com', password: 'fake-0', team: '' }],
  ['red', { host: 'red.example.com', password: 'fake-0', team: 'red' }],
  ['blue', { host: 'blue.example.com', password: 'fake-0', team: 'blue' }],
]);
/** Of the configuration file; undefined: it is not in there. */
let configured: { host: string; password: string; team: string } | undefined;
const namespaces = new Map<string, { inject: string; team: string; foreign: string | undefined }>();

function writeConfig(): void {
  const { type, annotation, enabledBy } = settings;
  const login = { username: 'robot', password: configured?.password };
  writeFileSync(join(folder, 'file.json'), JSON.stringify({ auths: { 'file.example.com': login } }));
  const credential = {
    name: 'file',
    match: ['file.example.com'],
    source: { dockerConfig: 'file.json' },
    ...(configured?.team && { namespaces: { matchLabels: { team: configured.team } } }),
  };
  const text = JSON.stringify({
    pullSecret: { distribution: 'everywhere', grace: '0s', type, annotations: { 'example.com/note': annotation } },
    namespaces: { matchExpressions: [{ key: 'pullpass.dev/inject', operator: 'In', values: enabledBy }] },
    credentials: configured === undefined ? [] : [credential],
  });
  // As a ConfigMap is replaced: never half written.
  writeFileSync(`${config}.new`, text);
  renameSync(`${config}.new`, config);
}
writeConfig();
for (const [name, { host, password, team }] of credentials) {
  await makeCredential(
    api,
    name,
    { [host]: { username: 'robot', password } },
    team === '' ? {} : { 'pullpass.dev/namespaces': `team=${team}` },
  );
}
await apply(plane, policiesOf(await render()));
const start = (): Promise<ServeProcess> => startServe(plane, ['--config', config], { port, bundle: true });
let serve = await start();
let output = '';
t.teardown(() => serve.stop('SIGKILL'));

/** mulberry32: small, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = randomFrom(seed);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const merge = 'application/merge-patch+json';
const secretPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`;
const labelsOf = (inject: string, team: string): Record<string, string | null> => ({
  'pullpass.dev/inject': inject === '' ? null : inject,
  team: team === '' ? null : team,
});
const nothing = async (): Promise<boolean> => false;

/** Each does one thing to the cluster and says whether that changed anything: what a vandal's target does not allow does not. */
const CHANGES_BY_NAME: Readonly<Record<string, (namespace: string) => Promise<boolean>>> = {
  async relabel(name) {
    const state = namespaces.get(name);
    if (state === undefined) return nothing();
    const before = `${state.inject} ${state.team}`;
    state.inject = random() < 0.7 ? pick(['enabled', 'enabled', 'also']) : '';
    state.team = pick(['', 'red', 'blue']);
    const body = { metadata: { labels: labelsOf(state.inject, state.team) } };
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, body, merge));
    return before !== `${state.inject} ${state.team}`;
  },
  /** A script drops the label everywhere, or sets it everywhere. */
  async mistake() {
    if (random() < 0.6) return nothing();
    const enabled = [...namespaces.values()].filter(({ inject }) => inject !== '').length;
    const inject = enabled > NAMESPACES / 2 ? '' : 'enabled';
    for (const [name, state] of namespaces) {
      state.inject = inject;
      const body = { metadata: { labels: labelsOf(inject, state.team) } };
      await expectOk(api.call('PATCH', `/api/v1/namespaces/${name}`, body, merge));
    }
    return true;
  },
  async rotate() {
    const [name, credential] = pick([...credentials]);
    credential.password = `fake-${Math.floor(random() * 1e6)}`;
    const auths = { [credential.host]: { username: 'robot', password: credential.password } };
    const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`, { data }, merge));
    return true;
  },
  async scope() {
    const [name, credential] = pick([...credentials].filter(([, { team }]) => team !== ''));
    credential.team = credential.team === 'red' ? 'blue' : 'red';
    const annotations = { 'pullpass.dev/namespaces': `team=${credential.team}` };
    const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`;
    await expectOk(api.call('PATCH', path, { metadata: { annotations } }, merge));
    return true;
  },
  async configure() {
    if (random() < 0.5) settings.annotation = `n${Math.floor(random() * 1e6)}`;
    else settings.type = settings.type === JSON_TYPE ? 'kubernetes.io/dockercfg' : JSON_TYPE;
    writeConfig();
    return true;
  },
  /** A credential of the configuration comes, goes, or gets another login or other namespaces. */
  async credential() {
    const isGoing = configured !== undefined && random() < 0.5;
    const password = `fake-${Math.floor(random() * 1e6)}`;
    configured = isGoing ? undefined : { host: 'file.example.com', password, team: pick(['', 'red', 'blue']) };
    writeConfig();
    return true;
  },
  /** Another selector of namespaces takes effect with a restart. */
  async restart() {
    if (random() < 0.6) return nothing();
    settings.enabledBy = settings.enabledBy.length === 1 ? ['enabled', 'also'] : ['enabled'];
    writeConfig();
    // Once as a crash: then another is elected only when the Lease has run out.
    await serve.stop(output === '' ? 'SIGKILL' : 'SIGTERM');
    output += serve.output();
    serve = await start();
    return true;
  },
  remove: (name) => ifOurs(name, () => api.call('DELETE', secretPath(name))),
  edit: (name) =>
    ifOurs(name, () =>
      api.call('PATCH', secretPath(name), { data: { '.dockerconfigjson': 'e30=', '.dockercfg': 'e30=' } }, merge),
    ),
  deface: (name) =>
    ifOurs(name, () =>
      api.call('PATCH', secretPath(name), { metadata: { annotations: { 'example.com/note': 'defaced' } } }, merge),
    ),
  freeze: (name) => ifOurs(name, () => api.call('PATCH', secretPath(name), { immutable: true }, merge)),
  /** The mark is gone: from then on it is somebody else's, and stays as it is. */
  async foreign(name) {
    const state = namespaces.get(name);
    if (state === undefined) return nothing();
    if (state.foreign !== undefined) {
      await expectOk(api.call('DELETE', secretPath(name)));
      state.foreign = undefined;
      return true;
    }
    await api.call('DELETE', secretPath(name));
    const mine = { metadata: { name: PULL_SECRET }, type: 'Opaque', stringData: { mine: 'not yours' } };
    const { status, body } = await api.call('POST', `/api/v1/namespaces/${name}/secrets`, mine);
    if (status === 201) state.foreign = JSON.stringify(body);
    return true;
  },
};

async function ifOurs(name: string, change: () => Promise<{ readonly status: number }>): Promise<boolean> {
  if (namespaces.get(name)?.foreign !== undefined) return false;
  return (await change()).status < 300;
}

/** What a namespace should hold: password by host, or nothing. */
function expected(inject: string, team: string): Readonly<Record<string, string>> | undefined {
  if (!settings.enabledBy.includes(inject)) return undefined;
  const all = [...credentials.values(), ...(configured === undefined ? [] : [configured])];
  const may = all.filter((one) => one.team === '' || one.team === team);
  return Object.fromEntries(may.map(({ host, password }) => [host, password]));
}

/** @returns what is wrong in a namespace, or undefined */
async function faultOf(name: string): Promise<string | undefined> {
  const { inject, team, foreign } = namespaces.get(name) ?? { inject: '', team: '', foreign: undefined };
  const { status, body } = await api.call('GET', secretPath(name));
  if (foreign !== undefined)
    return JSON.stringify(body) === foreign ? undefined : `${name}: a stranger's Secret changed`;
  const wanted = expected(inject, team);
  if (wanted === undefined) return status === 404 ? undefined : `${name}: still there`;
  if (status !== 200) return `${name}: missing`;
  if (body.type !== settings.type) return `${name}: of type ${body.type}`;
  if (body.immutable) return `${name}: immutable`;
  if (body.metadata.annotations['example.com/note'] !== settings.annotation) return `${name}: annotation`;
  const key = settings.type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson';
  const text = JSON.parse(Buffer.from(body.data[key] ?? 'e30=', 'base64').toString());
  const auths: Record<string, { password: string }> = key === '.dockercfg' ? text : (text.auths ?? {});
  const held = Object.fromEntries(Object.entries(auths).map(([host, login]) => [host, login.password]));
  return JSON.stringify(sorted(held)) === JSON.stringify(sorted(wanted))
    ? undefined
    : `${name}: holds ${JSON.stringify(held)}`;
}

function sorted(map: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function confirmIfHeld(): Promise<void> {
  const held = await serve.metric('pullpass_sync_removals_held');
  if (held === 0) return;
  const annotations = { 'pullpass.dev/confirm-removal': `${NAMESPACES}` };
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/pullpass-logins`;
  await expectOk(api.call('PATCH', path, { metadata: { annotations } }, merge));
  confirmations += 1;
}
let confirmations = 0;

t.test(`${CHANGES} random changes, seed ${seed}`, async (t) => {
  for (let i = 0; i < NAMESPACES; i++) {
    const [name, inject, team] = [`walk-${i}`, pick(['enabled', 'enabled', 'also', '']), pick(['', 'red', 'blue'])];
    namespaces.set(name, { inject, team, foreign: undefined });
    const labels = { ...(inject !== '' && { 'pullpass.dev/inject': inject }), ...(team !== '' && { team }) };
    await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name, labels } }));
  }
  const names = [...namespaces.keys()];
  const done: string[] = [];
  const slowest = { ms: 0 };
  for (let i = 1; i <= CHANGES; ) {
    const what = pick([...Object.keys(CHANGES_BY_NAME), 'relabel', 'relabel', 'relabel']);
    const name = pick(names);
    if (!(await CHANGES_BY_NAME[what]?.(name))) continue;
    done.push(`${what} ${name}`);
    i += 1;
    if (done.length % CHECK_EVERY !== 0) continue;
    const began = performance.now();
    let faults: (string | undefined)[] = [];
    await eventually(
      'all namespaces hold what they should',
      async () => {
        await confirmIfHeld();
        faults = (await Promise.all(names.map(faultOf))).filter((fault) => fault !== undefined);
        return faults.length === 0 ? true : undefined;
      },
      30,
    ).catch(() => undefined);
    slowest.ms = Math.max(slowest.ms, performance.now() - began);
    t.same(faults, [], `after ${done.length} changes, the last: ${done.slice(-CHECK_EVERY).join(', ')}`);
    if (faults.length > 0) {
      t.comment(serve.output().split('\n').slice(-40).join('\n'));
      break;
    }
  }
  t.comment(`slowest to settle ${(slowest.ms / 1_000).toFixed(1)} s; ${confirmations} confirmations of removals`);
  if (FULL) t.ok(confirmations > 0, 'the guard held something back, and let it by when it was confirmed');
});

t.test('nothing was a fault of ours, and nothing was refused to it', async (t) => {
  t.equal(await serve.metric('pullpass_api_calls_total', { code: '403' }), 0);
  t.equal(await serve.stop(), 0);
  t.notMatch(output + serve.output(), /a fault of ours/);
});
