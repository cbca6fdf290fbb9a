// What is kept of the logins, and how it comes back.
import t from 'tap';
import { decodeKept, encodeKept, type Kept, restore } from '../../src/credentials/kept.ts';
import { CANARY, leak } from '../config/canary.ts';
import { patternOf, selectorOf } from '../core/given.ts';

const LOGIN = { username: 'robot', password: 'fake' };
const KEPT: Kept = new Map([
  [
    'exec',
    {
      origin: 'configured',
      where: 'x',
      source: 'digest',
      logins: new Map([['r.io', { ...LOGIN, obtained: 1, expires: 2, key: 'r.io', asked: 'digest' }]]),
    },
  ],
  [
    'ghcr',
    {
      origin: 'secret',
      where: 'Secret ghcr',
      uid: 'ghcr-1',
      scope: { except: [patternOf('ghcr.io/public')], namespaces: selectorOf('team=payments,stage!=dev') },
      goneSince: 7,
      logins: new Map([['ghcr.io', LOGIN]]),
    },
  ],
  ['hub', { origin: 'docker-config', where: 'f', scope: { except: [] }, logins: new Map([['docker.io', LOGIN]]) }],
]);

t.test('what is written is read back, and equal content is equal text', async (t) => {
  const { kept, problems } = decodeKept(encodeKept(KEPT));
  t.strictSame([...kept].sort(), [...KEPT].sort());
  t.same(problems, []);
  const reversed = new Map([...KEPT].reverse());
  t.strictSame([...encodeKept(reversed)], [...encodeKept(KEPT)]);
});

t.test('a credential comes back as it was, or not at all', async (t) => {
  const ghcr = KEPT.get('ghcr');
  t.match(ghcr && restore('ghcr', ghcr), {
    credential: {
      name: 'ghcr',
      patterns: [{ pattern: { text: 'ghcr.io' }, hasLogin: true }],
      except: [{ text: 'ghcr.io/public' }],
    },
  });
  const exec = KEPT.get('exec');
  t.equal(exec && restore('exec', exec), undefined, 'what a configured one serves is said by the configuration');
});

t.test('what cannot be read is passed over, and never comes back wider than it was', async (t) => {
  const good = JSON.parse(encodeKept(KEPT).get('ghcr') ?? '');
  const texts = [
    CANARY,
    '[]',
    JSON.stringify({ ...good, logins: CANARY }),
    JSON.stringify({ ...good, origin: 'elsewhere' }),
    JSON.stringify({ ...good, where: 5 }),
    JSON.stringify({ ...good, scope: {} }),
    JSON.stringify({ ...good, scope: { except: ['https://x'] } }),
    JSON.stringify({ ...good, scope: { except: [], namespaces: { matchLabls: {} } } }),
    JSON.stringify({ ...good, scope: { except: [], namespaces: CANARY } }),
  ];
  for (const text of texts) {
    const { kept, problems } = decodeKept(new Map([['ghcr', text]]));
    t.equal(kept.size, 0, 'nothing comes back');
    t.equal(problems.length, 1);
    t.equal(leak(problems.join()) === undefined, true);
  }
  const odd = JSON.stringify({ ...good, logins: { 'ghcr.io': LOGIN, 'a.io': { username: 5 }, 'b.io': CANARY } });
  t.same(
    [
      ...(decodeKept(new Map([['ghcr', odd]]))
        .kept.get('ghcr')
        ?.logins.keys() ?? []),
    ],
    ['ghcr.io'],
  );
});

t.test(
  'what comes last is what can best be left out: Secrets and files before the rest, the largest first',
  async (t) => {
    const one = (origin: 'configured' | 'docker-config' | 'secret', size: number) => ({
      ...{ origin, where: 'x', scope: { except: [] } },
      logins: new Map([['r.io', { username: 'u', password: 'p'.repeat(size) }]]),
    });
    const kept = new Map([
      ['secret-large', one('secret', 500)],
      ['exec-large', one('configured', 900)],
      ['file', one('docker-config', 100)],
      ['secret', one('secret', 10)],
      ['exec', one('configured', 10)],
      ['b', one('configured', 10)],
    ]);
    const order = ['_refused', 'b', 'exec', 'exec-large', 'secret', 'file', 'secret-large'];
    t.same([...encodeKept(kept, new Set(['x'])).keys()], order);
  },
);

t.test('refused logins pass through beside the credentials, and are none', async (t) => {
  const texts = encodeKept(KEPT, new Set(['b', 'a']));
  t.equal(texts.get('_refused'), '["a","b"]');
  const { kept, refused, problems } = decodeKept(texts);
  t.same([...refused], ['a', 'b']);
  t.same([...kept.keys()].sort(), [...KEPT.keys()].sort());
  t.same(problems, []);
  t.strictSame([...encodeKept(kept, refused)], [...texts], 'and back');
  t.notOk(encodeKept(KEPT).has('_refused'), 'nothing is kept of nothing');
  for (const [text, expected] of [
    ['garbage', []],
    ['{"a":1}', []],
    ['["a",5,null]', ['a']],
    ['', []],
  ] as const) {
    const damaged = decodeKept(new Map([['_refused', text]]));
    t.same([[...damaged.refused], damaged.problems, damaged.kept.size], [expected, [], 0], text);
  }
});
