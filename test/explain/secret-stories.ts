// The same for what can become of the pull Secret, and for what lies around the decision.
import { eventually, expectOk, OWN_NAMESPACE, PULL_SECRET, pod } from '../serve/installation.ts';
import { deployment, deploymentsPath, PUBLIC } from '../serve/story.ts';
import { after, PRIVATE, type Story } from './story.ts';

const CHECK = `pullpass check --namespace ${OWN_NAMESPACE}`;
const quotas = (namespace: string): string => `/api/v1/namespaces/${namespace}/resourcequotas`;

export const SECRET_STORIES: readonly Story[] = [
  {
    ...{ reason: 'present', tells: 'a pull Secret that is as it should be', isFine: true },
    happens: (at) => after(at.pod(pod('web', PRIVATE)), ['pod/web']),
  },
  {
    ...{ reason: 'created', tells: 'a namespace in which nothing private has run yet', isFine: true },
    happens: async () => ['image', PRIVATE],
  },
  {
    ...{ reason: 'foreign', tells: 'a Pod that lists the name by itself, beside a stranger', mends: true },
    async happens(at) {
      const data = { mine: Buffer.from('not yours').toString('base64') };
      const secrets = `/api/v1/namespaces/${at.namespace}/secrets`;
      await at.create(secrets, { metadata: { name: PULL_SECRET }, type: 'Opaque', data });
      const spec = { imagePullSecrets: [{ name: PULL_SECRET }], containers: [{ name: 'c', image: PRIVATE }] };
      await at.pod({ metadata: { name: 'web' }, spec });
      return ['pod/web'];
    },
    fix: [`kubectl -n NS delete secret ${PULL_SECRET}`],
  },
  {
    ...{ reason: 'terminating', tells: 'a namespace that is being deleted', fix: [] },
    async happens(at) {
      const object = deployment('web', PRIVATE);
      await at.create(deploymentsPath(at.namespace), {
        ...object,
        metadata: { name: 'web', finalizers: ['example.com/hold'] },
      });
      await at.site.plane.api.call('DELETE', `/api/v1/namespaces/${at.namespace}`);
      return ['deploy/web'];
    },
  },
  {
    ...{ reason: 'quota', tells: 'a quota that is used up', mends: true },
    async happens(at) {
      await at.create(quotas(at.namespace), { metadata: { name: 'none' }, spec: { hard: { secrets: '0' } } });
      await eventually('the quota is in force', async () => {
        const { body } = await at.site.plane.api.call('GET', `${quotas(at.namespace)}/none`);
        return body.status?.used?.secrets === undefined ? undefined : true;
      });
      await at.pod(pod('web', PRIVATE));
      return ['pod/web'];
    },
    fix: [`kubectl -n NS patch resourcequota none --type=merge -p '{"spec":{"hard":{"secrets":"1"}}}'`],
  },
  {
    ...{
      reason: 'forbidden',
      tells: 'a policy of the cluster that denies the write',
      fix: [CHECK],
    },
    async happens(at) {
      await at.pod(pod('web', PRIVATE));
      await at.label({ 'no-secrets': 'yes' });
      const { api } = at.site.plane;
      const secrets = `/api/v1/namespaces/${at.namespace}/secrets`;
      await eventually('the policy is in force', async () => {
        const { status } = await api.call('POST', `${secrets}?dryRun=All`, { metadata: { name: 'probe' } });
        return status === 403 ? true : undefined;
      });
      await expectOk(api.call('DELETE', `${secrets}/${PULL_SECRET}`));
      await eventually('it was tried to make it again', async () =>
        at.site.serve.output().includes('"outcome":"forbidden"') ? true : undefined,
      );
      return ['pod/web'];
    },
  },
  {
    ...{
      reason: 'too-large',
      tells: 'host globs that overlap in too many ways',
      fix: [`pullpass status --namespace ${OWN_NAMESPACE}`],
    },
    labels: { 'pullpass.dev/inject': 'enabled', overlap: 'yes' },
    happens: async () => ['image', 'aa.globs.example.com/app:1'],
  },
];

/** What the API server is told so that Secrets are denied in namespaces with that label. */
export function denySecrets(): readonly object[] {
  const name = 'no-secrets';
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE'] }];
  const namespaceSelector = { matchLabels: { [name]: 'yes' } };
  const validations = [{ expression: 'false', message: 'no Secrets here', reason: 'Forbidden' }];
  return [
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name } },
      spec: { matchConstraints: { resourceRules, namespaceSelector }, validations },
    },
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name } },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}

export const AROUND_STORIES: readonly Story[] = [
  {
    ...{ reason: 'namespace-missing', tells: 'a namespace that is not there', namespace: 'nowhere' },
    happens: async () => ['image', PRIVATE],
    fix: ['kubectl create namespace nowhere'],
  },
  {
    ...{ reason: 'pull-failing', tells: 'a registry that cannot be reached', fix: [] },
    async happens(at) {
      await at.pod(pod('web', PRIVATE));
      await stuck(at, `failed to pull image "${PRIVATE}": dial tcp: lookup ghcr.io: no such host`);
      return ['pod/web'];
    },
  },
  {
    ...{ reason: 'pull-refused', tells: 'a registry that does not let the login read a repository' },
    async happens(at) {
      await at.pod(pod('web', PRIVATE, PUBLIC));
      await stuck(at, `failed to pull image "${PRIVATE}": 403 Forbidden`);
      return ['pod/web'];
    },
    fix: [
      `kubectl -n ${OWN_NAMESPACE} create secret docker-registry ghcr --docker-server=ghcr.io --docker-username=USER --docker-password="$TOKEN" --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -`,
    ],
  },
];

async function stuck(at: Parameters<Story['happens']>[0], message: string): Promise<void> {
  const state = { waiting: { reason: 'ErrImagePull', message } };
  const status = { name: 'c0', image: PRIVATE, imageID: '', ready: false, restartCount: 0, state };
  await at.merge(`/api/v1/namespaces/${at.namespace}/pods/web/status`, {
    status: { phase: 'Pending', containerStatuses: [status] },
  });
}
