// The real API server takes what the chart renders, field by field, and lets what it should reach the webhook. Kinds of other
// projects are known to it by definitions that hold nothing back.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk, makeNamespace, OWN_NAMESPACE } from '../serve/installation.ts';
import { CHART } from './helm.ts';
import { find, type Manifest, render } from './render.ts';

t.setTimeout(600_000);
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;

/** Of cert-manager and the Prometheus operator: their own rules are theirs to test. */
const FOREIGN = {
  certificates: ['cert-manager.io', 'v1', 'Certificate'],
  servicemonitors: ['monitoring.coreos.com', 'v1', 'ServiceMonitor'],
  podmonitors: ['monitoring.coreos.com', 'v1', 'PodMonitor'],
  prometheusrules: ['monitoring.coreos.com', 'v1', 'PrometheusRule'],
} as const;

/** Values with which every template renders something. */
const EVERYTHING = {
  'config.workloads': ['Deployment', 'Job', { group: 'argoproj.io', kind: 'Rollout', podSpec: '/spec/template/spec' }],
  'config.missedPods.repair': 'restart',
  'config.pullSecret.formerNames': ['older'],
  'config.credentials': [
    { name: 'a', match: ['registry.example'], source: { credentialProvider: { command: '/plugins/a' } } },
  ],
  'image.digest': `sha256:${'0'.repeat(64)}`,
  imagePullSecrets: [{ name: 'own' }],
  'webhook.annotations': { note: 'x' },
  'serviceAccount.annotations': { note: 'x' },
  podLabels: { team: 'a' },
  podAnnotations: { note: 'x' },
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  extraVolumes: [{ name: 'plugins', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'plugins', mountPath: '/plugins' }],
  initContainers: [{ name: 'plugin', image: 'example.com/plugin:1' }],
  extraEnv: [{ name: 'ZONE', value: 'a' }],
  'extraCa.configMap': 'cas',
  'proxy.https': 'http://proxy.example:3128',
  host: '::',
  hostNetwork: true,
  'networkPolicy.enabled': true,
  'networkPolicy.webhookFrom': [{ ipBlock: { cidr: '10.0.0.0/8' } }],
  'certManager.enabled': true,
  'certManager.issuerRef.name': 'issuer',
  'monitoring.rules.enabled': true,
  'monitoring.serviceMonitor.enabled': true,
  'monitoring.podMonitor.enabled': true,
  'monitoring.dashboard.enabled': true,
  'policies.namespaceLabels.enabled': true,
  'uninstall.removePullSecrets': true,
};

await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name: OWN_NAMESPACE } }));
for (const [plural, [group, version, kind]] of Object.entries(FOREIGN)) {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await expectOk(
    api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural, kind },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    }),
  );
  await eventually(`${plural} are served`, async () => {
    const { status } = await api.call('GET', `/apis/${group}/${version}/${plural}`);
    return status === 200 ? true : undefined;
  });
}

/** Kinds of the built-in API that the chart may render, and what their resources are called. */
function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const lower = kind.toLowerCase();
  const plural = /(s|ss)$/.test(lower)
    ? `${lower}es`
    : /[^aeiou]y$/.test(lower)
      ? `${lower.slice(0, -1)}ies`
      : `${lower}s`;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${metadata.namespace ? `/namespaces/${metadata.namespace}` : ''}/${plural}`;
}

for (const [what, values, args] of [
  ['the defaults', {}, []],
  ['values-ha.yaml', {}, ['--values', `${CHART}/values-ha.yaml`]],
  ['everything on', EVERYTHING, []],
] as const) {
  t.test(`each manifest is taken with strict validation: ${what}`, async (t) => {
    const server = ['--dry-run=server', ...args];
    const manifests = await render(values, { args: server, kubeconfig: plane.kubeconfig });
    t.ok(find(manifests, 'Job'), 'with a cluster there are hooks');
    for (const manifest of manifests) {
      const path = `${pathOf(manifest)}?dryRun=All&fieldValidation=Strict`;
      const { status, body, warnings } = await api.call('POST', path, manifest);
      t.equal(status, 201, `${manifest.kind} ${manifest.metadata.name}: ${body.message ?? ''}`);
      t.same(warnings, [], manifest.kind);
    }
  });
}

t.test('a field that nobody knows would be seen', async (t) => {
  const service = find(await render(), 'Service');
  const wrong = { ...service, spec: { ...service.spec, prots: [] } };
  const { status } = await api.call('POST', `${pathOf(service)}?dryRun=All&fieldValidation=Strict`, wrong);
  t.equal(status, 400);
});

t.test('nobody answers, and only what should reach the webhook is refused', async (t) => {
  const manifests = await render({ failurePolicy: 'Fail', 'config.workloads': ['Deployment'] });
  const configuration = find(manifests, 'MutatingWebhookConfiguration');
  await expectOk(api.call('POST', pathOf(configuration), configuration));
  await makeNamespace(api, 'shop');
  await makeNamespace(api, 'elsewhere', {});
  const own = { metadata: { labels: { 'pullpass.dev/inject': 'enabled' } } };
  await expectOk(api.call('PATCH', `/api/v1/namespaces/${OWN_NAMESPACE}`, own, 'application/merge-patch+json'));
  const create = async (namespace: string, metadata: object): Promise<boolean> => {
    // Kubernetes wants a mirror Pod to name its node.
    const spec = { nodeName: 'node', containers: [{ name: 'c', image: 'registry.example/app' }] };
    const pod = { metadata: { generateName: 'p-', ...metadata }, spec };
    const { status, body } = await api.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
    if (status !== 201) t.match(body.message, /failed calling webhook "inject\.pullpass\.dev"/);
    return status === 201;
  };
  await eventually('it is in force', async () => ((await create('shop', {})) ? undefined : true));
  await sleep(200);
  const rows: readonly (readonly [what: string, namespace: string, metadata: object, taken: boolean])[] = [
    ['a Pod', 'shop', {}, false],
    [
      'a Pod with other labels',
      'shop',
      { labels: { 'pullpass.dev/inject': 'enabled' }, annotations: { a: 'b' } },
      false,
    ],
    ['a Pod that opted out', 'shop', { labels: { 'pullpass.dev/inject': 'disabled' } }, true],
    ['a mirror Pod', 'shop', { annotations: { 'kubernetes.io/config.mirror': '' } }, true],
    ['a Pod of another namespace', 'elsewhere', {}, true],
    ['a Pod of our own namespace', OWN_NAMESPACE, {}, true],
  ];
  for (const [what, namespace, metadata, taken] of rows) {
    t.equal(await create(namespace, metadata), taken, what);
  }
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  const deployment = (labels: object): object => ({
    metadata: { generateName: 'd-', labels },
    spec: { selector: { matchLabels: { app: 'a' } }, template },
  });
  for (const labels of [{}, { 'pullpass.dev/inject': 'disabled' }]) {
    const { status } = await api.call('POST', '/apis/apps/v1/namespaces/shop/deployments', deployment(labels));
    t.equal(status, 500, 'a Deployment, of which only the label of its template would count');
  }
});
