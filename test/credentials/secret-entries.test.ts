// Labelled Secrets that are deleted and made again: a good one takes over, a bad one saves nothing.
import t from 'tap';
import type { Kept } from '../../src/credentials/kept.ts';
import { DELETED_GRACE_MS, keepSecretEntries } from '../../src/credentials/secret-entries.ts';
import { patternOf } from '../core/given.ts';
import { manualTime } from '../sync/manual-time.ts';

const MINUTE = 60_000;
const BAD = { 'pullpass.dev/mach': 'x' };

function secret(password: string, uid: string, annotations: Readonly<Record<string, string>> = {}) {
  const data = JSON.stringify({ auths: { 'r.acme.io': { username: 'u', password } } });
  return { name: 'acme', uid, type: 'kubernetes.io/dockerconfigjson', annotations, data };
}

function open() {
  const time = manualTime();
  const secrets = keepSecretEntries({ requireNamespaces: false, ...time, changed: () => undefined });
  return {
    ...secrets,
    time,
    password: () => secrets.entries.get('acme')?.loaded?.logins.get('r.acme.io')?.password,
    problems: () => secrets.entries.get('acme')?.problems.length ?? 0,
  };
}

/** What is kept of a Secret. */
function keptOf(uid: string | undefined, goneSince?: number): Kept {
  const logins = new Map([['r.acme.io', { username: 'u', password: 'old' }]]);
  const scope = { except: [patternOf('r.acme.io/public')] };
  const of = { ...(uid !== undefined && { uid }), ...(goneSince !== undefined && { goneSince }) };
  return new Map([['acme', { origin: 'secret', where: 'Secret acme', scope, ...of, logins }]]);
}

t.test('made again badly, it keeps the old login for the rest of the five minutes and no longer', async (t) => {
  const { upsert, remove, time, password, problems, entries } = open();
  upsert(secret('old', 'one'));
  remove('acme');
  await time.pass(MINUTE);
  upsert(secret('new', 'two', BAD));
  t.equal(password(), 'old');
  t.equal(problems(), 1, 'what is wrong with it is said meanwhile');
  await time.pass(MINUTE);
  remove('acme');
  upsert(secret('new', 'three', BAD));
  await time.pass(DELETED_GRACE_MS - 2 * MINUTE - 1);
  t.equal(password(), 'old');
  await time.pass(1);
  t.equal(password(), undefined, 'gone, counted from the first deletion');
  t.equal(problems(), 1, 'and the bad one is still told');
  t.equal(entries.get('acme')?.goneSince, undefined);
  upsert(secret('mended', 'three'));
  t.equal(password(), 'mended');
  await time.pass(2 * DELETED_GRACE_MS);
  t.equal(password(), 'mended', 'a good one stays');
});

t.test('made again well, it stays, whatever happens to it then', async (t) => {
  const { upsert, remove, time, password } = open();
  upsert(secret('old', 'one'));
  remove('acme');
  upsert(secret('new', 'two', BAD));
  upsert(secret('new', 'two'));
  upsert(secret('newer', 'two', BAD));
  await time.pass(2 * DELETED_GRACE_MS);
  t.equal(password(), 'new', 'a bad version of the same Secret takes nothing away');
});

t.test('another uid is another Secret, although nobody saw the first one go', async (t) => {
  const { upsert, time, password, entries } = open();
  upsert(secret('old', 'one'));
  upsert(secret('new', 'two', BAD));
  t.equal(entries.get('acme')?.goneSince, time.now());
  await time.pass(DELETED_GRACE_MS - 1);
  t.equal(password(), 'old');
  await time.pass(1);
  t.equal(password(), undefined);
  upsert(secret('other', 'three'));
  upsert(secret('good', 'four'));
  await time.pass(2 * DELETED_GRACE_MS);
  t.equal(password(), 'good');
});

t.test('after a restart the five minutes go on, also if a bad one is there', async (t) => {
  for (const [because, kept, present, pass, expected] of [
    ['deleted, and nothing there', keptOf('one', 1_000_000 - MINUTE), undefined, 4 * MINUTE, undefined],
    ['deleted, and made badly', keptOf('one', 1_000_000 - MINUTE), 'two', 4 * MINUTE, undefined],
    ['deleted, and made badly, not yet', keptOf('one', 1_000_000 - MINUTE), 'two', 4 * MINUTE - 1, 'old'],
    ['deleted, and nobody knows which', keptOf(undefined, 1_000_000 - MINUTE), 'two', 4 * MINUTE, undefined],
    ['replaced meanwhile', keptOf('one'), 'two', DELETED_GRACE_MS, undefined],
    ['replaced meanwhile, not yet', keptOf('one'), 'two', DELETED_GRACE_MS - 1, 'old'],
    ['the same in a bad version', keptOf('one'), 'one', 5 * DELETED_GRACE_MS, 'old'],
  ] as const) {
    const { upsert, restore, time, password } = open();
    if (present !== undefined) upsert(secret('new', present, BAD));
    restore(kept);
    t.equal(password(), 'old', because);
    await time.pass(pass);
    t.equal(password(), expected, because);
  }
});
