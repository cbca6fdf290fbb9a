// The patch has two forms: a list made whole, and a list that grows by its end.
import t from 'tap';
import { planPatch } from '../../src/core/patch.ts';
import { readSubject } from '../../src/core/subject.ts';
import { selectWorkloads } from '../../src/core/workload.ts';

const CASES: readonly (readonly [list: unknown, add: readonly string[], patch: readonly unknown[]])[] = [
  [undefined, [], []],
  [[{ name: 'u' }], [], []],
  [undefined, ['a', 'b'], [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'a' }, { name: 'b' }] }]],
  [null, ['a'], [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'a' }] }]],
  [[], ['a'], [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'a' }] }]],
  [[null], ['a'], [{ op: 'add', path: '/spec/imagePullSecrets/-', value: { name: 'a' } }]], // the entry stays
  [
    [{ name: 'u' }],
    ['a', 'b'],
    [
      { op: 'add', path: '/spec/imagePullSecrets/-', value: { name: 'a' } },
      { op: 'add', path: '/spec/imagePullSecrets/-', value: { name: 'b' } },
    ],
  ],
];

t.test('the patch of a list', async (t) => {
  for (const [list, add, patch] of CASES) {
    const object = { spec: { containers: [{ image: 'a' }], imagePullSecrets: list } };
    const review = { kind: { group: '', kind: 'Pod' }, operation: 'CREATE', object };
    const subject = readSubject(review, selectWorkloads([]));
    t.same(
      typeof subject === 'string' ? subject : planPatch(subject, { add }),
      patch,
      `${JSON.stringify(list)} and ${add}`,
    );
  }
});
