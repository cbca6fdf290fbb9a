// A random walk of 500 changes of a cluster, by users, administrators and vandals: after every few of them each namespace must
// hold what the rules say, worked out here from scratch, and strangers' Secrets must be untouched. PULLPASS_SEED repeats one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  OWN_NAMESPACE,
  PULL_SECRET,
  startServe,
} from './installation.ts';

t.setTimeout(400_000);
const seed = Number(process.env.PULLPASS_SEED ?? Date.now() % 1_000_000);
const CHANGES = 500;
const CHECK_EVERY = 20;
const NAMESPACES = 16;

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-walk-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');

/** What should be, as an administrator would say it. */
const settings = { type: 'kubernetes.io/dockerconfigjson', annotation: 'one' };
const credentials = new Map([
  ['all', { host: 'all.example.com', password: 'fake-0', team: '' }],
  ['red', { host: 'red.example.com', password: 'fake-0', team: 'red' }],
  ['blue', { host: 'blue.example.com', password: 'fake-0', team: 'blue' }],
]);
const namespaces = new Map<string, { enabled: boolean; team: string; foreign: string | undefined }>();

function writeConfig(): void {
  const { type, annotation } = settings;
  writeFileSync(
    config,
    `pullSecret: { distribution: everywhere, grace: 0s, type: ${type}, annotations: { example.com/note: ${annotation} } }\n`,
  );
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
const serve = await startServe(plane, ['--config', config], { port, bundle: true });
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
const labelsOf = (enabled: boolean, team: string): Record<string, string | null> => ({
  'pullpass.dev/inject': enabled ? 'enabled' : null,
  team: team === '' ? null : team,
});

/** Each does one thing to the cluster; what a vandal's target does not allow (a 404, say) is no change. */
const CHANGES_BY_NAME: Readonly<Record<string, (namespace: string) => Promise<unknown>>> = {
  async relabel(name) {
    const state = namespaces.get(name);
    if (state === undefined) return;
    state.enabled = random() < 0.7;
    state.team = pick(['', 'red', 'blue']);
    await expectOk(
      api.call(
        'PATCH',
        `/api/v1/namespaces/${name}`,
        { metadata: { labels: labelsOf(state.enabled, state.team) } },
        merge,
      ),
    );
  },
  async rotate() {
    const [name, credential] = pick([...credentials]);
    credential.password = `fake-${Math.floor(random() * 1e6)}`;
    const auths = { [credential.host]: { username: 'robot', password: credential.password } };
    const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
    await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`, { data }, merge));
  },
  async scope() {
    const [name, credential] = pick([...credentials].filter(([, { team }]) => team !== ''));
    credential.team = pick(['red', 'blue']);
    const annotations = { 'pullpass.dev/namespaces': `team=${credential.team}` };
    await expectOk(
      api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`, { metadata: { annotations } }, merge),
    );
  },
  async configure() {
    if (random() < 0.5) settings.annotation = `n${Math.floor(random() * 1e6)}`;
    else settings.type = pick(['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg']);
    writeConfig();
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
    if (state === undefined) return;
    if (state.foreign !== undefined) {
      await expectOk(api.call('DELETE', secretPath(name)));
      state.foreign = undefined;
      return;
    }
    await api.call('DELETE', secretPath(name));
    const mine = { metadata: { name: PULL_SECRET }, type: 'Opaque', stringData: { mine: 'not yours' } };
    const { status, body } = await api.call('POST', `/api/v1/namespaces/${name}/secrets`, mine);
    if (status === 201) state.foreign = JSON.stringify(body);
  },
};

async function ifOurs(name: string, change: () => Promise<unknown>): Promise<void> {
  if (namespaces.get(name)?.foreign === undefined) await change();
}

/** What a namespace should hold: password by host, or nothing. */
function expected(enabled: boolean, team: string): Readonly<Record<string, string>> | undefined {
  if (!enabled) return undefined;
  const may = [...credentials.values()].filter((one) => one.team === '' || one.team === team);
  return Object.fromEntries(may.map(({ host, password }) => [host, password]));
}

/** @returns what is wrong in a namespace, or undefined */
async function faultOf(name: string): Promise<string | undefined> {
  const { enabled, team, foreign } = namespaces.get(name) ?? { enabled: false, team: '', foreign: undefined };
  const { status, body } = await api.call('GET', secretPath(name));
  if (foreign !== undefined)
    return JSON.stringify(body) === foreign ? undefined : `${name}: a stranger's Secret changed`;
  const wanted = expected(enabled, team);
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
    const [name, enabled, team] = [`walk-${i}`, random() < 0.8, pick(['', 'red', 'blue'])];
    namespaces.set(name, { enabled, team, foreign: undefined });
    const labels = { ...(enabled && { 'pullpass.dev/inject': 'enabled' }), ...(team !== '' && { team }) };
    await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name, labels } }));
  }
  const names = [...namespaces.keys()];
  const done: string[] = [];
  const slowest = { ms: 0 };
  for (let i = 1; i <= CHANGES; i++) {
    const what = pick([...Object.keys(CHANGES_BY_NAME), 'relabel', 'relabel', 'relabel']);
    const name = pick(names);
    done.push(`${what} ${name}`);
    await CHANGES_BY_NAME[what]?.(name);
    if (i % CHECK_EVERY !== 0) continue;
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
    t.same(faults, [], `after ${i} changes, the last: ${done.slice(-CHECK_EVERY).join(', ')}`);
    if (faults.length > 0) break;
  }
  t.comment(`slowest to settle ${(slowest.ms / 1_000).toFixed(1)} s; ${confirmations} confirmations of removals`);
  t.ok(confirmations > 0, 'the guard held something back, and let it by when it was confirmed');
});

t.test('nothing was a fault of ours', async (t) => {
  t.notMatch(serve.output(), /a fault of ours/);
  t.equal(await serve.stop(), 0);
});
