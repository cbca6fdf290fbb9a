// When the kept logins are written, what is left out where there is no room, and what is said of it.
import t from 'tap';
import { createKeepLogins, type KeptSecret } from '../../src/sync/keep-logins.ts';

type Texts = Readonly<Record<string, string>>;
const mapOf = (texts: Texts): ReadonlyMap<string, string> => new Map(Object.entries(texts));

interface Given {
  readonly wanted?: Texts;
  /** What is in the Secret; absent: there is none. */
  readonly present?: Texts;
  readonly ours?: boolean;
}

/** A Secret that holds what was written last. */
function start({ wanted = {}, present, ours = true }: Given = {}) {
  let secret: KeptSecret | undefined = present && { ours, texts: mapOf(present) };
  let want = mapOf(wanted);
  let [mayWrite, failure]: [boolean, string | undefined] = [true, undefined];
  const writes: { readonly texts: Texts; readonly seen: KeptSecret | undefined }[] = [];
  const said: string[] = [];
  const newlyElected = () =>
    createKeepLogins<KeptSecret>({
      wanted: () => want,
      present: () => secret,
      mayWrite: () => mayWrite,
      async write(texts, seen) {
        writes.push({ texts: Object.fromEntries(texts), seen });
        if (failure !== undefined) return { failed: failure };
        secret = { ours: true, texts };
        return {};
      },
      report: (outcome) =>
        void said.push('problem' in outcome ? `${outcome.outcome}: ${outcome.problem}` : outcome.outcome),
    });
  return {
    keep: newlyElected(),
    newlyElected,
    writes,
    said,
    secret: () => secret,
    want: (texts: Texts) => {
      want = mapOf(texts);
    },
    resign: () => {
      mayWrite = false;
    },
    fail: (why: string | undefined) => {
      failure = why;
    },
  };
}

const A = { a: 'login of a' };
const AB = { ...A, b: 'login of b' };

t.test('it writes what differs, and nothing the second time', async (t) => {
  const rows: readonly (readonly [because: string, given: Given, written: Texts | undefined])[] = [
    ['nothing to keep, and nothing there', {}, undefined],
    ['the first', { wanted: A }, A],
    ['all is there', { wanted: AB, present: { b: AB.b, a: AB.a } }, undefined],
    ['a further one', { wanted: AB, present: A }, AB],
    ['one changed', { wanted: A, present: { a: 'an older login' } }, A],
    ['one is gone', { wanted: A, present: AB }, A],
    ['another name for the same', { wanted: A, present: { b: A.a } }, A],
    ['all are gone', { present: A }, {}],
    ['somebody put one in', { wanted: A, present: { ...A, intruder: 'x' } }, A],
    ['an empty one is as good as none', { present: {} }, undefined],
  ];
  for (const [because, given, written] of rows) {
    const { keep, writes, said, secret } = start(given);
    const before = secret();
    await keep();
    await keep();
    t.same(writes, written === undefined ? [] : [{ texts: written, seen: before }], because);
    t.same(said, written === undefined ? [] : ['kept'], because);
  }
});

t.test('whoever is not elected writes nothing and says nothing', async (t) => {
  for (const given of [{ wanted: A }, { wanted: A, present: AB }, { wanted: A, present: {}, ours: false }]) {
    const { keep, writes, said, resign } = start(given);
    resign();
    await keep();
    t.same([writes, said], [[], []], JSON.stringify(given));
  }
});

t.test('a stranger in its place is never written', async (t) => {
  for (const wanted of [A, {}]) {
    const { keep, writes, said } = start({ wanted, present: { mine: 'not yours' }, ours: false });
    await keep();
    t.same(writes, []);
    t.same(said, ['foreign: a Secret of that name is there that is not ours, rename or delete it']);
  }
});

t.test('a write that failed is said and tried again', async (t) => {
  const { keep, writes, said, fail } = start({ wanted: A });
  fail('it was changed at the same time');
  await keep();
  await keep();
  fail(undefined);
  await keep();
  await keep();
  t.equal(writes.length, 3);
  const failed = 'failed: it was changed at the same time';
  t.same(said, [failed, failed, 'kept']);
});

const KIB = 1_024;
/** Names c0, c1 and so on, each with its text of so many KiB. */
const large = (...sizes: readonly number[]): Texts =>
  Object.fromEntries(sizes.map((kib, i) => [`c${i}`, 'x'.repeat(kib * KIB - `c${i}`.length)]));

t.test('where there is no room for all, the last are left out and the others kept', async (t) => {
  const rows: readonly (readonly [because: string, wanted: Texts, kept: readonly string[]])[] = [
    ['exactly full', large(450, 450), ['c0', 'c1']],
    ['a byte too much', { ...large(450, 450), x: '' }, ['c0', 'c1']],
    ['the last is small', large(450, 440, 20), ['c0', 'c1']],
    ['several', large(100, 500, 400, 300), ['c0', 'c1']],
    ['one alone is too large', large(901), []],
    ['names and bytes count, not characters', { ['n'.repeat(KIB)]: 'ü'.repeat(450 * KIB - 1) }, []],
    ['so many bytes fit', { ['n'.repeat(KIB)]: 'ü'.repeat(449.5 * KIB) }, ['n'.repeat(KIB)]],
  ];
  for (const [because, wanted, kept] of rows) {
    const { keep, secret, said } = start({ wanted, present: {} });
    await keep();
    t.same([...(secret()?.texts.keys() ?? [])], kept, because);
    const leftOut = Object.keys(wanted).filter((name) => !kept.includes(name));
    t.equal(
      said.some((line) => line.startsWith('too-large')),
      leftOut.length > 0,
      because,
    );
    for (const name of leftOut) t.ok(said.join().includes(name), `${because}: which is named`);
  }
});

t.test('what is left out is said when that changes, and by whoever is elected anew', async (t) => {
  const { keep, newlyElected, want, said, writes } = start({ wanted: large(500, 500) });
  const tooLarge = (names: string): string =>
    `too-large: there is no room for ${names}, which a restart would forget, the others are kept`;
  await keep();
  await keep();
  t.same(said.splice(0), [tooLarge('c1')]);
  await newlyElected()();
  t.same(said.splice(0), [tooLarge('c1')]);
  t.equal(writes.length, 1, 'for which nothing is written');
  want(large(500, 500, 1));
  await keep();
  t.same(said.splice(0), [tooLarge('c2, c1')]);
  want(large(500));
  await keep();
  want(large(400));
  await keep();
  t.same(said.splice(0), ['kept'], 'and that there is room again with the next write');
});

t.test('many that are left out are counted, not listed', async (t) => {
  const { keep, said } = start({ wanted: large(...Array.from({ length: 925 }, () => 1)) });
  await keep();
  t.match(said, [/^too-large: there is no room for c924, .*, c905 and 5 more, which/]);
});

t.test('one that lost our mark is a stranger, also if it holds the same', async (t) => {
  const texts = new Map([['a', 'login']]);
  const said: string[] = [];
  const keep = createKeepLogins({
    wanted: () => texts,
    present: () => ({ ours: false, texts }),
    mayWrite: () => true,
    write: async () => ({}),
    report: ({ outcome }) => void said.push(outcome),
  });
  await keep();
  t.same(said, ['foreign']);
});
