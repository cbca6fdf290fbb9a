// Writes that came too late, against a real API server: what was seen is not there any more, so each is a conflict and changes
// nothing, by force too. Each rule is also tried with what is there, where it works.
import t from 'tap';
import { type Client, connect } from '../../src/cluster/client.ts';
import { type EventText, writeEvent } from '../../src/cluster/event-writer.ts';
import { deletePod } from '../../src/cluster/pod-restart.ts';
import { newProjection } from '../../src/cluster/pull-secret-projection.ts';
import {
  deletePullSecret,
  type PullSecretWrite,
  readPullSecretValue,
  writePullSecret,
} from '../../src/cluster/pull-secret-writer.ts';
import { LABEL_INSTANCE, LABEL_MANAGED_BY } from '../../src/core/names.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';

t.setTimeout(300_000);
const OWN = 'pullpass-system';
const NAME = 'pullpass-dockercfg';
const MERGE = 'application/merge-patch+json';
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const client: Client = connect({ kubeconfig: plane.kubeconfig });
t.teardown(() => client.close());
const project = newProjection(OWN);

interface Seen {
  readonly uid: string;
  readonly resourceVersion: string;
}

const configWith = (password: string): string =>
  Buffer.from(JSON.stringify({ auths: { 'r.io': { auth: password } } })).toString('base64');

function write(namespace: string, password: string, seen?: Seen) {
  const request: PullSecretWrite = {
    namespace,
    name: NAME,
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': configWith(password) },
    labels: { [LABEL_MANAGED_BY]: 'pullpass', [LABEL_INSTANCE]: OWN },
    annotations: { 'pullpass.dev/credentials': 'r' },
    ...(seen && { seen, force: true }),
    timeoutMs: 10_000,
  };
  return writePullSecret(client, project, request);
}

const pathOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets/${NAME}`;

async function ask(method: string, path: string, body?: unknown, contentType?: string) {
  const answer = await api.call(method, path, body, contentType);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function seenIn(namespace: string): Promise<Seen> {
  const { metadata } = await ask('GET', pathOf(namespace));
  return { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
}

/** A namespace with a pull Secret of ours. @returns the Secret as it was seen */
async function given(namespace: string): Promise<Seen> {
  await ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  const { result } = await write(namespace, 'first');
  if (result !== 'written') throw new Error(result);
  return seenIn(namespace);
}

/** Somebody takes the data of the Secret over. */
const edit = (namespace: string) =>
  ask('PATCH', pathOf(namespace), { data: { '.dockerconfigjson': configWith('edited') } }, MERGE);

/** Somebody deletes it and another is made. */
async function remake(namespace: string): Promise<void> {
  await ask('DELETE', pathOf(namespace));
  await write(namespace, 'second');
}

t.test('by force, what was seen is written, whoever holds its fields', async (t) => {
  await given('forced');
  await edit('forced');
  t.match(await write('forced', 'ours', await seenIn('forced')), { result: 'written' });
  t.equal((await ask('GET', pathOf('forced'))).data['.dockerconfigjson'], configWith('ours'));
});

type Late = (namespace: string, seen: Seen) => Promise<Seen>;
const LATE: Readonly<Record<string, Late>> = {
  async edited(namespace, seen) {
    await edit(namespace);
    return seen;
  },
  async remade(namespace, seen) {
    await remake(namespace);
    return seen;
  },
  async 'remade-uid'(namespace, { uid }) {
    await remake(namespace);
    return { ...(await seenIn(namespace)), uid };
  },
  async 'remade-version'(namespace, { resourceVersion }) {
    await remake(namespace);
    return { ...(await seenIn(namespace)), resourceVersion };
  },
};

for (const [what, late] of Object.entries(LATE)) {
  t.test(`${what} meanwhile: a conflict, and nothing changes`, async (t) => {
    const namespace = `late-${what}`;
    const seen = await late(namespace, await given(namespace));
    const before = await ask('GET', pathOf(namespace));
    const place = { namespace, name: NAME, seen, timeoutMs: 10_000 };
    t.match(await write(namespace, 'ours', seen), { result: 'conflict' }, 'a forced write');
    t.match(await deletePullSecret(client, place), { result: 'conflict' }, 'a delete');
    t.match(await readPullSecretValue(client, place), { result: 'conflict' }, 'what is to be written back');
    t.same(await ask('GET', pathOf(namespace)), before);
    const now = { ...place, seen: await seenIn(namespace) };
    t.match(await readPullSecretValue(client, now), { result: 'read', value: /^\{"auths"/ });
    t.match(await deletePullSecret(client, now), { result: 'deleted' });
  });
}

t.test('deleted meanwhile: a forced write makes none, and a delete has what it wanted', async (t) => {
  const seen = await given('deleted');
  await ask('DELETE', pathOf('deleted'));
  t.match(await write('deleted', 'ours', seen), { result: 'conflict' });
  t.equal((await api.call('GET', pathOf('deleted'))).status, 404);
  const place = { namespace: 'deleted', name: NAME, seen, timeoutMs: 10_000 };
  t.match(await deletePullSecret(client, place), { result: 'deleted' });
});

t.test('a Pod of another uid stays', async (t) => {
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'pods' } });
  const account = { metadata: { name: 'robot' } };
  await ask('POST', '/api/v1/namespaces/pods/serviceaccounts', account);
  const spec = { serviceAccountName: 'robot', containers: [{ name: 'app', image: 'r.io/app' }] };
  const made = await ask('POST', '/api/v1/namespaces/pods/pods', { metadata: { name: 'web' }, spec });
  const pod = { namespace: 'pods', name: 'web', uid: made.metadata.uid };
  t.equal(await deletePod(client, { ...pod, uid: '7c5f1f5e-0000-4000-8000-000000000000' }), 'conflict');
  const after = await ask('GET', '/api/v1/namespaces/pods/pods/web');
  t.equal(after.metadata.uid, made.metadata.uid);
  t.equal(after.metadata.deletionTimestamp, undefined);
  t.equal(await deletePod(client, pod), 'restarted');
  t.equal(await deletePod(client, pod), 'gone');
});

t.test('an Event is taken as it is written, and once', async (t) => {
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'events' } });
  const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'events', name: 'n'.repeat(253), uid: 'u' };
  const text: EventText = { about, type: 'Warning', reason: 'PullSecretMissed', message: '\u00e9'.repeat(2_000) };
  t.equal(await writeEvent(client, text, Date.now()), 'written');
  t.equal(await writeEvent(client, text, Date.now() + 5_000), 'written');
  t.equal((await ask('GET', '/api/v1/namespaces/events/events')).items.length, 1);
  t.equal(await writeEvent(client, { ...text, about: { ...about, namespace: 'never-made' } }, Date.now()), 'gone');
});
