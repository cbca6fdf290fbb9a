import t from 'tap';
import { pullSecretStore } from '../../src/cluster/pull-secret-store.ts';
import type { ObservedPullSecret } from '../../src/core/surroundings.ts';
import { observed } from '../core/given.ts';

type Step =
  | readonly ['set' | 'observe', number]
  | readonly ['remove', number]
  /** The watch got so far. */
  | readonly ['reach', number]
  | readonly ['observe-absent'];

function state(version: number): ObservedPullSecret {
  return observed({ resourceVersion: String(version), credentials: ['a'] });
}

const rows: readonly { readonly why: string; readonly steps: readonly Step[]; readonly holds: number | undefined }[] = [
  { why: 'the watch tells', steps: [['set', 5]], holds: 5 },
  {
    why: 'our write is visible at once',
    steps: [
      ['set', 5],
      ['observe', 9],
    ],
    holds: 9,
  },
  {
    why: 'numbers, not text',
    steps: [
      ['set', 9],
      ['observe', 10],
    ],
    holds: 10,
  },
  {
    why: 'an older event does not replace our write',
    steps: [
      ['observe', 9],
      ['set', 7],
    ],
    holds: 9,
  },
  {
    why: 'a newer event does',
    steps: [
      ['observe', 9],
      ['set', 12],
    ],
    holds: 12,
  },
  {
    why: 'a deletion before our write is old news',
    steps: [
      ['set', 5],
      ['observe', 9],
      ['remove', 7],
    ],
    holds: 9,
  },
  {
    why: 'a deletion after it is not',
    steps: [
      ['observe', 9],
      ['remove', 11],
    ],
    holds: undefined,
  },
  {
    why: 'a list without it, as of its own version',
    steps: [
      ['observe', 9],
      ['remove', 9],
    ],
    holds: undefined,
  },
  {
    why: 'the answer to a write comes after the watch told of its deletion',
    steps: [
      ['set', 9],
      ['remove', 11],
      ['reach', 11],
      ['observe', 9],
    ],
    holds: undefined,
  },
  { why: 'a live read found nothing', steps: [['set', 5], ['observe-absent']], holds: undefined },
];

for (const { why, steps, holds } of rows) {
  t.test(why, async (t) => {
    let reached: string | undefined;
    const store = pullSecretStore(() => reached);
    for (const [what, version = 0] of steps) {
      if (what === 'set') store.set('shop', state(version));
      if (what === 'observe') store.observe('shop', state(version));
      if (what === 'observe-absent') store.observe('shop', undefined);
      if (what === 'remove') store.remove('shop', String(version));
      if (what === 'reach') reached = String(version);
    }
    t.equal(store.get('shop')?.resourceVersion, holds === undefined ? undefined : String(holds));
    t.same([...store.namespaces()], holds === undefined ? [] : ['shop']);
  });
}

t.test('where one of ours vanished is remembered, until it is back or was taken away on purpose', async (t) => {
  const store = pullSecretStore(() => undefined);
  const vanished = (): readonly string[] => [...store.vanished()];
  store.set('shop', state(5));
  store.remove('shop', '6');
  t.same(vanished(), ['shop'], 'somebody deleted it');
  store.set('shop', state(7));
  t.same(vanished(), [], 'it is back');
  store.forget('shop');
  t.same(vanished(), [], 'sync deleted it');
  store.remove('shop', '8');
  t.same(vanished(), [], 'and the watch tells of that later');
  store.set('other', { ...state(9), ours: false });
  store.remove('other', '10');
  t.same(vanished(), [], 'a stranger took his own away');
  store.set('shop', state(11));
  store.observe('shop', undefined);
  t.same(vanished(), ['shop'], 'a live read finds it gone');
});
