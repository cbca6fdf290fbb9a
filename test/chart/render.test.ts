// What the chart renders, in sentences: what every Pod of it may not do, when there is a rollout, and which rights there are.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { CHART, helm } from './helm.ts';
import { containerOf, find, flag, type Manifest, podOf, render, renderText } from './render.ts';

t.setTimeout(300_000);

const HA = { args: ['--values', `${CHART}/values-ha.yaml`] };
const CERT_MANAGER = { 'certManager.enabled': true, 'certManager.issuerRef.name': 'issuer' };
const defaults = await render();
const ha = await render({}, HA);

function rulesOf(manifests: readonly Manifest[], kind: 'ClusterRole' | 'Role'): readonly string[] {
  return find(manifests, kind, 'pullpass').rules.map(
    ({ resources, resourceNames = [], verbs }: Record<string, readonly string[]>) =>
      `${verbs?.join()} ${resources?.join()} ${resourceNames?.join()}`,
  );
}

t.test('twice rendered gives the same bytes, and no cluster is needed for it', async (t) => {
  const values = { ...CERT_MANAGER, 'config.namespaces': { matchLabels: { b: 'x', a: 'y' } } };
  t.equal(await renderText(values), await renderText(values));
});

t.test('each file holds one object, named after its kind', async (t) => {
  const text = await renderText({ ...CERT_MANAGER, 'networkPolicy.enabled': true }, HA);
  const sources = [...text.matchAll(/^# Source: pullpass\/templates\/(.*)\.yaml$/gm)].map(([, file]) => file ?? '');
  t.ok(sources.length > 12);
  t.same(sources, [...new Set(sources)]);
  for (const { kind } of await render({ ...CERT_MANAGER, 'policies.ownWrites.enabled': false })) {
    t.ok(sources.includes(kind.toLowerCase()), kind);
  }
});

t.test('without a cluster there is no hook: who applies what is rendered would run it at once', async (t) => {
  for (const { kind, metadata } of defaults) t.equal(metadata.annotations?.['helm.sh/hook'], undefined, kind);
});

t.test('nothing runs with more rights than it needs', async (t) => {
  for (const manifests of [defaults, ha]) {
    const { securityContext } = podOf(manifests);
    t.match(securityContext, { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } });
    t.same(containerOf(manifests).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

t.test('a rolling update takes no replica away before another is ready', async (t) => {
  const { replicas, strategy } = find(defaults, 'Deployment').spec;
  t.equal(replicas, 2);
  t.same(strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 });
  const keys = podOf(defaults).topologySpreadConstraints.map(
    ({ topologyKey, whenUnsatisfiable }: Record<string, string>) => `${topologyKey} ${whenUnsatisfiable}`,
  );
  t.same(keys, ['kubernetes.io/hostname ScheduleAnyway', 'topology.kubernetes.io/zone ScheduleAnyway']);
  const budget = find(defaults, 'PodDisruptionBudget').spec;
  t.match(budget, { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  t.same(budget.selector, find(defaults, 'Deployment').spec.selector);
});

t.test('with values-ha.yaml Pods are refused rather than left unserved', async (t) => {
  t.equal(find(ha, 'Deployment').spec.replicas, 3);
  t.equal(find(ha, 'MutatingWebhookConfiguration').webhooks[0].failurePolicy, 'Fail');
  t.ok(find(ha, 'PodDisruptionBudget'));
});

t.test(
  'the program is told its own names, and the configuration is mounted as a folder, which is followed',
  async (t) => {
    const other = await render({}, { release: 'two', namespace: 'registry' });
    for (const [manifests, name] of [
      [defaults, 'pullpass'],
      [other, 'two-pullpass'],
    ] as const) {
      t.equal(flag(manifests, 'service'), name);
      t.equal(find(manifests, 'Service').metadata.name, name);
      t.equal(flag(manifests, 'webhook-configuration'), name);
      t.equal(find(manifests, 'MutatingWebhookConfiguration').metadata.name, name);
      const [mount] = containerOf(manifests).volumeMounts;
      t.same(mount, { name: 'config', mountPath: '/etc/pullpass', readOnly: true });
      t.equal(flag(manifests, 'config'), `${mount.mountPath}/${Object.keys(find(manifests, 'ConfigMap').data)[0]}`);
    }
  },
);

t.test('texts that look like numbers stay texts', async (t) => {
  const odd = await render({ 'config.pullSecret.name': '123' }, { release: '7', namespace: '42' });
  for (const { kind, metadata } of odd) {
    t.equal(metadata.labels['app.kubernetes.io/instance'], '7', kind);
    t.ok(metadata.namespace === undefined || metadata.namespace === '42', kind);
  }
  t.ok(rulesOf(odd.map(named), 'ClusterRole').includes('get,list,watch,create,patch,delete secrets 123'));
  function named(manifest: Manifest): Manifest {
    return { ...manifest, metadata: { ...manifest.metadata, name: 'pullpass' } };
  }
});

t.test('a change of the configuration is a rollout only where a running replica would refuse it', async (t) => {
  const settings = async (values: object): Promise<string> =>
    find(await render({ config: values }), 'Deployment').spec.template.metadata.annotations[
      'pullpass.dev/restart-settings'
    ];
  const before = await settings({});
  const live = { credentials: [], pullSecret: { grace: '1h' }, missedPods: { repair: 'restart' } };
  t.equal(await settings(live), before);
  for (const config of [
    { namespaces: { matchLabels: { team: 'a' } } },
    { workloads: ['Job'] },
    { pullSecret: { name: 'other' } },
    { pullSecret: { formerNames: ['older'] } },
    { certificate: { minTlsVersion: '1.2' } },
  ]) {
    t.not(await settings(config), before, JSON.stringify(config));
  }
});

t.test('processes share a namespace exactly when a login comes from a program', async (t) => {
  const from = (source: object): object => ({ name: 'a', match: ['registry.example'], source });
  const file = from({ dockerConfig: '/etc/harbor/config.json' });
  const plugin = from({ credentialProvider: { command: 'plugin' } });
  const helper = from({ credentialHelper: 'acme' });
  for (const [credentials, shared] of [
    [[], undefined],
    [[file], undefined],
    [[file, plugin], true],
    [[helper], true],
  ] as const) {
    t.equal(podOf(await render({ 'config.credentials': credentials })).shareProcessNamespace, shared);
  }
});

t.test(
  'with cert-manager the program gets its files, publishes its CA, and may no longer touch one of its own',
  async (t) => {
    const manifests = await render({ ...CERT_MANAGER, 'config.certificate.minTlsVersion': '1.2' });
    const loaded = loadConfig(find(manifests, 'ConfigMap').data['pullpass.yaml'], '/etc/pullpass/pullpass.yaml');
    if ('problems' in loaded) return t.fail('the configuration is good', loaded);
    const dir = '/etc/pullpass-certificate';
    t.match(loaded.config.certificate, {
      files: { cert: `${dir}/tls.crt`, key: `${dir}/tls.key`, ca: `${dir}/ca.crt` },
      minTlsVersion: '1.2',
    });
    const { secretName } = find(manifests, 'Certificate').spec;
    t.match(podOf(manifests).volumes[1], { name: 'certificate', secret: { secretName } });
    t.match(containerOf(manifests).volumeMounts[1], { name: 'certificate', mountPath: dir });
    t.notOk(rulesOf(manifests, 'Role').some((rule) => rule.includes('pullpass-ca')));
    t.ok(rulesOf(defaults, 'Role').includes('get,create,patch secrets pullpass-ca'));
  },
);

t.test('rights follow the configuration', async (t) => {
  t.notOk(rulesOf(defaults, 'ClusterRole').includes('delete pods '));
  const values = {
    'config.missedPods.repair': 'restart',
    'config.pullSecret': { name: 'regcred', formerNames: ['old', 'older'] },
    'config.certificate.files': { cert: 'tls.crt', key: 'tls.key' },
  };
  const manifests = await render(values);
  const rules = rulesOf(manifests, 'ClusterRole');
  t.ok(rules.includes('delete pods '));
  t.ok(rules.includes('get,list,watch,create,patch,delete secrets regcred,old,older'));
  t.notOk(rulesOf(manifests, 'Role').some((rule) => rule.includes('pullpass-ca')));
});

t.test('each rule of the rights says what it is for', async (t) => {
  const text = await renderText({ 'config.missedPods.repair': 'restart', 'config.pullSecret.formerNames': ['old'] });
  const lines = text.split('\n');
  const rules = lines.flatMap((line, i) => (line.includes('verbs: [') ? [[lines[i - 1] ?? '', line]] : []));
  t.equal(rules.length, 11);
  for (const [before = '', rule] of rules.filter(([, rule = '']) => !rule.includes('[get, update]'))) {
    t.match(before, /^ {2}# [A-Z].*\.$/, rule ?? '');
  }
});

t.test('the notes say the next command', async (t) => {
  const { stdout } = await helm(['install', 'pullpass', CHART, '--namespace', 'here', '--dry-run=client']);
  t.match(stdout, /kubectl --namespace here create secret docker-registry/);
  t.match(stdout, /kubectl --namespace here label secret ghcr pullpass\.dev\/credential=enabled/);
  t.match(stdout, /kubectl label namespace NAMESPACE pullpass\.dev\/inject=enabled/);
});
