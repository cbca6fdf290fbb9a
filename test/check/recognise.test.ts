// What is recognised by marks and names: clouds, and others that write the list. A mark that is not seen is no guess.
import t from 'tap';
import { type Marks, recognise } from '../../src/check/clouds.ts';
import {
  competingAdmissionPolicy,
  competingDeployment,
  competingPolicy,
  otherPodWebhooks,
} from '../../src/check/competitors.ts';
import { ENTRY } from './given.ts';

const PLAIN: Marks = { version: 'v1.37.2', nodes: { found: [] }, apiGroups: ['apps'], awsNode: { absent: true } };
const node = (label: string, hasExternalAddress = false) => ({
  found: [{ labels: { [label]: 'x' }, hasExternalAddress }],
});

const clouds: readonly (readonly [string, Partial<Marks>, readonly string[], 'private' | 'own' | ''])[] = [
  ['none', {}, [], ''],
  ['GKE by its version', { version: 'v1.33.1-gke.100' }, ['GKE'], ''],
  ['GKE with private nodes', { nodes: node('cloud.google.com/gke-nodepool') }, ['GKE'], 'private'],
  ['GKE with public nodes', { nodes: node('cloud.google.com/gke-nodepool', true) }, ['GKE'], ''],
  ['AKS', { nodes: node('kubernetes.azure.com/cluster') }, ['AKS'], ''],
  ['EKS with its own network', { version: 'v1.33.1-eks-1234', awsNode: { found: {} } }, ['EKS'], ''],
  ['EKS with another one', { version: 'v1.33.1-eks-1234' }, ['EKS'], 'own'],
  ['EKS, where that cannot be told', { version: 'v1.33.1-eks-1234', awsNode: { unavailable: 'x' } }, ['EKS'], ''],
  ['OpenShift', { apiGroups: ['config.openshift.io'] }, ['OpenShift'], ''],
  [
    'OpenShift on Azure',
    { apiGroups: ['config.openshift.io'], nodes: node('kubernetes.azure.com/x') },
    ['AKS', 'OpenShift'],
    '',
  ],
];
for (const [why, marks, seen, what] of clouds) {
  t.test(`a cloud: ${why}`, async (t) => {
    t.same(recognise({ ...PLAIN, ...marks }), { seen, privateNodes: what === 'private', ownNetwork: what === 'own' });
  });
}

const deployment = (image: string) => ({
  metadata: { namespace: 'a', name: 'b' },
  spec: { template: { spec: { containers: [{ image: 'nginx' }, { image }] } } },
});

t.test('controllers by their images, which is a guess', async (t) => {
  for (const image of [
    'quay.io/titansoft/imagepullsecret-patcher:v0.14',
    'x/registry-creds:1',
    'x/imagepullsecret-serviceaccount-patcher',
  ]) {
    t.same(competingDeployment(deployment(image)), { what: `Deployment a/b (${image})`, guess: true });
  }
  t.equal(competingDeployment(deployment('ghcr.io/acme/patcher')), undefined);
  t.equal(competingDeployment({}), undefined);
});

t.test('policies by what they write', async (t) => {
  const mutate = { patchStrategicMerge: { spec: { imagePullSecrets: [{ name: 'x' }] } } };
  const metadata = { name: 'p' };
  t.same(competingPolicy({ metadata, spec: { rules: [{ mutate }] } }), { what: 'Kyverno policy p', guess: false });
  t.equal(
    competingPolicy({ metadata, spec: { rules: [{ validate: mutate }, null] } }),
    undefined,
    'to look is not to write',
  );
  const mutations = [{ jsonPatch: { expression: '[JSONPatch{op: "add", path: "/spec/imagePullSecrets/-"}]' } }];
  t.same(competingAdmissionPolicy({ metadata, spec: { mutations } }), {
    what: 'MutatingAdmissionPolicy p',
    guess: false,
  });
  t.equal(competingAdmissionPolicy({ metadata, spec: { mutations: [] } }), undefined);
});

t.test('other webhooks that see Pods are counted, and guessed by their names', async (t) => {
  const all = [
    { metadata: { name: 'pullpass' }, webhooks: [ENTRY] },
    { metadata: { name: 'sidecars' }, webhooks: [{ ...ENTRY, name: 'inject.mesh.example' }] },
    { metadata: { name: 'other' }, webhooks: [{ ...ENTRY, name: 'add-image-pull-secret.example' }] },
    {
      metadata: { name: 'secrets' },
      webhooks: [{ ...ENTRY, rules: [{ apiGroups: [''], resources: ['secrets'], operations: ['*'] }] }],
    },
    { metadata: { name: 'empty' }, webhooks: null },
  ];
  t.same(otherPodWebhooks(all, 'pullpass'), {
    all: 2,
    named: [{ what: 'webhook add-image-pull-secret.example of other', guess: true }],
  });
});
