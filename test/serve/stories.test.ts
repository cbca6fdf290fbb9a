// Stories of Pods on a real API server: what stands around a Pod, its namespace, its ServiceAccount, a Secret that is
// somebody else's, a quota, another webhook, decides what becomes of it.
import t from 'tap';
import { eventually, expectOk, makeCredential, makeNamespace, PULL_SECRET, pod } from './installation.ts';
import { serveSidecarInjector } from './sidecar.ts';
import {
  actorOn,
  deployment,
  deploymentsPath,
  LOGIN,
  listed,
  openStage,
  PRIVATE,
  PUBLIC,
  podsPath,
  postReview,
  TEAM_SECRET,
} from './story.ts';

const stage = await openStage({
  teardown: (stop) => t.teardown(stop),
  async prepare({ api }) {
    await makeCredential(api, 'ghcr', { 'ghcr.io': LOGIN });
    await makeCredential(api, 'harbor', { 'harbor.example.com': LOGIN }, { 'pullpass.dev/namespaces': 'further=yes' });
  },
});
const { plane, serve } = stage;
const { api } = plane;
const { get, merge, create, createPod, secret, giveServiceAccountSecret } = actorOn(stage);

const keysOf = async (namespace: string): Promise<string[]> => {
  const text = Buffer.from((await secret(namespace)).body.data['.dockerconfigjson'], 'base64').toString();
  return Object.keys(JSON.parse(text).auths).sort();
};

t.test('a Pod with only public images is left alone, and no Secret is made', async (t) => {
  await makeNamespace(api, 'public');
  const { body, warnings } = await createPod('public', pod('p', PUBLIC));
  t.same(listed(body.spec), []);
  t.same(warnings, []);
  t.equal((await secret('public')).status, 404);
});

t.test("a Pod gets its ServiceAccount's Secrets and ours, in this order", async (t) => {
  await makeNamespace(api, 'account');
  await giveServiceAccountSecret('account');
  const { body } = await createPod('account', pod('p', PRIVATE));
  t.same(listed(body.spec), [TEAM_SECRET, PULL_SECRET]);
});

t.test('a Secret of our name that is not ours: a warning, no entry, not a byte of it changes', async (t) => {
  await makeNamespace(api, 'foreign');
  const foreign = { metadata: { name: PULL_SECRET }, type: 'Opaque', stringData: { mine: 'not yours' } };
  const { body: before } = await create('/api/v1/namespaces/foreign/secrets', foreign);
  const made = await createPod('foreign', pod('p', PRIVATE));
  t.same(listed(made.body.spec), []);
  t.match(made.warnings.join(), /Secret "pullpass-dockercfg" is not managed by Pullpass/);
  const templated = await create(deploymentsPath('foreign'), deployment('d', PRIVATE));
  t.same(listed(templated.body.spec.template.spec), []);
  const { body: after } = await secret('foreign');
  t.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  t.same(after, before);
});

t.test('a mirror Pod is created as it is', async (t) => {
  await makeNamespace(api, 'mirror');
  const spec = { nodeName: 'node-1', containers: [{ name: 'main', image: PRIVATE }] };
  const annotations = { 'kubernetes.io/config.mirror': 'hash' };
  const { body } = await createPod('mirror', { metadata: { name: 'static', annotations }, spec });
  t.equal(body.metadata.annotations['kubernetes.io/config.mirror'], 'hash', 'it is one');
  t.same(listed(body.spec), []);
  t.equal(await serve.metric('pullpass_admissions_total', { reason: 'mirror-pod' }), 1, 'and we were asked');
  t.equal((await secret('mirror')).status, 404);
});

t.test('a ServiceAccount that enforces mountable secrets: a warning, and its Pod is admitted', async (t) => {
  await makeNamespace(api, 'enforcing');
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
  await create('/api/v1/namespaces/enforcing/serviceaccounts', { metadata: { name: 'strict', annotations } });
  const bare = { name: 'main', image: PRIVATE };
  const object = { metadata: { name: 'p' }, spec: { serviceAccountName: 'strict', containers: [bare] } };
  const { body, warnings } = await createPod('enforcing', object);
  t.same(listed(body.spec), []);
  t.match(warnings.join(), /add "pullpass-dockercfg" to imagePullSecrets of ServiceAccount "strict"/);
});

t.test('once that ServiceAccount names our Secret, its Pods get it', async (t) => {
  await merge('/api/v1/namespaces/enforcing/serviceaccounts/strict', { imagePullSecrets: [{ name: PULL_SECRET }] });
  const object = { spec: { serviceAccountName: 'strict', containers: [{ name: 'main', image: PRIVATE }] } };
  const body = await eventually('the ServiceAccount is known', async () => {
    const answer = await createPod('enforcing', { metadata: { generateName: 'p-' }, ...object });
    return answer.warnings.length === 0 ? answer.body : undefined;
  });
  t.same(listed(body.spec), [PULL_SECRET]);
  t.equal((await secret('enforcing')).status, 200);
});

t.test('in a namespace that is being deleted an update goes through without a warning', async (t) => {
  await makeNamespace(api, 'leaving');
  const object = deployment('d', PUBLIC);
  object.metadata = { ...object.metadata, finalizers: ['example.com/hold'] };
  await create(deploymentsPath('leaving'), object);
  await expectOk(api.call('DELETE', '/api/v1/namespaces/leaving'));
  const path = `${deploymentsPath('leaving')}/d`;
  // Until its controller has seen that, too: the API server asks us again about an update that another one overtook.
  await eventually('the Deployment is being deleted', async () => {
    const { metadata, status } = (await get(path)).body;
    return metadata.deletionTimestamp !== undefined && status?.observedGeneration === metadata.generation
      ? true
      : undefined;
  });
  const spec = { template: { spec: { containers: [{ name: 'main', image: PRIVATE }] } } };
  const { body, warnings } = await merge(path, { spec });
  t.same(listed(body.spec.template.spec), [PULL_SECRET]);
  t.same(warnings, []);
  t.equal(await serve.metric('pullpass_ensures_total', { reason: 'terminating' }), 1);
  t.equal((await secret('leaving')).status, 404);
  const refused = await api.call('POST', podsPath('leaving'), pod('p', PRIVATE));
  t.equal(refused.status, 403, 'a Pod cannot be created at all, which is not our doing');
  t.match(refused.body.message, /being terminated/);
  await merge(path, { metadata: { finalizers: null } });
});

t.test('where a quota forbids another Secret the Pod is admitted with its entry and a warning', async (t) => {
  await makeNamespace(api, 'quota');
  const quota = '/api/v1/namespaces/quota/resourcequotas';
  await create(quota, { metadata: { name: 'none' }, spec: { hard: { secrets: '0' } } });
  await eventually('the quota is in force', async () => {
    return (await get(`${quota}/none`)).body.status?.used?.secrets === undefined ? undefined : true;
  });
  const { body, warnings } = await createPod('quota', pod('p', PRIVATE));
  t.same(listed(body.spec), [PULL_SECRET]);
  t.match(warnings.join(), /"pullpass-dockercfg" is not written yet: a quota of this namespace forbids it/);
  t.equal((await secret('quota')).status, 404);
  await expectOk(api.call('DELETE', `${quota}/none`));
  await eventually('the Secret, made with a later Pod', async () => {
    await createPod('quota', { ...pod('p', PRIVATE), metadata: { generateName: 'p-' } });
    return (await secret('quota')).status === 200 ? true : undefined;
  });
});

t.test('a private sidecar that a webhook after ours injects is seen when we are asked again', async (t) => {
  await makeNamespace(api, 'sidecar', { 'pullpass.dev/inject': 'enabled', sidecar: 'yes' });
  const { url, ca, stop } = await serveSidecarInjector();
  t.teardown(stop);
  const name = 'sidecar.example.com';
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }];
  const clientConfig = { url, caBundle: Buffer.from(ca).toString('base64') };
  const namespaceSelector = { matchLabels: { sidecar: 'yes' } };
  const webhook = {
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig,
    rules,
    namespaceSelector,
  };
  const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  // The API server calls webhooks in the order of the names of their configurations.
  await create(configurations, { metadata: { name: 'sidecar' }, webhooks: [webhook] });
  t.teardown(() => api.call('DELETE', `${configurations}/sidecar`));
  const spec = await eventually('the sidecar is injected', async () => {
    const { body } = await createPod('sidecar', { ...pod('p', PUBLIC), metadata: { generateName: 'p-' } });
    return body.spec.containers.length === 2 ? body.spec : undefined;
  });
  t.equal(spec.containers[1].image, PRIVATE);
  t.same(listed(spec), [PULL_SECRET]);
  t.equal((await secret('sidecar')).status, 200);
});

t.test('a namespace gets the label, and a review sent at once is served', async (t) => {
  await makeNamespace(api, 'late', {});
  const review = { uid: 'u', kind: { group: '', kind: 'Pod' }, operation: 'CREATE', object: pod('p', PRIVATE) };
  t.equal(await postReview(serve.port, { ...review, namespace: 'default' }), undefined, 'without the label nothing is');
  await merge('/api/v1/namespaces/late', { metadata: { labels: { 'pullpass.dev/inject': 'enabled' } } });
  const expected = [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: PULL_SECRET }] }];
  t.same(await postReview(serve.port, { ...review, namespace: 'late' }), expected);
  t.equal((await secret('late')).status, 200);
});

t.test('relabelled for a further credential, a namespace has its login with the next Pod', async (t) => {
  await makeNamespace(api, 'further');
  await createPod('further', pod('first', PRIVATE));
  t.same(await keysOf('further'), ['ghcr.io']);
  await merge('/api/v1/namespaces/further', { metadata: { labels: { further: 'yes' } } });
  const { body } = await createPod('further', pod('second', 'harbor.example.com/team/app:1'));
  t.same(listed(body.spec), [PULL_SECRET]);
  t.same(await keysOf('further'), ['ghcr.io', 'harbor.example.com']);
});

t.test('a credential is added, and a Pod created as soon as it is in force has its login', async (t) => {
  await makeNamespace(api, 'added');
  await createPod('added', pod('first', PRIVATE));
  await makeCredential(api, 'quay', { 'quay.io': LOGIN });
  await eventually('quay is in force', async () => {
    const lines = serve.output().split('\n');
    return lines.some((line) => line.includes('credentials in force') && line.includes('quay')) ? true : undefined;
  });
  const { body } = await createPod('added', pod('second', 'quay.io/acme/app:1'));
  t.same(listed(body.spec), [PULL_SECRET]);
  t.same(await keysOf('added'), ['ghcr.io', 'quay.io']);
});
