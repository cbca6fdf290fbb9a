// Somebody in the network of the cluster who is not the API server: what he can cause and learn at the two ports of a replica. He
// has no certificate, no token and no account; what he sends goes past the API server.
import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import t from 'tap';
import { expectOk, makeCredential, makeNamespace, OWN_NAMESPACE, PULL_SECRET, pod } from './installation.ts';
import { actorOn, openStage, PRIVATE, TEAM_SECRET } from './story.ts';

t.setTimeout(120_000);
/** Searched for in all that a stranger gets to see. */
const canary = `canary-${randomBytes(12).toString('hex')}`;
const login = { username: 'robot', password: canary };
const stage = await openStage({
  teardown: t.teardown,
  async prepare({ api }) {
    await makeCredential(api, 'ghcr', { 'ghcr.io': login });
    await makeCredential(api, 'harbor', { 'harbor.example.com': login }, { 'pullpass.dev/namespaces': 'team=other' });
    await makeNamespace(api, 'shop');
    await makeNamespace(api, 'quiet', { team: 'other' });
  },
});
const { plane, serve } = stage;
const { secret, giveServiceAccountSecret } = actorOn(stage);
const everything: string[] = [];

interface Answer {
  readonly status: number;
  readonly injection?: string;
  readonly credentials?: string;
  readonly patch: string;
}

/** Without a client certificate, and not even sure who answers. */
function post(review: object): Promise<Answer> {
  const asked = { uid: 'u', kind: { group: '', kind: 'Pod' }, operation: 'CREATE', ...review };
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const target = { host: '127.0.0.1', port: serve.port, path: '/mutate?timeout=10s', method: 'POST', headers };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, rejectUnauthorized: false, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const { patch = '', auditAnnotations = {} } = status === 200 ? JSON.parse(text).response : {};
        const decoded = Buffer.from(patch, 'base64').toString();
        everything.push(text, decoded);
        resolve({ status, patch: decoded, ...auditAnnotations });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const holds = async (namespace: string): Promise<readonly string[]> => {
  const { body } = await secret(namespace);
  const text = Buffer.from(body.data?.['.dockerconfigjson'] ?? '', 'base64').toString();
  return text === '' ? [] : Object.keys(JSON.parse(text).auths);
};

t.test('nothing he sends makes one elsewhere', async (t) => {
  const claims = { labels: { 'pullpass.dev/inject': 'enabled', team: 'other' }, namespace: 'shop' };
  const object = { ...pod('p', PRIVATE), metadata: { name: 'p', ...claims } };
  for (const namespace of ['quiet', 'kube-system', OWN_NAMESPACE, 'nowhere', '../secrets/x', '']) {
    const answer = await post({ namespace, object });
    t.equal(answer.patch, '', namespace);
    t.match(answer.injection, /^namespace-(not-enabled|excluded)$/, 'he learns that it takes no part');
  }
  const { body } = await expectOk(
    plane.api.call('GET', `/api/v1/secrets?fieldSelector=metadata.name%3D${PULL_SECRET}`),
  );
  t.same(body.items, []);
});

t.test(
  'whoever reaches the admission port has the pull Secret made where it may be, and learns no login',
  async (t) => {
    const images = [PRIVATE, 'harbor.example.com/team/app', 'registry.thief.example.com/app'];
    const answer = await post({ namespace: 'shop', object: pod('p', ...images) });
    t.match(
      answer,
      { status: 200, injection: 'injected', credentials: 'ghcr' },
      'he learns the name of the credential',
    );
    t.equal(answer.patch, `[{"op":"add","path":"/spec/imagePullSecrets","value":[{"name":"${PULL_SECRET}"}]}]`);
    t.same(await holds('shop'), ['ghcr.io'], 'what the namespace may have anyway, and nothing that he asked for');
    await giveServiceAccountSecret('shop');
    const listing = pod('p', PRIVATE) as { readonly spec: object };
    const object = { ...listing, spec: { ...listing.spec, imagePullSecrets: [{ name: PULL_SECRET }] } };
    t.match((await post({ namespace: 'shop', object })).patch, TEAM_SECRET, 'and what else the ServiceAccount lists');
    for (const form of [
      canary,
      Buffer.from(canary).toString('base64'),
      Buffer.from(`robot:${canary}`).toString('base64'),
    ]) {
      t.notOk(everything.join('\n').includes(form));
    }
  },
);

t.test('the health port shows what was counted, and neither a login nor a namespace', async (t) => {
  const get = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${serve.healthPort}${path}`)).text();
  const shown = (await Promise.all(['/metrics', '/readyz', '/healthz', '/'].map(get))).join('\n');
  t.match(shown, /pullpass_admissions_total\{reason="injected"\} [1-9]/);
  t.notMatch(shown, /shop|quiet|robot/);
  t.notOk(shown.includes(canary));
});
