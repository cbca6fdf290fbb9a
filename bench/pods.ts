// Pods as the API server shows them to a webhook: defaults filled in, a projected token, tolerations, managed fields. A given
// number of settings is spread over the containers; each also has its place among the managed fields, as in a real Pod.
import { type ContainerOptions, container, type Setting, setting } from './containers.ts';
import { privateImage, publicImage } from './images.ts';
import type { Random } from './random.ts';

export interface PodOptions {
  readonly namespace: string;
  /** Of the registries, those that the namespace has credentials for; empty: every image is public. */
  readonly registries: readonly number[];
  /** Names in `imagePullSecrets`. */
  readonly listed: readonly string[];
  /** Absent: named by the API server. */
  readonly name?: string;
  readonly settings: number;
}

/** So many settings belong to one container. */
const SETTINGS_EACH = 40;
/** So few settings are a Pod that somebody made by hand. */
const SMALL = 4;
const ROLES = ['web', 'proxy', 'agent', 'cache'] as const;

export function podOf(random: Random, options: PodOptions): object {
  const { namespace, registries, listed, name, settings } = options;
  const token = `kube-api-access-${random.hex(5)}`;
  const small = settings <= SMALL;
  const app = `app-${random.hex(6)}`;
  const count = Math.min(ROLES.length, small ? 1 : 1 + Math.ceil(settings / SETTINGS_EACH));
  const initial = small ? 0 : random.below(3);
  // One of them at least is private, where any may be.
  const privateOne = random.below(count + initial);
  const image = (index: number): string =>
    registries.length > 0 && (index === privateOne || random.below(3) === 0)
      ? privateImage(random, registries)
      : publicImage(random);
  const all = Array.from({ length: settings }, (_, i) => setting(random, i));
  const containers = ROLES.slice(0, count).map((role, i): ContainerOptions => {
    const own = all.filter((_, index) => index % count === i);
    return { name: role, image: image(i), settings: own, token, role: small ? 'bare' : 'serves' };
  });
  const inits = Array.from({ length: initial }, (_, i): ContainerOptions => {
    return { name: `init-${i}`, image: image(count + i), settings: [], token, role: 'waits' };
  });
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...(name === undefined ? { generateName: `${app}-7c5ddbdf54-` } : { name }),
      namespace,
      labels: {
        'app.kubernetes.io/name': app,
        ...(small ? {} : { 'pod-template-hash': '7c5ddbdf54', team: 'payments' }),
      },
      ...(small ? {} : { annotations: annotations(random, settings), ownerReferences: [owner(random, app)] }),
      managedFields: [managed(small ? [] : containers)],
    },
    spec: {
      volumes: [...(small ? [] : [{ name: 'scratch', emptyDir: {} }]), tokenVolume(token)],
      ...(initial === 0 ? {} : { initContainers: inits.map(container) }),
      containers: containers.map(container),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      ...(listed.length === 0 ? {} : { imagePullSecrets: listed.map((secret) => ({ name: secret })) }),
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((what) => ({
        key: `node.kubernetes.io/${what}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {},
  };
}

function annotations(random: Random, settings: number): Record<string, string> {
  const notes: Record<string, string> = {
    'prometheus.io/scrape': 'true',
    'checksum/config': random.hex(64),
    'example.com/owner': 'Jürgen Ñuñez <payments@example.com>',
  };
  const sidecars = Array.from({ length: Math.floor(settings / 20) }, (_, i) => ({ name: `sidecar-${i}`, ready: true }));
  if (sidecars.length > 0) notes['sidecar.example.com/status'] = JSON.stringify({ version: '1.4', sidecars }, null, 1);
  return notes;
}

function owner(random: Random, app: string): object {
  const uid = `${random.hex(8)}-1f0a-4b7c-9d3e-${random.hex(12)}`;
  const flags = { controller: true, blockOwnerDeletion: true };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-7c5ddbdf54`, uid, ...flags };
}

function tokenVolume(name: string): object {
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
  ];
  return { name, projected: { sources, defaultMode: 420 } };
}

function managed(containers: readonly ContainerOptions[]): object {
  const dot = { '.': {} };
  const settingFields = ({ name, valueFrom }: Setting) =>
    [
      `k:${JSON.stringify({ name })}`,
      { ...dot, 'f:name': {}, ...(valueFrom ? { 'f:valueFrom': {} } : { 'f:value': {} }) },
    ] as const;
  const fields = containers.map(({ name, settings }) => {
    const env = { ...dot, ...Object.fromEntries(settings.map(settingFields)) };
    return [`k:${JSON.stringify({ name })}`, { ...dot, 'f:env': env, 'f:image': {}, 'f:name': {} }] as const;
  });
  const spec = {
    ...(fields.length === 0 ? {} : { 'f:containers': Object.fromEntries(fields) }),
    'f:restartPolicy': {},
  };
  return {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:metadata': { 'f:labels': { ...dot, 'f:app.kubernetes.io/name': {} } }, 'f:spec': spec },
  };
}
