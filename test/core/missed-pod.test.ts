// Pods that are Pending: which are looked at, what is found of each, and which come back when they are deleted.
import t from 'tap';
import { isRestartable, judgePod, type PendingPod, type PodObject, readPendingPod } from '../../src/core/missed-pod.ts';
import { ANNOTATION_MIRROR, LABEL_INJECT, DEFAULT_PULL_SECRET_NAME as OURS } from '../../src/core/names.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { PLAIN_SERVICE_ACCOUNT, type PullSecretState, type ServiceAccountState } from '../../src/core/surroundings.ts';
import { credential, observed } from './given.ts';

const METADATA = { name: 'web', namespace: 'shop', uid: 'u1', creationTimestamp: '2030-01-01T00:00:00Z' };
const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d', uid: 'u2' };

interface Given {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: PodObject['status'];
}

function podOf({ metadata, spec, status }: Given = {}): PodObject {
  const containers = [{ name: 'app', image: 'r.io/app' }];
  const object = { metadata: { ...METADATA, ...metadata }, spec: { containers, ...spec }, ...(status && { status }) };
  return object as PodObject;
}

function read(given: Given = {}): PendingPod {
  const pod = readPendingPod(podOf(given));
  if (pod === undefined) throw new Error(`${JSON.stringify(given)} is left alone`);
  return pod;
}

const waiting = (reason: string) => ({ state: { waiting: { reason } } });

t.test('a Pod that is left alone whatever stands around it', async (t) => {
  const rows: readonly (readonly [because: string, given: Given])[] = [
    ['no name', { metadata: { name: undefined } }],
    ['no namespace', { metadata: { namespace: undefined } }],
    ['no uid', { metadata: { uid: undefined } }],
    ['it is being deleted', { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }],
    ['it opted out', { metadata: { labels: { [LABEL_INJECT]: 'disabled' } } }],
    ['a mirror Pod', { metadata: { annotations: { [ANNOTATION_MIRROR]: 'x' } } }],
    ['no images', { spec: { containers: [] } }],
    ['a list that is none', { spec: { imagePullSecrets: 'x' } }],
  ];
  t.ok(readPendingPod(podOf()), 'without any of that it is looked at');
  for (const [because, given] of rows) t.equal(readPendingPod(podOf(given)), undefined, because);
  t.equal(readPendingPod({}), undefined, 'nothing at all');
});

t.test('what is read of the others', async (t) => {
  const pod = read({ metadata: { ownerReferences: [{ ...OWNER, controller: true, blockOwnerDeletion: true }] } });
  t.same(
    { ...pod, subject: pod.subject.images },
    {
      namespace: 'shop',
      name: 'web',
      uid: 'u1',
      created: Date.UTC(2030, 0, 1),
      owner: OWNER,
      isStuck: false,
      subject: [{ place: 'containers[0]', image: 'r.io/app' }],
    },
  );
  t.equal(read({ metadata: { creationTimestamp: undefined } }).created, 0, 'older than anything else');
});

t.test('its owner is its controller, and nobody else', async (t) => {
  const other = { ...OWNER, uid: 'u3' };
  const rows = [
    ['no owners', undefined, undefined],
    ['null', null, undefined],
    ['an owner that does not say what it is', [OWNER], undefined],
    ['an owner that is no controller', [{ ...OWNER, controller: false }], undefined],
    ['the controller among owners', [other, { ...OWNER, controller: true }], OWNER],
  ] as const;
  for (const [because, ownerReferences, owner] of rows) {
    t.same(read({ metadata: { ownerReferences } }).owner, owner, because);
  }
});

t.test('it is stuck when a container waits because its image cannot be pulled', async (t) => {
  const running = { state: { running: {} } } as object;
  const rows: readonly (readonly [because: string, status: PodObject['status'], isStuck: boolean])[] = [
    ['no status', undefined, false],
    ['not scheduled', {}, false],
    ['null', { containerStatuses: null, initContainerStatuses: null }, false],
    ['ErrImagePull', { containerStatuses: [waiting('ErrImagePull')] }, true],
    ['ImagePullBackOff', { containerStatuses: [waiting('ImagePullBackOff')] }, true],
    ['one of several', { containerStatuses: [running, waiting('ImagePullBackOff')] }, true],
    [
      'an init container',
      { initContainerStatuses: [waiting('ErrImagePull')], containerStatuses: [waiting('PodInitializing')] },
      true,
    ],
    ['it is being made', { containerStatuses: [waiting('ContainerCreating')] }, false],
    ['it crashes', { containerStatuses: [waiting('CrashLoopBackOff')] }, false],
    ['its image is misspelt', { containerStatuses: [waiting('InvalidImageName')] }, false],
    ['its image must be there', { containerStatuses: [waiting('ErrImageNeverPull')] }, false],
    ['it runs', { containerStatuses: [running] }, false],
    ['no state', { containerStatuses: [{}] }, false],
  ];
  for (const [because, status, isStuck] of rows) t.equal(read({ ...(status && { status }) }).isStuck, isStuck, because);
});

const policy = compilePolicy([
  credential('r', ['r.io'], { except: ['r.io/public'] }),
  credential('team', ['t.io'], { namespaces: 'team' }),
  credential('later', ['later.io'], { missing: ['later.io'] }),
]);
const NEEDS = [{ credential: 'r', pattern: 'r.io' }];
const MISSED = { is: 'missed', needs: NEEDS };
const WAITING = { is: 'waiting', needs: NEEDS };
const FINE = { is: 'fine' };

t.test('missed, waiting or fine', async (t) => {
  const withSecrets = { pullSecrets: ['own'], enforcesMountable: false };
  const rows: readonly (readonly [
    because: string,
    images: readonly string[],
    listed: readonly string[],
    verdict: object,
    around?: { readonly account?: ServiceAccountState; readonly secret?: PullSecretState },
  ])[] = [
    ['it lists nothing', ['r.io/app'], [], MISSED],
    ['one of its images', ['nginx', 'r.io/app'], [], MISSED],
    ['it lists something else', ['r.io/app'], ['own'], MISSED],
    ['the pull Secret is there', ['r.io/app'], [], MISSED, { secret: observed() }],
    ['its ServiceAccount has Secrets', ['r.io/app'], ['own'], MISSED, { account: withSecrets }],
    ['it lists ours', ['r.io/app'], [OURS], WAITING],
    ['it lists ours among others', ['r.io/app'], ['own', OURS], WAITING],
    ['only ours, though its ServiceAccount has Secrets', ['r.io/app'], [OURS], WAITING, { account: withSecrets }],
    ['public images', ['nginx', 'r.io/public/app'], [], FINE],
    ['public images, and it lists ours', ['nginx'], [OURS], FINE],
    ['public images and only ours beside Secrets', ['nginx'], [OURS], FINE, { account: withSecrets }],
    ['an image of another team', ['t.io/app'], [], FINE],
    ['no login yet', ['later.io/app'], [], FINE],
    ['no login yet, and it lists ours', ['later.io/app'], [OURS], FINE],
    ['no image reference', ['Not Valid'], [], FINE],
    ['a stranger has our name', ['r.io/app'], [], FINE, { secret: observed({ ours: false }) }],
    ['a stranger has the name that it lists', ['r.io/app'], [OURS], FINE, { secret: observed({ ours: false }) }],
    [
      'its ServiceAccount enforces',
      ['r.io/app'],
      [],
      FINE,
      { account: { pullSecrets: ['own'], enforcesMountable: true } },
    ],
    [
      'its ServiceAccount enforces and names ours',
      ['r.io/app'],
      ['own'],
      MISSED,
      { account: { pullSecrets: [OURS], enforcesMountable: true } },
    ],
  ];
  for (const [because, images, listed, verdict, { account = PLAIN_SERVICE_ACCOUNT, secret } = {}] of rows) {
    const spec = {
      containers: images.map((image) => ({ image })),
      imagePullSecrets: listed.map((name) => ({ name })),
    };
    const around = { serviceAccount: account, pullSecret: secret };
    t.same(judgePod(read({ spec }), {}, policy, around, OURS), verdict, because);
  }
});

t.test('the labels of the namespace decide which credentials there are', async (t) => {
  const around = { serviceAccount: PLAIN_SERVICE_ACCOUNT, pullSecret: undefined };
  const pod = read({ spec: { containers: [{ image: 't.io/app' }] } });
  const needs = [{ credential: 'team', pattern: 't.io' }];
  t.same(judgePod(pod, { team: 'x' }, policy, around, OURS), { is: 'missed', needs });
  t.same(judgePod(pod, { stage: 'x' }, policy, around, OURS), FINE);
});

t.test('what is made anew when it is deleted', async (t) => {
  const rows = [
    ['apps/v1', 'ReplicaSet', true],
    ['apps/v1', 'StatefulSet', true],
    ['apps/v1', 'DaemonSet', true],
    ['apps/v2', 'ReplicaSet', true],
    ['apps/v1', 'Deployment', false],
    ['batch/v1', 'Job', false],
    ['v1', 'ReplicationController', false],
    ['v1', 'Node', false],
    ['apps.kruise.io/v1', 'StatefulSet', false],
    ['example.com/v1', 'ReplicaSet', false],
  ] as const;
  for (const [apiVersion, kind, restartable] of rows) {
    const ownerReferences = [{ apiVersion, kind, name: 'x', uid: 'u2', controller: true }];
    const pod = read({
      metadata: { ownerReferences },
      status: { containerStatuses: [waiting('ImagePullBackOff')] },
    });
    t.equal(isRestartable(pod), restartable, `${apiVersion} ${kind}`);
    t.equal(isRestartable({ ...pod, isStuck: false }), false, `${apiVersion} ${kind}, not stuck`);
  }
  t.equal(isRestartable(read({ status: { containerStatuses: [waiting('ImagePullBackOff')] } })), false, 'no owner');
});
