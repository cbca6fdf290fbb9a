// For each reason that a cluster can be brought into, how that comes about, what is printed, and what mends it.
import { OWN_NAMESPACE, PULL_SECRET, pod } from '../serve/installation.ts';
import { deployment, template } from '../serve/story.ts';
import { after, PRIVATE, type Story } from './story.ts';

const ANEW = 'kubectl -n NS get pod web -o json | kubectl replace --force -f -';
const RESTART = 'kubectl -n NS rollout restart deployment/web';
const PODS = '/api/v1/namespaces';
const OFF = {};

const job = { suspend: true, template: template(PRIVATE, 'Never') };
const daemonSet = { selector: { matchLabels: { app: 'shop' } }, template: template(PRIVATE) };

/** With the opt-out label in its template. */
function optedOut(): object {
  const object = deployment('web', PRIVATE, 1);
  const labels = { app: 'shop', 'pullpass.dev/inject': 'disabled' };
  return { ...object, spec: { ...object.spec, template: { ...object.spec.template, metadata: { labels } } } };
}

export const OBJECT_STORIES: readonly Story[] = [
  {
    ...{ reason: 'injected', tells: 'an image that a credential serves', isFine: true },
    happens: async () => ['image', PRIVATE],
  },
  {
    ...{ reason: 'already-listed', tells: 'a Pod that was served', isFine: true },
    happens: (at) => after(at.pod(pod('web', PRIVATE, 'public.example.com/app')), ['pod/web']),
  },
  {
    ...{
      reason: 'service-account-restored',
      tells: 'a Pod that would lose the Secrets of its ServiceAccount',
      isFine: true,
    },
    async happens({ merge, namespace }) {
      await merge(`${PODS}/${namespace}/serviceaccounts/default`, { imagePullSecrets: [{ name: 'team' }] });
      return ['-f', '-'];
    },
    input: JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' } },
      spec: { imagePullSecrets: [{ name: PULL_SECRET }], containers: [{ name: 'c', image: PRIVATE }] },
    }),
  },
  {
    ...{ reason: 'no-private-image', tells: 'public images alone', isFine: true },
    happens: (at) => after(at.pod(pod('web', 'public.example.com/app:1')), ['po', 'web']),
  },
  {
    ...{ reason: 'no-images', tells: 'a custom object without an image', isFine: true },
    async happens({ create, namespace }) {
      const spec = { template: { spec: { containers: [] } } };
      const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'empty' }, spec };
      await create(`/apis/example.com/v1/namespaces/${namespace}/widgets`, object);
      return ['wd.example.com/empty'];
    },
  },
  {
    ...{ reason: 'namespace-not-enabled', tells: 'a namespace without the label', labels: OFF, mends: true },
    happens: (at) => after(at.deployment(deployment('web', PRIVATE, 1), 1), ['deploy/web']),
    fix: ['kubectl label namespace NS pullpass.dev/inject=enabled', RESTART],
  },
  {
    ...{ reason: 'namespace-excluded', tells: 'a system namespace', namespace: 'kube-system', fix: [] },
    happens: async () => ['image', PRIVATE],
  },
  {
    ...{ reason: 'opted-out', tells: 'the opt-out label in a template', mends: true },
    happens: (at) => after(at.deployment(optedOut(), 1), ['deployment/web']),
    fix: [
      `kubectl -n NS patch deployment/web --type=json -p '[{"op":"remove","path":"/spec/template/metadata/labels/pullpass.dev~1inject"}]'`,
    ],
  },
  {
    ...{ reason: 'opted-out', tells: 'the opt-out label on a Pod that nobody makes anew', mends: true },
    async happens(at) {
      await at.pod({
        ...pod('web', PRIVATE),
        metadata: { name: 'web', labels: { 'pullpass.dev/inject': 'disabled' } },
      });
      return ['pod/web'];
    },
    fix: ['kubectl -n NS label pod web pullpass.dev/inject-', ANEW],
  },
  {
    ...{ reason: 'controller-owned', tells: 'a ReplicaSet of a Deployment', labels: OFF, isFine: true },
    async happens(at) {
      await at.deployment(deployment('web', PRIVATE), 0);
      await at.label({ 'pullpass.dev/inject': 'enabled' });
      const { stdout } = await at.site.shell(`kubectl -n ${at.namespace} wait --for=create rs -l app=shop -o name`);
      return [stdout.trim().replace('.apps', '')];
    },
  },
  {
    ...{ reason: 'service-account-secrets', tells: 'a template whose ServiceAccount has Secrets', isFine: true },
    async happens(at) {
      await at.merge(`${PODS}/${at.namespace}/serviceaccounts/default`, { imagePullSecrets: [{ name: 'team' }] });
      await at.deployment(deployment('web', PRIVATE), 0);
      return ['deploy/web'];
    },
  },
  {
    ...{ reason: 'enforcing-service-account', tells: 'a ServiceAccount that enforces mountable secrets', mends: true },
    async happens(at) {
      const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
      await at.create(`${PODS}/${at.namespace}/serviceaccounts`, { metadata: { name: 'strict', annotations } });
      const spec = { serviceAccountName: 'strict', containers: [{ name: 'c', image: PRIVATE }] };
      await at.pod({ metadata: { name: 'web' }, spec });
      return ['pod/web'];
    },
    fix: [`kubectl -n NS patch serviceaccount strict -p '{"imagePullSecrets":[{"name":"${PULL_SECRET}"}]}'`, ANEW],
  },
  {
    ...{ reason: 'template-unchanged', tells: 'a Deployment older than the label', labels: OFF, isFine: true },
    async happens(at) {
      await at.deployment(deployment('web', PRIVATE), 0);
      await at.label({ 'pullpass.dev/inject': 'enabled' });
      return ['deploy/web'];
    },
  },
  {
    ...{ reason: 'template-immutable', tells: 'a Job older than the label', labels: OFF, isFine: true },
    async happens(at) {
      await at.create(`/apis/batch/v1/namespaces/${at.namespace}/jobs`, { metadata: { name: 'once' }, spec: job });
      await at.label({ 'pullpass.dev/inject': 'enabled' });
      return ['job/once'];
    },
  },
  {
    ...{ reason: 'pod-immutable', tells: 'Pods older than the label', labels: OFF, mends: true },
    async happens(at) {
      await at.deployment(deployment('web', PRIVATE, 2), 2);
      await at.label({ 'pullpass.dev/inject': 'enabled' });
      return ['deploy/web'];
    },
    fix: [RESTART],
  },
  {
    ...{ reason: 'mirror-pod', tells: 'the mirror of a static Pod', fix: [] },
    async happens(at) {
      const annotations = { 'kubernetes.io/config.mirror': 'hash' };
      const spec = { nodeName: 'node-1', containers: [{ name: 'c', image: PRIVATE }] };
      await at.pod({ metadata: { name: 'static', annotations }, spec });
      return ['pod/static'];
    },
  },
  {
    ...{ reason: 'not-a-workload', tells: 'a kind that is not in the settings', isFine: true },
    async happens({ create, namespace }) {
      await create(`/apis/apps/v1/namespaces/${namespace}/daemonsets`, {
        metadata: { name: 'agent' },
        spec: daemonSet,
      });
      return ['ds/agent'];
    },
  },
  {
    ...{
      reason: 'malformed-object',
      tells: 'a custom kind whose podSpec is wrong',
      fix: ['kubectl explain crookeds --recursive'],
    },
    async happens({ create, namespace }) {
      const object = { apiVersion: 'example.com/v1', kind: 'Crooked', metadata: { name: 'bent' }, spec: job };
      await create(`/apis/example.com/v1/namespaces/${namespace}/crookeds`, object);
      return ['crooked.example.com/bent'];
    },
  },
  {
    ...{ reason: 'foreign-secret', tells: 'a Secret of that name that somebody else made', mends: true },
    async happens(at) {
      const data = { mine: Buffer.from('not yours').toString('base64') };
      await at.create(`${PODS}/${at.namespace}/secrets`, { metadata: { name: PULL_SECRET }, type: 'Opaque', data });
      await at.pod(pod('web', PRIVATE));
      return ['pod/web'];
    },
    fix: [`kubectl -n NS delete secret ${PULL_SECRET}`, ANEW],
  },
];

const MORE_MATCH = 'pullpass.dev/match=ghcr.io/acme/,ghcr.io/labs/';
const LOG_IN = (name: string, host: string): readonly string[] => [
  `kubectl -n ${OWN_NAMESPACE} create secret docker-registry ${name} --docker-server=${host} --docker-username=USER --docker-password="$TOKEN"`,
  `kubectl -n ${OWN_NAMESPACE} label secret ${name} pullpass.dev/credential=enabled`,
];

export const IMAGE_STORIES: readonly Story[] = [
  {
    ...{ reason: 'served', tells: 'an image that a credential serves, beside one that none does', isFine: true },
    happens: (at) => after(at.pod(pod('web', PRIVATE, 'public.example.com/app')), ['pod', 'web']),
  },
  {
    ...{ reason: 'no-credential', tells: 'an image beside the patterns, which the registry refuses', mends: true },
    async happens(at) {
      await at.pod(pod('web', 'ghcr.io/labs/app:1'));
      await getStuck(at, 'web', 'c0', 'ghcr.io/labs/app:1', 'unexpected status from HEAD request: 401 Unauthorized');
      return ['pod/web'];
    },
    fix: [`kubectl -n ${OWN_NAMESPACE} annotate --overwrite secret ghcr ${MORE_MATCH}`, ANEW],
  },
  {
    ...{
      reason: 'excepted',
      tells: 'an image that a credential leaves out, which the registry refuses',
      fix: LOG_IN('hub-example-com', 'hub.example.com').concat(ANEW),
    },
    async happens(at) {
      await at.pod(pod('web', 'hub.example.com/public/app:1'));
      await getStuck(at, 'web', 'c0', 'hub.example.com/public/app:1', 'pull access denied');
      return ['pod/web'];
    },
  },
  {
    ...{ reason: 'not-allowed', tells: 'a credential for namespaces with another label', mends: true },
    happens: (at) => after(at.pod(pod('web', 'harbor.example.com/app:1')), ['pod/web']),
    fix: ['kubectl label namespace NS team=payments', ANEW],
  },
  {
    ...{ reason: 'not-allowed', tells: 'a credential for one namespace by its name' },
    happens: async () => ['image', 'named.example.com/app:1'],
    fix: [
      `kubectl -n ${OWN_NAMESPACE} annotate --overwrite secret named pullpass.dev/namespaces='kubernetes.io/metadata.name in (elsewhere,NS)'`,
    ],
    mends: true,
  },
  {
    ...{
      reason: 'no-login',
      tells: 'a credential whose source gives none',
      fix: LOG_IN('file-example-com', 'file.example.com'),
    },
    happens: async () => ['image', 'file.example.com/app:1'],
  },
  {
    ...{
      reason: 'invalid-reference',
      tells: 'an image that is misspelt',
      fix: ['kubectl -n NS set image deployment/web main=IMAGE'],
    },
    happens: (at) => after(at.deployment(deployment('web', 'ghcr.io/acme/App:1', 1), 1), ['deploy/web']),
  },
];

/** What a kubelet writes when it cannot pull. */
export async function getStuck(
  at: Pick<Parameters<Story['happens']>[0], 'merge' | 'create' | 'namespace'>,
  name: string,
  container: string,
  image: string,
  why: string,
): Promise<void> {
  const message = `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": ${why}`;
  const state = { waiting: { reason: 'ImagePullBackOff', message } };
  const status = { name: container, image, imageID: '', ready: false, restartCount: 0, state };
  const path = `${PODS}/${at.namespace}/pods/${name}/status`;
  await at.merge(path, { status: { phase: 'Pending', containerStatuses: [status] } });
}
