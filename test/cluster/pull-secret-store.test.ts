import t from 'tap';
import { digestOf, type ObservedPullSecret, pullSecretStore } from '../../src/cluster/pull-secret-store.ts';

type Step =
  | readonly ['set' | 'observe', number]
  | readonly ['remove', number]
  /** The watch got so far. */
  | readonly ['reach', number]
  | readonly ['observe-absent'];

function state(version: number): ObservedPullSecret {
  return { uid: 'u', resourceVersion: String(version), type: 'Opaque', ours: true, credentials: ['a'], digest: 'd' };
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

t.test('the digest depends on keys and values, not on their order', async (t) => {
  t.equal(digestOf({ a: '1', b: '2' }), digestOf({ b: '2', a: '1' }));
  t.not(digestOf({ a: '1', b: '2' }), digestOf({ a: '12', b: '' }));
  t.match(digestOf({}), /^[0-9a-f]{64}$/);
});
