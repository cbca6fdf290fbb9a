// What each value of the chart does, as rows: its path, a value, where it is seen, and what is seen there. A row of its own for
// each path of values.yaml; values.test.ts holds them to be complete, and to be seen nowhere without the value.
import { LABELS, NOTES, OPTIONAL_ROWS, type ValueRow } from './optional-rows.ts';
import { containerOf, find, flag, type Manifest, podOf } from './render.ts';

const CERT_MANAGER = { 'certManager.enabled': true, 'certManager.issuerRef.name': 'issuer' };
const POLICY = { 'networkPolicy.enabled': true };
const PEER = [{ ipBlock: { cidr: '10.0.0.0/8' } }];
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const TOLERATIONS = [{ key: 'dedicated', operator: 'Exists' }];
const SPREAD = [{ topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }];
const VOLUME = { name: 'logins', secret: { secretName: 'harbor' } };
const MOUNT = { name: 'logins', mountPath: '/etc/harbor' };
const INIT = [{ name: 'plugin', image: 'example.com/plugin:1' }];
const AFFINITY = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
const WORKLOADS = ['Deployment', { group: 'metal.example', kind: 'Chassis', podSpec: '/spec/template/spec' }];

const webhook = (manifests: readonly Manifest[]): Manifest =>
  find(manifests, 'MutatingWebhookConfiguration').webhooks[0];
const env = (name: string) => (manifests: readonly Manifest[]) =>
  containerOf(manifests).env?.find((variable: { name: string }) => variable.name === name)?.value;
const volume = (name: string) => (manifests: readonly Manifest[]) =>
  podOf(manifests).volumes.find((one: { name: string }) => one.name === name);
const certificate = (manifests: readonly Manifest[]): Manifest => find(manifests, 'Certificate')?.spec;
const ingress = (manifests: readonly Manifest[]): Manifest => find(manifests, 'NetworkPolicy')?.spec.ingress;
const image = (manifests: readonly Manifest[]): string => containerOf(manifests).image;

export const VALUE_ROWS: readonly ValueRow[] = [
  {
    path: 'nameOverride',
    value: 'puller',
    see: (m) => find(m, 'Deployment').spec.selector.matchLabels['app.kubernetes.io/name'],
    seen: 'puller',
  },
  { path: 'fullnameOverride', value: 'puller', see: (m) => find(m, 'Service').metadata.name, seen: 'puller' },
  { path: 'replicas', value: 5, see: (m) => find(m, 'Deployment').spec.replicas, seen: 5 },
  { path: 'image.registry', value: 'mirror.example', see: image, seen: 'mirror.example/pullpass/pullpass:0.1.0' },
  { path: 'image.repository', value: 'a/b', see: image, seen: 'ghcr.io/a/b:0.1.0' },
  { path: 'image.tag', value: 'v9', see: image, seen: 'ghcr.io/pullpass/pullpass:v9' },
  { path: 'image.digest', value: DIGEST, see: image, seen: `ghcr.io/pullpass/pullpass@${DIGEST}` },
  { path: 'image.pullPolicy', value: 'Always', see: (m) => containerOf(m).imagePullPolicy, seen: 'Always' },
  {
    path: 'imagePullSecrets',
    value: [{ name: 'own' }],
    see: (m) => podOf(m).imagePullSecrets,
    seen: [{ name: 'own' }],
  },
  {
    path: 'config',
    value: { requireNamespaces: true },
    see: (m) => find(m, 'ConfigMap').data['pullpass.yaml'],
    seen: 'requireNamespaces: true\n',
  },
  { path: 'logLevel', value: 'debug', see: (m) => flag(m, 'log-level'), seen: 'debug' },
  {
    path: 'drainSeconds',
    value: 40,
    see: (m) => [flag(m, 'drain'), podOf(m).terminationGracePeriodSeconds],
    seen: ['40', 55],
  },
  { path: 'failurePolicy', value: 'Fail', see: (m) => webhook(m).failurePolicy, seen: 'Fail' },
  { path: 'webhook.timeoutSeconds', value: 7, see: (m) => webhook(m).timeoutSeconds, seen: 7 },
  {
    path: 'webhook.annotations',
    value: NOTES,
    see: (m) => find(m, 'MutatingWebhookConfiguration').metadata.annotations,
    seen: { 'admissions.enforcer/disabled': 'true', ...NOTES },
  },
  {
    path: 'webhook.resources',
    value: { 'Chassis.metal.example': 'chassis' },
    beside: { 'config.workloads': WORKLOADS },
    see: (m) => webhook(m).rules.at(-1).resources[0],
    seen: 'chassis',
  },
  { path: 'serviceAccount.create', value: false, see: (m) => find(m, 'ServiceAccount'), seen: undefined },
  {
    path: 'serviceAccount.name',
    value: 'mine',
    see: (m) => [
      find(m, 'ServiceAccount').metadata.name,
      podOf(m).serviceAccountName,
      find(m, 'ClusterRoleBinding').subjects[0].name,
      find(m, 'RoleBinding').subjects[0].name,
    ],
    seen: ['mine', 'mine', 'mine', 'mine'],
  },
  {
    path: 'serviceAccount.annotations',
    value: NOTES,
    see: (m) => find(m, 'ServiceAccount').metadata.annotations,
    seen: NOTES,
  },
  {
    path: 'podLabels',
    value: LABELS,
    see: (m) => find(m, 'Deployment').spec.template.metadata.labels.team,
    seen: 'platform',
  },
  {
    path: 'podAnnotations',
    value: NOTES,
    see: (m) => find(m, 'Deployment').spec.template.metadata.annotations['example.com/note'],
    seen: 'here',
  },
  { path: 'priorityClassName', value: 'high', see: (m) => podOf(m).priorityClassName, seen: 'high' },
  {
    path: 'resources',
    value: { limits: { memory: '1Gi' } },
    see: (m) => containerOf(m).resources.limits.memory,
    seen: '1Gi',
  },
  {
    path: 'nodeSelector',
    value: LABELS,
    see: (m) => podOf(m).nodeSelector,
    seen: { 'kubernetes.io/os': 'linux', ...LABELS },
  },
  {
    path: 'podSecurityContext',
    value: { runAsUser: null, runAsGroup: null, fsGroup: null },
    see: (m) => podOf(m).securityContext,
    seen: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  },
  { path: 'tolerations', value: TOLERATIONS, see: (m) => podOf(m).tolerations, seen: TOLERATIONS },
  { path: 'affinity', value: AFFINITY, see: (m) => podOf(m).affinity, seen: AFFINITY },
  {
    path: 'topologySpreadConstraints',
    value: SPREAD,
    see: (m) => podOf(m).topologySpreadConstraints,
    seen: SPREAD,
  },
  { path: 'extraVolumes', value: [VOLUME], see: volume('logins'), seen: VOLUME },
  {
    path: 'extraVolumeMounts',
    value: [MOUNT],
    beside: { extraVolumes: [VOLUME] },
    see: (m) => containerOf(m).volumeMounts.at(-1),
    seen: MOUNT,
  },
  { path: 'initContainers', value: INIT, see: (m) => podOf(m).initContainers, seen: INIT },
  { path: 'extraEnv', value: [{ name: 'ZONE', value: 'a' }], see: env('ZONE'), seen: 'a' },
  {
    path: 'extraCa.configMap',
    value: 'cas',
    see: (m) => [volume('extra-ca')(m)?.configMap.name, env('NODE_EXTRA_CA_CERTS')(m)],
    seen: ['cas', '/etc/pullpass-extra-ca/ca.crt'],
  },
  { path: 'extraCa.secret', value: 'cas', see: (m) => volume('extra-ca')(m)?.secret.secretName, seen: 'cas' },
  {
    path: 'extraCa.key',
    value: 'bundle.pem',
    beside: { 'extraCa.secret': 'cas' },
    see: env('NODE_EXTRA_CA_CERTS'),
    seen: '/etc/pullpass-extra-ca/bundle.pem',
  },
  { path: 'proxy.http', value: 'http://proxy.example:3128', see: env('HTTP_PROXY'), seen: 'http://proxy.example:3128' },
  {
    path: 'proxy.https',
    value: 'http://proxy.example:3128',
    see: env('HTTPS_PROXY'),
    seen: 'http://proxy.example:3128',
  },
  { path: 'proxy.noProxy', value: '.svc,10.0.0.0/8', see: env('NO_PROXY'), seen: '.svc,10.0.0.0/8' },
  { path: 'host', value: '::', see: (m) => flag(m, 'host'), seen: '::' },
  {
    path: 'port',
    value: 9443,
    see: (m) => [flag(m, 'port'), containerOf(m).ports[0].containerPort],
    seen: ['9443', 9443],
  },
  {
    path: 'healthPort',
    value: 9080,
    see: (m) => [flag(m, 'health-port'), containerOf(m).ports[1].containerPort],
    seen: ['9080', 9080],
  },
  {
    path: 'statusPort',
    value: 9081,
    see: (m) => [flag(m, 'status-port'), containerOf(m).ports[2].containerPort],
    seen: ['9081', 9081],
  },
  {
    path: 'hostNetwork',
    value: true,
    see: (m) => [podOf(m).hostNetwork, podOf(m).dnsPolicy],
    seen: [true, 'ClusterFirstWithHostNet'],
  },
  { path: 'podDisruptionBudget.enabled', value: false, see: (m) => find(m, 'PodDisruptionBudget'), seen: undefined },
  {
    path: 'podDisruptionBudget.maxUnavailable',
    value: '50%',
    see: (m) => find(m, 'PodDisruptionBudget').spec.maxUnavailable,
    seen: '50%',
  },
  {
    path: 'networkPolicy.enabled',
    value: true,
    see: (m) => find(m, 'NetworkPolicy')?.spec.policyTypes,
    seen: ['Ingress'],
  },
  { path: 'networkPolicy.webhookFrom', value: PEER, beside: POLICY, see: (m) => ingress(m)[0].from, seen: PEER },
  { path: 'networkPolicy.healthFrom', value: PEER, beside: POLICY, see: (m) => ingress(m)[1].from, seen: PEER },
  {
    path: 'certManager.enabled',
    value: true,
    beside: { 'certManager.issuerRef.name': 'issuer' },
    see: (m) => certificate(m)?.dnsNames,
    seen: ['pullpass.pullpass-system.svc'],
  },
  {
    path: 'certManager.issuerRef.name',
    value: 'vault',
    beside: CERT_MANAGER,
    see: (m) => certificate(m).issuerRef.name,
    seen: 'vault',
  },
  {
    path: 'certManager.issuerRef.kind',
    value: 'ClusterIssuer',
    beside: CERT_MANAGER,
    see: (m) => certificate(m).issuerRef.kind,
    seen: 'ClusterIssuer',
  },
  {
    path: 'certManager.issuerRef.group',
    value: 'awspca.cert-manager.io',
    beside: CERT_MANAGER,
    see: (m) => certificate(m).issuerRef.group,
    seen: 'awspca.cert-manager.io',
  },
  {
    path: 'certManager.duration',
    value: '24h',
    beside: CERT_MANAGER,
    see: (m) => certificate(m).duration,
    seen: '24h',
  },
  {
    path: 'certManager.renewBefore',
    value: '8h',
    beside: CERT_MANAGER,
    see: (m) => certificate(m).renewBefore,
    seen: '8h',
  },
  ...OPTIONAL_ROWS,
];
