// What an installation does, a probe for each thing that it needs a right for. Each is something that a user could see, or that
// docs/operations.md promises.
import { expectOk, pod } from '../serve/installation.ts';
import { deployment, deploymentsPath, listed, podsPath, postReview } from '../serve/story.ts';
import { byWatch, found, IMAGE, merge, must, type Probe, served } from './rights-acts.ts';
import { SECRET_PROBES } from './rights-secrets.ts';
import type { Installation } from './rights-site.ts';

const WEBHOOKS = 'mutatingwebhookconfigurations';
const webhookPath = ({ name }: Installation): string => `/apis/admissionregistration.k8s.io/v1/${WEBHOOKS}/${name}`;
const leaseOf = (site: Installation) =>
  found(site, `/apis/coordination.k8s.io/v1/namespaces/${site.name}/leases/pullpass`);

async function bundleOf(site: Installation): Promise<string> {
  return (await found(site, webhookPath(site))).webhooks[0].clientConfig.caBundle ?? '';
}

async function emptyBundle(site: Installation): Promise<void> {
  const change = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }];
  await site.api.call('PATCH', webhookPath(site), change, 'application/json-patch+json');
}

/** A write that is invalid looks like one that came too late, until it is looked at again. */
async function forbidBundle({ api, name }: Installation): Promise<void> {
  const folder = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  const rule = { apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['v1'], resources: [WEBHOOKS] };
  const spec = {
    matchConstraints: { resourceRules: [{ ...rule, operations: ['UPDATE'], resourceNames: [name] }] },
    validations: [
      { expression: `request.userInfo.username != "system:serviceaccount:${name}:${name}"`, reason: 'Invalid' },
    ],
  };
  const binding = { policyName: name, validationActions: ['Deny'] };
  await expectOk(api.call('POST', `${folder}ies`, { metadata: { name }, spec }));
  await expectOk(api.call('POST', `${folder}ybindings`, { metadata: { name }, spec: binding }));
}

const probes = {
  ...SECRET_PROBES,

  'it becomes ready': { run: (site, until) => until('ready', site.isReady) },

  'a review of a namespace that takes no part is answered': {
    async run(site, until) {
      await until('ready', site.isReady);
      const review = { uid: 'u', kind: { group: '', kind: 'Pod' }, operation: 'CREATE', object: pod('p', IMAGE) };
      const patch = await postReview(site.port, { ...review, namespace: 'default' });
      must(patch === undefined, 'it was injected');
    },
  },

  'a template is served before its ServiceAccount is made': {
    async run(site, until) {
      const namespace = await served(site, until, 'early');
      const object = deployment('web', IMAGE) as { spec: { template: object & { spec?: object } } };
      object.spec.template = {
        ...object.spec.template,
        spec: { ...object.spec.template.spec, serviceAccountName: 'later' },
      };
      const { body } = await expectOk(site.api.call('POST', deploymentsPath(namespace), object));
      must(listed(body.spec.template.spec).includes(site.pullSecret), 'it is not injected');
    },
  },

  'a ServiceAccount that gains a Secret keeps it for its Pods': {
    async run(site, until) {
      const namespace = await served(site, until, 'account');
      const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
      await byWatch(site, until, 'serviceaccounts', async () => {
        await expectOk(site.api.call('PATCH', account, { imagePullSecrets: [{ name: 'team-registry' }] }, merge));
        await until('its templates are left alone', async () => {
          await site.api.call('POST', `${deploymentsPath(namespace)}?dryRun=All`, deployment('web', IMAGE));
          return (await site.count('admissions', { reason: 'service-account-secrets' })) > 0;
        });
      });
    },
  },

  'a missed Pod is reported by an Event': {
    async prepare(site) {
      const namespace = await site.makeNamespace('missed');
      await expectOk(site.api.call('POST', podsPath(namespace), pod('web', IMAGE)));
    },
    run: (site, until) =>
      until('the Event', async () => {
        const events = `/api/v1/namespaces/${site.name}-missed/events?fieldSelector=reason%3DPullSecretMissed`;
        return (await found(site, events)).items.length > 0;
      }),
  },

  'a stuck missed Pod is made anew': {
    async prepare(site) {
      const namespace = await site.makeNamespace('stuck');
      const labels = { app: 'web' };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c0', image: IMAGE }] } };
      const spec = { replicas: 1, selector: { matchLabels: labels }, template };
      const replicaSets = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
      await expectOk(site.api.call('POST', replicaSets, { metadata: { name: 'web' }, spec }));
    },
    async run(site, until) {
      const pods = podsPath(`${site.name}-stuck`);
      let first = '';
      await until('its first Pod', async () => {
        first = (await found(site, pods)).items[0]?.metadata.name ?? '';
        return first !== '';
      });
      const state = { waiting: { reason: 'ImagePullBackOff', message: 'as a kubelet would say' } };
      const container = { name: 'c0', image: IMAGE, imageID: '', ready: false, restartCount: 0, state };
      const status = { phase: 'Pending', containerStatuses: [container] };
      await expectOk(site.api.call('PATCH', `${pods}/${first}/status`, { status }, merge));
      await until('another', async () =>
        (await found(site, pods)).items.some(
          ({ metadata, spec }: { metadata: { name: string }; spec: object }) =>
            metadata.name !== first && listed(spec).includes(site.pullSecret),
        ),
      );
    },
  },

  'its CA is in the webhook configuration': {
    run: (site, until) => until('there', async () => (await bundleOf(site)) !== ''),
  },

  'a caBundle that somebody empties is filled again': {
    disturbs: true,
    async run(site, until) {
      await until('ready', site.isReady);
      await byWatch(site, until, WEBHOOKS, async () => {
        await emptyBundle(site);
        await until('filled', async () => (await bundleOf(site)) !== '');
      });
    },
  },

  'a caBundle that the API server does not take is said to be refused': {
    disturbs: true,
    async run(site, until) {
      await until('ready', site.isReady);
      await forbidBundle(site);
      await until('tried', async () => {
        await emptyBundle(site);
        const outcomes = ['refused', 'forbidden'].map((outcome) => site.count('caBundleWrites', { outcome }));
        return (await Promise.all(outcomes)).some((count) => count > 0);
      });
      must((await site.count('caBundleWrites', { outcome: 'refused' })) > 0, 'it could not be looked at again');
    },
  },

  'a replica is elected': {
    run: (site, until) => until('elected', async () => (await leaseOf(site))?.spec.holderIdentity === site.name),
  },

  'the elected replica renews its Lease': {
    async run(site, until) {
      let first: string | undefined;
      await until('elected', async () => {
        first = (await leaseOf(site))?.spec.renewTime;
        return first !== undefined;
      });
      await until('renewed', async () => (await leaseOf(site))?.spec.renewTime !== first);
    },
  },
} satisfies Record<string, Probe>;

export type ProbeName = keyof typeof probes;
export const PROBES: Readonly<Record<ProbeName, Probe>> = probes;
