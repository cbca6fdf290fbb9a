// The kinds with a pod spec, and where it is.
import t from 'tap';
import {
  findWorkload,
  formatPointer,
  KNOWN_WORKLOADS,
  parsePointer,
  selectWorkloads,
} from '../../src/core/workload.ts';

const KNOWN: readonly (readonly [kind: string, group: string, pointer: string, role: string])[] = [
  ['Pod', '', '/spec', 'pod'],
  ['Deployment', 'apps', '/spec/template/spec', 'template'],
  ['StatefulSet', 'apps', '/spec/template/spec', 'template'],
  ['DaemonSet', 'apps', '/spec/template/spec', 'template'],
  ['ReplicaSet', 'apps', '/spec/template/spec', 'template'],
  ['ReplicationController', '', '/spec/template/spec', 'template'],
  ['Job', 'batch', '/spec/template/spec', 'create-only'], // its template is immutable
  ['CronJob', 'batch', '/spec/jobTemplate/spec/template/spec', 'template'],
  ['PodTemplate', '', '/template/spec', 'template'],
];

t.test('the known kinds', async (t) => {
  t.same(
    KNOWN_WORKLOADS.map(({ kind, group, podSpec, role }) => [kind, group, formatPointer(podSpec), role]),
    KNOWN,
  );
});

t.test('Pod is always among the chosen, by group and kind', async (t) => {
  t.same(
    [...selectWorkloads([]).values()].map(({ kind }) => kind),
    ['Pod'],
  );
  const workloads = selectWorkloads(['Job', 'Unknown', 'Pod']);
  t.equal(workloads.size, 2, 'an unknown name is passed over, a repeated one counts once');
  t.equal(findWorkload(workloads, 'batch', 'Job')?.role, 'create-only');
  t.equal(findWorkload(workloads, 'batch.volcano.sh', 'Job'), undefined, 'a custom kind may be called Job too');
  t.equal(findWorkload(workloads, 'apps', 'Deployment'), undefined, 'not asked for');
});

t.test('custom kinds', async (t) => {
  const rollout = { group: 'argoproj.io', kind: 'Rollout', podSpec: '/spec/template/spec' };
  const once = findWorkload(selectWorkloads([rollout]), 'argoproj.io', 'Rollout');
  t.same(once, { group: 'argoproj.io', kind: 'Rollout', podSpec: ['spec', 'template', 'spec'], role: 'create-only' });
  const always = findWorkload(selectWorkloads([{ ...rollout, update: true }]), 'argoproj.io', 'Rollout');
  t.equal(always?.role, 'template');
});

t.test('JSON pointers there and back', async (t) => {
  for (const segments of [[], ['spec'], ['a/b', 'c~d'], ['~1'], ['', 'x'], ['a.b', '0']]) {
    t.same(parsePointer(formatPointer(segments)), segments);
  }
  t.equal(formatPointer(['a/b', 'c~d', 3]), '/a~1b/c~0d/3');
  t.same(parsePointer('/~01'), ['~1'], 'the tilde is read last');
});
