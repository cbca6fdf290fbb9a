// What is read of an object under review: every kind, every place of an image, and every form that is none.
import t from 'tap';
import { LABEL_INJECT } from '../../src/core/names.ts';
import { type ReviewedObject, readSubject } from '../../src/core/subject.ts';
import { formatPointer, KNOWN_WORKLOADS, selectWorkloads } from '../../src/core/workload.ts';
import { objectOf } from './given.ts';

const custom = { group: 'example.com', kind: 'Odd', podSpec: '/spec/a~1b/pod', update: true };
const workloads = selectWorkloads([...KNOWN_WORKLOADS.map(({ kind }) => kind), custom]);
const SPEC = { containers: [{ name: 'app', image: 'r.io/app' }] };

function create(object: unknown, kind = 'Pod', group = ''): ReviewedObject {
  return { kind: { group, kind }, operation: 'CREATE', object };
}

function podOf(spec: unknown, metadata: object = {}): ReviewedObject {
  return create({ metadata, spec });
}

t.test('every kind', async (t) => {
  for (const workload of workloads.values()) {
    const { kind, group } = workload;
    t.same(readSubject(create(objectOf(workload, SPEC), kind, group), workloads), {
      workload,
      images: [{ place: 'containers[0]', image: 'r.io/app' }],
      listPointer: `${formatPointer(workload.podSpec)}/imagePullSecrets`,
      listed: undefined,
      serviceAccount: 'default',
    });
    t.equal(
      readSubject(create({ metadata: {} }, kind, group), workloads),
      'malformed-object',
      `${kind} without a pod spec`,
    );
    const labels = { metadata: { labels: { [LABEL_INJECT]: 'disabled' } } };
    t.equal(
      readSubject(create(objectOf(workload, SPEC, labels), kind, group), workloads),
      'opted-out',
      `${kind} opts out`,
    );
  }
});

t.test('every place of an image, in order; an entry that is none is passed over', async (t) => {
  const spec = {
    volumes: [{ emptyDir: {} }, { image: { reference: 'vol' } }, { image: {} }, null, { image: 'x' }],
    ephemeralContainers: [{ image: 'debug' }],
    containers: [null, {}, { image: '' }, { image: 7 }, { image: 'app' }, [], 'x', { image: 'two' }],
    initContainers: [{ image: 'init' }],
  };
  t.match(readSubject(podOf(spec), workloads), {
    images: [
      { place: 'initContainers[0]', image: 'init' },
      { place: 'containers[4]', image: 'app' },
      { place: 'containers[7]', image: 'two' },
      { place: 'ephemeralContainers[0]', image: 'debug' },
      { place: 'volumes[1]', image: 'vol' },
    ],
  });
});

t.test('the list as it is, also where an entry has no name', async (t) => {
  const rows: readonly (readonly [list: unknown, listed: readonly string[] | undefined])[] = [
    [undefined, undefined],
    [null, undefined],
    [[], undefined],
    [[null], []],
    [[{}], []],
    [[{ name: '' }], []],
    [[{ name: 7 }, 'x'], []],
    [
      [{ name: 'a' }, null, { name: 'b' }],
      ['a', 'b'],
    ],
  ];
  for (const [list, listed] of rows) {
    const subject = readSubject(podOf({ ...SPEC, imagePullSecrets: list }), workloads);
    t.same(typeof subject === 'string' ? subject : { listed: subject.listed }, { listed }, JSON.stringify(list));
  }
});

t.test('the ServiceAccount, also by its old name', async (t) => {
  const rows: readonly (readonly [fields: object, name: string])[] = [
    [{}, 'default'],
    [{ serviceAccountName: '' }, 'default'],
    [{ serviceAccountName: 7 }, 'default'],
    [{ serviceAccountName: 'robot' }, 'robot'],
    [{ serviceAccount: 'old' }, 'old'],
    [{ serviceAccountName: 'robot', serviceAccount: 'old' }, 'robot'],
    [{ serviceAccountName: null, serviceAccount: 'old' }, 'old'],
  ];
  for (const [fields, serviceAccount] of rows) {
    t.match(readSubject(podOf({ ...SPEC, ...fields }), workloads), { serviceAccount }, JSON.stringify(fields));
  }
});

const ODD: readonly unknown[] = [undefined, null, [], [null], 7, '', 'x', true, {}];

t.test('nothing of an odd form throws', async (t) => {
  for (const odd of ODD) {
    const text = JSON.stringify(odd) ?? 'undefined';
    const spec = JSON.stringify(odd) === '{}' ? 'no-images' : 'malformed-object';
    t.equal(readSubject(podOf(odd), workloads), spec, `spec ${text}`);
    t.equal(readSubject(podOf({ containers: odd, volumes: odd }), workloads), 'no-images', `containers ${text}`);
    t.type(
      readSubject(podOf(SPEC, { labels: odd, annotations: odd, ownerReferences: odd }), workloads),
      'object',
      text,
    );
    t.type(readSubject(create({ metadata: odd, spec: SPEC }), workloads), 'object', `metadata ${text}`);
    t.type(readSubject(create(odd), workloads), 'string', `object ${text}`);
  }
  for (const list of [7, 'x', {}, true, '', 0, false]) {
    const answer = readSubject(podOf({ ...SPEC, imagePullSecrets: list }), workloads);
    t.equal(answer, 'malformed-object', `a patch could not fit ${JSON.stringify(list)}`);
  }
});

t.test('keys like __proto__ are only keys', async (t) => {
  const parsed: unknown = JSON.parse(
    '{"metadata":{"labels":{"__proto__":{"pullpass.dev/inject":"disabled"}},"annotations":{"__proto__":{"kubernetes.io/config.mirror":"x"}}},"spec":{"__proto__":{"imagePullSecrets":"x"},"containers":[{"image":"a"}]}}',
  );
  t.match(readSubject(create(parsed), workloads), { images: [{ image: 'a' }], listed: undefined });
  const odd = selectWorkloads([{ group: 'x.io', kind: 'X', podSpec: '/constructor/prototype' }]);
  t.equal(readSubject(create({}, 'X', 'x.io'), odd), 'malformed-object', 'nor is a pointer into a prototype followed');
  t.equal(readSubject(create({ spec: SPEC }, 'constructor', '__proto__'), workloads), 'not-a-workload');
});

t.test('what is left alone', async (t) => {
  const owned = { ownerReferences: [null, { controller: false }, { controller: true }] };
  t.equal(readSubject(podOf(SPEC, { annotations: { 'kubernetes.io/config.mirror': '' } }), workloads), 'mirror-pod');
  t.type(readSubject(podOf(SPEC, owned), workloads), 'object', 'a Pod that is owned is served');
  t.type(readSubject(podOf(SPEC, { labels: { [LABEL_INJECT]: 'enabled' } }), workloads), 'object');
  const deployment = { metadata: owned, spec: { template: { spec: SPEC } } };
  t.equal(readSubject(create(deployment, 'Deployment', 'apps'), workloads), 'controller-owned');
  const shared = { ...deployment, metadata: { ownerReferences: [{ name: 'x' }] } };
  t.type(readSubject(create(shared, 'Deployment', 'apps'), workloads), 'object', 'an owner that does not control');
  const own = { metadata: { labels: { [LABEL_INJECT]: 'disabled' } }, spec: { template: { spec: SPEC } } };
  t.type(
    readSubject(create(own, 'Deployment', 'apps'), workloads),
    'object',
    "the template's label counts, not its own",
  );
  t.equal(readSubject(create(deployment, 'Deployment', 'extensions'), workloads), 'not-a-workload');
});

t.test('operations and subresources', async (t) => {
  for (const operation of ['DELETE', 'CONNECT', '', 'create']) {
    t.equal(readSubject({ ...podOf(SPEC), operation }, workloads), 'not-applicable', operation);
  }
  t.equal(readSubject({ ...podOf(SPEC), subResource: 'ephemeralcontainers' }, workloads), 'not-applicable');
  t.type(readSubject({ ...podOf(SPEC), subResource: '' }, workloads), 'object');
});
