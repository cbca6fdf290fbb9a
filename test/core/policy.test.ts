// Which credential serves an image, by example.
import t from 'tap';
import type { Credential } from '../../src/core/credential.ts';
import { admits, authorityOf, compilePolicy } from '../../src/core/policy.ts';
import type { Labels } from '../../src/core/selector.ts';
import { credential, imageOf, patternOf } from './given.ts';

interface Row {
  readonly because: string;
  readonly credentials: readonly Credential[];
  readonly image: string;
  readonly namespace?: Readonly<Record<string, string>>;
  /** The name of the credential and its pattern, or the reason why there is none. */
  readonly answer: string;
}

const ROWS: readonly Row[] = [
  { because: 'no credential at all', credentials: [], image: 'nginx', answer: 'no-credential' },
  {
    because: 'the longest path wins, whatever the order',
    credentials: [credential('a', ['r.io']), credential('b', ['r.io/x']), credential('c', ['r.io/x/y'])],
    image: 'r.io/x/y/z',
    answer: 'c r.io/x/y',
  },
  {
    because: 'a path in a glob host beats a literal host',
    credentials: [credential('a', ['e.r.io']), credential('b', ['*.r.io/x'])],
    image: 'e.r.io/x/app',
    answer: 'b *.r.io/x',
  },
  {
    because: 'of equal paths more literal labels win',
    credentials: [credential('a', ['*.r.io']), credential('b', ['e.r.io'])],
    image: 'e.r.io/app',
    answer: 'b e.r.io',
  },
  {
    because: 'of equal patterns the first credential wins',
    credentials: [credential('b', ['r.io']), credential('a', ['r.io'])],
    image: 'r.io/app',
    answer: 'b r.io',
  },
  {
    because: 'a glob and a literal host take turns by rank, not by kind',
    credentials: [credential('a', ['*.r.io/x']), credential('b', ['e.r.io/x/y', 'e.r.io'])],
    image: 'e.r.io/x/y',
    answer: 'b e.r.io/x/y',
  },
  {
    because: 'what is excepted goes to the next best',
    credentials: [credential('a', ['r.io'], { except: ['r.io/public'] }), credential('b', ['*.r.io', 'r.io'])],
    image: 'r.io/public/app',
    answer: 'b r.io',
  },
  {
    because: 'or to nobody',
    credentials: [credential('a', ['r.io'], { except: ['r.io/public'] })],
    image: 'r.io/public/app',
    answer: 'excepted',
  },
  {
    because: "an except narrows its own credential's patterns only",
    credentials: [credential('a', ['x.io'], { except: ['r.io'] }), credential('b', ['r.io'])],
    image: 'r.io/app',
    answer: 'b r.io',
  },
  {
    because: 'a credential that is not for the namespace is passed over',
    credentials: [credential('a', ['r.io/x'], { namespaces: 'team=payments' }), credential('b', ['r.io'])],
    image: 'r.io/x/app',
    answer: 'b r.io',
  },
  {
    because: 'and serves where it is',
    credentials: [credential('a', ['r.io/x'], { namespaces: 'team=payments' }), credential('b', ['r.io'])],
    image: 'r.io/x/app',
    namespace: { team: 'payments' },
    answer: 'a r.io/x',
  },
  {
    because: 'only that one',
    credentials: [credential('a', ['r.io'], { namespaces: 'team=payments' })],
    image: 'r.io/app',
    answer: 'not-allowed',
  },
  {
    because: 'a pattern without a login is passed over',
    credentials: [credential('a', ['r.io/x', 'r.io'], { missing: ['r.io/x'] })],
    image: 'r.io/x/app',
    answer: 'a r.io',
  },
  {
    because: 'the nearest obstacle is told: a login, before the namespace, before an except',
    credentials: [
      credential('a', ['r.io'], { except: ['r.io'] }),
      credential('b', ['r.io'], { namespaces: 'x' }),
      credential('c', ['r.io'], { missing: ['r.io'] }),
    ],
    image: 'r.io/app',
    answer: 'no-login',
  },
  {
    because: 'the namespace before an except',
    credentials: [credential('a', ['r.io'], { except: ['r.io'] }), credential('b', ['r.io'], { namespaces: 'x' })],
    image: 'r.io/app',
    answer: 'not-allowed',
  },
];

t.test('which credential serves an image', async (t) => {
  for (const { because, credentials, image, namespace = {}, answer } of ROWS) {
    const choice = compilePolicy(credentials).choose(imageOf(image), namespace);
    const { reason } = choice;
    const text = reason === 'served' ? `${choice.candidate.credential.name} ${choice.candidate.pattern.text}` : reason;
    t.equal(text, answer, because);
  }
});

t.test('an image as it is written is chosen for alike, the first time and again', async (t) => {
  for (const { because, credentials, image, namespace = {} } of ROWS) {
    const policy = compilePolicy(credentials);
    const wanted = policy.choose(imageOf(image), namespace);
    for (let i = 0; i < 2; i++) t.same(policy.chooseFor(image, namespace), wanted, because);
  }
  const policy = compilePolicy([credential('a', ['r.io']), credential('b', ['r.io/app'], { namespaces: 'team' })]);
  const chosen = (image: string, namespace: Labels): unknown => {
    const choice = policy.chooseFor(image, namespace);
    return choice?.reason === 'served' ? choice.candidate.credential.name : choice?.reason;
  };
  t.equal(chosen('r.io/app', {}), 'a');
  t.equal(chosen('r.io/app', { team: 'x' }), 'b', 'what is remembered of an image is for every namespace');
  for (let i = 0; i < 2; i++) t.equal(policy.chooseFor('r.io/Not:An:Image', {}), undefined);
  for (let i = 0; i < 10_000; i++) policy.chooseFor(`r.io/app:${i}`, {});
  t.equal(chosen('r.io/app', {}), 'a', 'and after more images than are remembered');
});

t.test('a pattern is found by the first segment of its path, whichever way that is written', async (t) => {
  const patterns = ['r.io/team/app', 'r.io/team', 'r.io/*/app', 'r.io', 'r.io/t*', '*.r.io/team'];
  const policy = compilePolicy(patterns.map((pattern, i) => credential(`c${i}`, [pattern])));
  const chosen = (image: string): unknown => {
    const choice = policy.choose(imageOf(image), {});
    return choice.reason === 'served' ? choice.candidate.pattern.text : choice.reason;
  };
  t.equal(chosen('r.io/team/app'), 'r.io/team/app');
  t.equal(chosen('r.io/other/app'), 'r.io/*/app');
  t.equal(chosen('r.io/team/else'), 'r.io/team');
  t.equal(chosen('r.io/tools'), 'r.io/t*');
  t.equal(chosen('r.io/x'), 'r.io');
  t.equal(chosen('eu.r.io/team/x'), '*.r.io/team');
  t.equal(chosen('r.com/team'), 'no-credential');
});

t.test('what a namespace may use', async (t) => {
  const all = [credential('b', ['r.io']), credential('a', ['r.io'], { namespaces: 'team' })];
  const policy = compilePolicy(all);
  t.same(policy.credentials, all);
  t.same(
    policy.admitted({}).map(({ name }) => name),
    ['b'],
  );
  t.same(
    policy.admitted({ team: 'x' }).map(({ name }) => name),
    ['b', 'a'],
    'in the given order',
  );
  t.equal(all[1] && admits(all[1], {}), false);
});

t.test('the authority of a pattern', async (t) => {
  t.equal(authorityOf(patternOf('*.r.io:5000/x')), '*.r.io:5000');
  t.equal(authorityOf(patternOf('index.docker.io')), 'docker.io');
});
