// What a profile says of the phases of an admission.
import t from 'tap';
import { type Profile, phasesOf, REST } from '../../bench/profile.ts';

const node = (id: number, functionName: string, ...children: number[]) => ({
  id,
  callFrame: { functionName },
  children,
});

t.test('a sample belongs to the innermost phase that it lies in, and idle time to none', async (t) => {
  const profile: Profile = {
    nodes: [
      node(1, '(root)', 2, 3, 8, 9),
      node(2, '(idle)'),
      node(3, 'toString', 4, 6),
      node(4, 'scanJson', 5),
      node(5, 'skipValue'),
      node(6, 'admit', 7),
      node(7, 'observeAnswer'),
      node(8, '(garbage collector)'),
      node(9, 'emit'),
    ],
    samples: [5, 2, 5, 4, 6, 7, 8, 3, 9],
    timeDeltas: [9_000, 5_000, 3_000, 1_000, 2_000, 1_000, 1_000, 1_000, 1_000],
  };
  t.same(phasesOf(profile, 15), [
    ['the scan of the review', 0.4],
    [REST, 0.2],
    ['the decision', 0.2],
    ['garbage collection', 0.1],
    ['counters and log', 0.1],
  ]);
});
