// Updates: a patch of a template is a rollout, so it must be one already.
import t from 'tap';
import { readSubject, sameJson } from '../../src/core/subject.ts';
import { KNOWN_WORKLOADS, selectWorkloads } from '../../src/core/workload.ts';
import { objectOf } from './given.ts';

const custom = { group: 'example.com', kind: 'Odd', podSpec: '/spec/a~1b/pod', update: true };
const workloads = selectWorkloads([...KNOWN_WORKLOADS.map(({ kind }) => kind), custom]);
const SPEC = { containers: [{ name: 'app', image: 'r.io/app' }] };

t.test('an update is a rollout, so only where it is one already', async (t) => {
  for (const workload of workloads.values()) {
    const { kind, group, role } = workload;
    const object = objectOf(workload, SPEC);
    const changed = objectOf(workload, { containers: [{ name: 'app', image: 'r.io/app:2' }] });
    const update = { kind: { group, kind }, operation: 'UPDATE', object, oldObject: changed };
    const answer = readSubject(update, workloads);
    const refusal = { pod: 'pod-immutable', 'create-only': 'template-immutable', template: 'object' }[role];
    t.equal(typeof answer === 'string' ? answer : 'object', refusal, `${kind} changed`);
    if (role !== 'template') continue;
    const reordered = objectOf(workload, { containers: [{ image: 'r.io/app', name: 'app' }] });
    t.equal(
      readSubject({ ...update, oldObject: reordered }, workloads),
      'template-unchanged',
      `${kind} only reordered`,
    );
    t.type(readSubject({ ...update, oldObject: undefined }, workloads), 'object', `${kind} without the old one`);
    const relabelled = objectOf(workload, SPEC, { metadata: { annotations: { restarted: 'now' } } });
    t.type(readSubject({ ...update, oldObject: relabelled }, workloads), 'object', `${kind} restarted`);
  }
});

t.test('equal as JSON', async (t) => {
  const equal: readonly (readonly [unknown, unknown])[] = [
    [1, 1],
    [null, null],
    [
      { a: 1, b: [{}] },
      { b: [{}], a: 1 },
    ],
  ];
  const not: readonly (readonly [unknown, unknown])[] = [
    [1, '1'],
    [null, {}],
    [[], {}],
    [{ a: 1 }, { b: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: undefined }, {}],
    [{ toString: 1 }, { x: 1 }],
  ];
  for (const [a, b] of equal) t.equal(sameJson(a, b), true, JSON.stringify([a, b]));
  for (const [a, b] of not) t.equal(sameJson(a, b) || sameJson(b, a), false, JSON.stringify([a, b]));
});

t.test('templates of any depth are compared: a stranger chooses how deep', async (t) => {
  const nested = (depth: number, end: string): unknown => {
    let value: unknown = end;
    for (let i = 0; i < depth; i++) value = { a: value };
    return value;
  };
  t.ok(sameJson(nested(100_000, 'x'), nested(100_000, 'x')));
  t.notOk(sameJson(nested(100_000, 'x'), nested(100_000, 'y')));
});
