// The keys of a pull Secret by example, to be read beside docs/kubelet-keys.md: what is configured, and what stands in the
// Secret. That the kubelet then tries the chosen login first is the differential test's part.
import t from 'tap';
import type { Credential } from '../../src/core/credential.ts';
import { planKeys } from '../../src/core/key-plan.ts';
import { credential } from './given.ts';

interface Row {
  readonly because: string;
  readonly credentials: readonly Credential[];
  /** `key -> credential` */
  readonly keys: readonly string[];
}

const ROWS: readonly Row[] = [
  { because: 'a host is its key', credentials: [credential('a', ['r.io'])], keys: ['r.io -> a'] },
  { because: 'below a path', credentials: [credential('a', ['r.io/x/'])], keys: ['r.io/x/ -> a'] },
  {
    because: 'a path and what is below: one prefix',
    credentials: [credential('a', ['r.io/x'])],
    keys: ['r.io/x -> a'],
  },
  {
    because: 'a more specific path is a longer key',
    credentials: [credential('a', ['r.io']), credential('b', ['r.io/x/'])],
    keys: ['r.io -> a', 'r.io/x/ -> b'],
  },
  {
    because: 'what a shorter key gives already is not repeated',
    credentials: [credential('a', ['r.io']), credential('b', ['r.io/x/', 'r.io/x/y/'])],
    keys: ['r.io -> a', 'r.io/x/ -> b', 'r.io/x/y/ -> b'],
  },
  {
    because: 'of equal patterns the first credential has the key',
    credentials: [credential('b', ['r.io']), credential('a', ['r.io'])],
    keys: ['r.io -> b'],
  },
  {
    because: 'a pattern without a login has no key, and the next best takes its place',
    credentials: [credential('a', ['r.io/x'], { missing: ['r.io/x'] }), credential('b', ['r.io'])],
    keys: ['r.io -> b'],
  },
  {
    because: 'the overlap of two globs has keys of its own; the earlier credential wins there',
    credentials: [credential('a', ['a*.r.io']), credential('b', ['*b.r.io'])],
    keys: ['*b.r.io -> b', 'a**.r.io -> a', 'a*b.r.io -> a'],
  },
  {
    because: 'head and tail share a letter: a literal more',
    credentials: [credential('a', ['ab*.r.io']), credential('b', ['*bc.r.io'])],
    keys: ['*bc.r.io -> b', 'ab**.r.io -> a', 'ab*bc.r.io -> a', 'abc.r.io -> a'],
  },
  {
    because: 'a literal host knows everything that the globs over it know',
    credentials: [credential('a', ['*.r.io/x/']), credential('b', ['e.r.io'])],
    keys: ['*.r.io/x/ -> a', 'e.r.io -> b', 'e.r.io/x/ -> a'],
  },
  {
    because: 'stars are added where the spelling would sort a wider glob first',
    credentials: [credential('b', ['*ab.r.io']), credential('a', ['*b.r.io'])],
    keys: ['**b.r.io -> a', '*ab.r.io -> b'],
  },
  {
    because: 'other ports, lengths and ends cannot match the same host',
    credentials: [credential('a', ['*.r.io', '*.r.io:5000']), credential('b', ['*.*.r.io', '*.r.de'])],
    keys: ['*.*.r.io -> b', '*.r.de -> b', '*.r.io -> a', '*.r.io:5000 -> a'],
  },
  {
    because: 'the kubelet cuts a leading v1 or v2 off a key, so one is put before it',
    credentials: [credential('a', ['r.io/v1/']), credential('b', ['r.io/v2/x/']), credential('c', ['r.io/v1x/'])],
    keys: ['r.io/v1x/ -> c', 'r.io/v2/v1/ -> a', 'r.io/v2/v2/x/ -> b'],
  },
  {
    because: 'a path glob reaches up to the glob: wider, or the image would have no login',
    credentials: [credential('a', ['r.io/team-*'])],
    keys: ['r.io/team- -> a'],
  },
  {
    because: 'nothing before the glob: the whole host',
    credentials: [credential('a', ['r.io/*/app'])],
    keys: ['r.io -> a'],
  },
  {
    because: 'the path itself and what is below it may have different owners',
    credentials: [credential('a', ['r.io/*/']), credential('b', ['r.io/x'])],
    keys: ['r.io -> a', 'r.io/x -> b', 'r.io/x/ -> a'],
  },
  {
    because: 'an except has no key of its own',
    credentials: [credential('a', ['r.io'], { except: ['r.io/public'] })],
    keys: ['r.io -> a'],
  },
  {
    because: 'unless another credential serves what is excepted',
    credentials: [credential('a', ['r.io/x/'], { except: ['r.io/x/y/'] }), credential('b', ['r.io'])],
    keys: ['r.io -> b', 'r.io/x/ -> a', 'r.io/x/y/ -> b'],
  },
  { because: 'Docker Hub by its name', credentials: [credential('a', ['index.docker.io'])], keys: ['docker.io -> a'] },
  { because: 'an address in brackets', credentials: [credential('a', ['[::1]:5000'])], keys: ['[::1]:5000 -> a'] },
  { because: 'nothing', credentials: [], keys: [] },
];

t.test('what stands in the Secret', async (t) => {
  for (const { because, credentials, keys } of ROWS) {
    const planned = planKeys(credentials)?.map(({ key, candidate }) => `${key} -> ${candidate.credential.name}`);
    t.same(planned, keys, because);
  }
});

t.test('the plan is sorted, and the same whatever the order of patterns that exclude each other', async (t) => {
  const texts = ['r.io/x/', 'a.r.io', '*.e.io', 'z.io/v1/'];
  const forth = planKeys([credential('a', texts)])?.map(({ key }) => key);
  const back = planKeys([credential('a', texts.toReversed())])?.map(({ key }) => key);
  t.same(forth, back);
  t.same(forth, forth?.toSorted());
});

t.test('too many overlaps are refused, not truncated', async (t) => {
  const globs = Array.from({ length: 60 }, (_, i) => [`${'a'.repeat(i)}*.r.io`, `*${'b'.repeat(i + 1)}.r.io`]).flat();
  t.equal(planKeys([credential('a', globs)]), undefined);
});
