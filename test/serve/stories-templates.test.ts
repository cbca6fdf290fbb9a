// Stories of templates on a real API server with the real controllers: every known kind in every way of creating it, and
// that nothing of ours ever causes a rollout, a loop or the loss of a ServiceAccount's Secrets.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { eventually, expectOk, makeCredential, makeNamespace, PULL_SECRET, pod, WEBHOOK } from './installation.ts';
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
  TEAM_SECRET,
  template,
} from './story.ts';

const OPERATIONS = ['CREATE', 'UPDATE'];
const selector = { matchLabels: { app: 'shop' } };
const job = { suspend: true, template: template(PRIVATE, 'Never') };

/** Every known kind, as small as it can be and so that no controller makes Pods of it. */
const KINDS: readonly { kind: string; group: string; plural: string; body: object; podSpec: string }[] = [
  { kind: 'Pod', group: '', plural: 'pods', body: { spec: { containers: [{ name: 'main', image: PRIVATE }] } } },
  { kind: 'Deployment', group: 'apps', plural: 'deployments' },
  { kind: 'StatefulSet', group: 'apps', plural: 'statefulsets' },
  { kind: 'DaemonSet', group: 'apps', plural: 'daemonsets', body: { spec: { selector, template: template(PRIVATE) } } },
  { kind: 'ReplicaSet', group: 'apps', plural: 'replicasets' },
  { kind: 'ReplicationController', group: '', plural: 'replicationcontrollers', body: replicated({ app: 'shop' }) },
  { kind: 'Job', group: 'batch', plural: 'jobs', body: { spec: job } },
  {
    ...{ kind: 'CronJob', group: 'batch', plural: 'cronjobs', podSpec: 'spec.jobTemplate.spec.template.spec' },
    body: { spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: job } } },
  },
  {
    kind: 'PodTemplate',
    group: '',
    plural: 'podtemplates',
    body: { template: template(PRIVATE) },
    podSpec: 'template.spec',
  },
].map((entry) => ({
  body: replicated(selector),
  podSpec: entry.kind === 'Pod' ? 'spec' : 'spec.template.spec',
  ...entry,
}));

function replicated(selected: object): object {
  return { spec: { replicas: 0, selector: selected, template: template(PRIVATE) } };
}

const stage = await openStage({
  teardown: (stop) => t.teardown(stop),
  config: `workloads: [${KINDS.filter(({ kind }) => kind !== 'Pod').map(({ kind }) => kind)}]\n`,
  rules: KINDS.filter(({ kind }) => kind !== 'Pod' && kind !== 'Deployment').map(({ group, plural }) => ({
    ...{ apiGroups: [group], apiVersions: ['v1'], resources: [plural], operations: OPERATIONS },
  })),
  prepare: ({ api }) => makeCredential(api, 'ghcr', { 'ghcr.io': LOGIN }),
});
const { plane, serve } = stage;
const { api } = plane;
const { get, merge, create, apply, createPod, secret, onlyPod, enable, giveServiceAccountSecret } = actorOn(stage);

// biome-ignore lint/suspicious/noExplicitAny: whatever kind it is
const at = (object: any, path: string): any => path.split('.').reduce((value, key) => value?.[key], object);
const replicaSets = async (namespace: string) =>
  (await get(`/apis/apps/v1/namespaces/${namespace}/replicasets`)).body.items;

await makeNamespace(api, 'kinds');
await makeNamespace(api, 'dry');
for (const { kind, group, plural, body, podSpec } of KINDS) {
  t.test(`a ${kind} gets its entry by create, server-side apply, generateName and dry run`, async (t) => {
    const apiVersion = group === '' ? 'v1' : `${group}/v1`;
    const path = (namespace: string): string =>
      `/${group === '' ? 'api' : 'apis'}/${apiVersion}/namespaces/${namespace}/${plural}`;
    const object = { apiVersion, kind, ...body };
    const ways: Record<string, () => ReturnType<typeof create>> = {
      create: () => create(path('kinds'), { ...object, metadata: { name: 'created' } }),
      apply: () => apply(`${path('kinds')}/applied`, { ...object, metadata: { name: 'applied' } }, 'somebody'),
      generateName: () => create(path('kinds'), { ...object, metadata: { generateName: 'generated-' } }),
      'dry run': () => create(`${path('dry')}?dryRun=All`, { ...object, metadata: { name: 'dry' } }),
    };
    for (const [way, made] of Object.entries(ways))
      t.same(listed(at((await made()).body, podSpec)), [PULL_SECRET], way);
    t.equal((await secret('kinds')).status, 200);
    t.equal((await secret('dry')).status, 404, 'a dry run writes no Secret');
  });
}

t.test('a template is left alone where the ServiceAccount has Secrets, and its Pods get both', async (t) => {
  await makeNamespace(api, 'before');
  await giveServiceAccountSecret('before');
  const { body } = await create(deploymentsPath('before'), deployment('d', PRIVATE, 1));
  t.same(listed(body.spec.template.spec), []);
  t.same(listed((await onlyPod('before', 'app=shop')).spec), [TEAM_SECRET, PULL_SECRET]);
});

t.test('a ServiceAccount that gains a Secret after the template was patched keeps it in its Pods', async (t) => {
  await makeNamespace(api, 'gains');
  const { body } = await create(deploymentsPath('gains'), deployment('d', PRIVATE));
  t.same(listed(body.spec.template.spec), [PULL_SECRET]);
  await giveServiceAccountSecret('gains');
  await merge(`${deploymentsPath('gains')}/d`, { spec: { replicas: 1 } });
  t.same(listed((await onlyPod('gains', 'app=shop')).spec), [PULL_SECRET, TEAM_SECRET]);
});

t.test('a suspended Job older than the label gets a nodeSelector and is released: accepted, untouched', async (t) => {
  await makeNamespace(api, 'job', {});
  const path = '/apis/batch/v1/namespaces/job/jobs';
  await create(path, { metadata: { name: 'queued' }, spec: job });
  await enable('job');
  const nodeSelector = { zone: 'a' };
  await merge(`${path}/queued`, { spec: { template: { spec: { nodeSelector } } } });
  const { body, warnings } = await merge(`${path}/queued`, { spec: { suspend: false } });
  t.same(body.spec.template.spec.nodeSelector, nodeSelector);
  t.same(listed(body.spec.template.spec), []);
  t.same(warnings, []);
  t.same(listed((await onlyPod('job', 'job-name=queued')).spec), [PULL_SECRET], 'its Pods are served by themselves');
});

t.test('a Deployment older than the label: scaling and annotating is no rollout, another image injects', async (t) => {
  await makeNamespace(api, 'older', {});
  const path = `${deploymentsPath('older')}/d`;
  const made = await create(deploymentsPath('older'), deployment('d', PRIVATE));
  await enable('older');
  await merge(path, { spec: { replicas: 2 } });
  const { body } = await merge(path, { metadata: { annotations: { note: 'changed' } } });
  t.same(body.spec.template, made.body.spec.template, 'the template is as it was');
  await eventually('the controller has seen it', async () => {
    const { metadata, status } = (await get(path)).body;
    return status.observedGeneration === metadata.generation && status.replicas === 2 ? true : undefined;
  });
  const [first, ...others] = await replicaSets('older');
  t.same(others, [], 'one ReplicaSet');
  const changed = await merge(path, { spec: { template: template('ghcr.io/acme/app:2') } });
  t.same(listed(changed.body.spec.template.spec), [PULL_SECRET]);
  const next = await eventually('the rollout', async () =>
    (await replicaSets('older')).find((set: typeof first) => set.metadata.uid !== first.metadata.uid),
  );
  t.same(listed(next.spec.template.spec), [PULL_SECRET]);
});

t.test('kubectl replace with the manifest of before does not lose the entry, and is no rollout', async (t) => {
  await makeNamespace(api, 'replace');
  const manifest = JSON.stringify(deployment('d', PRIVATE, 1));
  for (const command of ['create', 'replace', 'apply']) {
    const { code, stderr } = await plane.kubectl(['-n', 'replace', command, '-f', '-'], manifest);
    t.equal(code, 0, `kubectl ${command}: ${stderr}`);
    const { body } = await get(`${deploymentsPath('replace')}/d`);
    t.same(listed(body.spec.template.spec), [PULL_SECRET], command);
  }
  await onlyPod('replace', 'app=shop');
  t.equal((await replicaSets('replace')).length, 1);
});

t.test('server-side apply, again and by another manager, does not lose the entry', async (t) => {
  await makeNamespace(api, 'managers');
  const path = `${deploymentsPath('managers')}/d`;
  for (const manager of ['first', 'first', 'other', 'first']) {
    const { body } = await apply(path, deployment('d', PRIVATE), manager);
    t.same(listed(body.spec.template.spec), [PULL_SECRET], manager);
  }
});

t.test('with ReplicaSets switched on the Deployment controller does not loop', async (t) => {
  await makeNamespace(api, 'loop', {});
  // The template stays without an entry, so a patch of the ReplicaSet would make the two differ for ever.
  await create(deploymentsPath('loop'), deployment('d', PRIVATE, 1));
  await onlyPod('loop', 'app=shop');
  await enable('loop');
  const [old] = await replicaSets('loop');
  await expectOk(api.call('DELETE', `/apis/apps/v1/namespaces/loop/replicasets/${old.metadata.name}`));
  const made = await eventually('another ReplicaSet', async () =>
    (await replicaSets('loop')).find((set: typeof old) => set.metadata.uid !== old.metadata.uid),
  );
  t.same(listed(made.spec.template.spec), [], 'it belongs to a controller');
  await sleep(3_000);
  t.equal((await replicaSets('loop')).length, 1);
  t.equal((await get(`${deploymentsPath('loop')}/d`)).body.status.collisionCount, undefined);
});

t.test("while no replica is up a ServiceAccount's Secrets reach the Pods of a template made before", async (t) => {
  await makeNamespace(api, 'down');
  await giveServiceAccountSecret('down');
  await create(deploymentsPath('down'), deployment('d', PRIVATE));
  const configuration = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
  const ignore = [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }];
  await expectOk(api.call('PATCH', configuration, ignore, 'application/json-patch+json'));
  await serve.stop('SIGKILL');
  await eventually('the API server lets Pods through', async () => {
    const { status } = await api.call('POST', `${podsPath('down')}?dryRun=All`, pod('probe', PUBLIC));
    return status === 201 ? true : undefined;
  });
  await merge(`${deploymentsPath('down')}/d`, { spec: { replicas: 1 } });
  t.same(listed((await onlyPod('down', 'app=shop')).spec), [TEAM_SECRET]);
  t.same(listed((await createPod('down', pod('alone', PRIVATE))).body.spec), [TEAM_SECRET]);
});
