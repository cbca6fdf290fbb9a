// A pull Secret under a former name: kept true and noted, gone after the grace, but never while Pods would be left with neither.
// And a Pod that lists one: it keeps it, and loses nothing else by it.
import t from 'tap';
import { decideImages, needsSurroundings, planInjection } from '../../src/core/injection.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { marksOf } from '../../src/core/rendering.ts';
import { readSubject, type Subject } from '../../src/core/subject.ts';
import type { ObservedPullSecret } from '../../src/core/surroundings.ts';
import { deletionDue, isRemoval, planChange, type Situation, type SyncSettings } from '../../src/core/sync-plan.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { credential, observed, renderingOf, SETTINGS } from './given.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2030, 0, 1);
const SYNC: SyncSettings = { ...SETTINGS, graceMs: 24 * HOUR };
const A = credential('a', ['a.io']);
const rendering = renderingOf([A]);
const without = renderingOf([credential('a', ['a.io'], { missing: ['a.io'] })]);

/** As it is after a write of ours, with the note of so long ago. */
function former(ago?: number, more: Partial<ObservedPullSecret> = {}): ObservedPullSecret {
  const unwantedSince = ago === undefined ? undefined : NOW - ago;
  return observed({
    credentials: ['a'],
    keys: new Set(['a.io']),
    entries: rendering.entries,
    digest: rendering.digest,
    marks: marksOf(SYNC, { credentials: ['a'] }, unwantedSince),
    unwantedSince,
    ...more,
  });
}

function situation(
  present: ObservedPullSecret | undefined,
  followed: boolean,
  more: Partial<Situation> = {},
): Situation {
  return { alive: true, takesPart: true, asked: false, present, rendering, former: { followed }, ...more };
}

t.test('what becomes of it', async (t) => {
  const stranger = former(30 * HOUR, { ours: false });
  const leaving = former(30 * HOUR, { leaving: true });
  const edited = former(HOUR, { digest: 'edited' });
  const none = renderingOf([]);
  const rows: readonly (readonly [
    because: string,
    present: ObservedPullSecret | undefined,
    followed: boolean,
    more: Partial<Situation>,
    expected: string,
  ])[] = [
    ['there is none', undefined, true, {}, 'nothing'],
    ['somebody asks, but not for that', undefined, false, { asked: true }, 'nothing'],
    ['seen for the first time', former(), true, {}, 'apply unwanted'],
    ['seen for the first time, and not followed yet', former(), false, {}, 'apply unwanted'],
    ['noted', former(HOUR), true, {}, 'nothing'],
    ['a login is rotated meanwhile', edited, true, {}, 'apply content'],
    ['the grace is over', former(24 * HOUR), true, {}, 'delete former-name'],
    ['the grace is over, but none follows it', former(30 * HOUR), false, {}, 'nothing'],
    ['none follows it, and a login is rotated', former(30 * HOUR, { digest: 'old' }), false, {}, 'apply content'],
    ['none can follow it without a login', former(30 * HOUR), false, { rendering: without }, 'nothing'],
    ['none is to follow it: opted out', former(30 * HOUR), false, { takesPart: false }, 'delete former-name'],
    ['opted out a while ago', former(HOUR), false, { takesPart: false }, 'nothing'],
    ['may use nothing any more', former(HOUR), true, { rendering: none }, 'apply content'],
    ['may use nothing, and the grace is over', former(30 * HOUR), false, { rendering: none }, 'delete former-name'],
    ['a stranger', stranger, true, {}, 'nothing'],
    ['a stranger, and nothing follows', stranger, false, {}, 'nothing'],
    ['the namespace is going', former(30 * HOUR), true, { alive: false }, 'nothing'],
    ['a finalizer holds it', leaving, true, {}, 'nothing'],
    ['of another type now', former(HOUR, { type: 'kubernetes.io/dockercfg' }), true, {}, 'replace type'],
    ['too large now', former(HOUR), true, { rendering: { ...rendering, content: undefined } }, 'nothing'],
  ];
  for (const [because, present, followed, more, expected] of rows) {
    const change = planChange(situation(present, followed, more), SYNC, NOW);
    t.equal(change === undefined ? 'nothing' : `${change.act} ${change.reason}`, expected, because);
  }
});

t.test('one change is enough, and the note stays the one of the first look', async (t) => {
  const first = planChange(situation(former(), true), SYNC, NOW);
  t.match(first, { wanted: { unwantedSince: NOW } });
  const later = situation(former(0), true);
  t.equal(planChange(later, SYNC, NOW), undefined);
  t.equal(planChange(later, SYNC, NOW + 24 * HOUR - 1), undefined);
  t.match(planChange(later, SYNC, NOW + 24 * HOUR), { act: 'delete', seen: { uid: 'u', resourceVersion: '1' } });
  t.equal(deletionDue(later, SYNC.graceMs, NOW), NOW + 24 * HOUR, 'when to look again');
  t.equal(
    deletionDue(situation(former(30 * HOUR), false), SYNC.graceMs, NOW),
    undefined,
    'not a matter of time any more',
  );
});

t.test('without a grace it is still not deleted before another follows', async (t) => {
  const settings = { ...SYNC, graceMs: 0 };
  t.match(planChange(situation(former(), false), settings, NOW), { act: 'apply', reason: 'unwanted' });
  t.match(planChange(situation(former(), true), settings, NOW), { act: 'delete', reason: 'former-name' });
});

t.test('to delete it is no removal that needs consent, to empty it is one', async (t) => {
  const removal = (present: ObservedPullSecret, more: Partial<Situation> = {}): boolean => {
    const change = planChange(situation(present, true, more), SYNC, NOW);
    if (change === undefined) throw new Error('nothing is planned');
    return isRemoval(change);
  };
  t.equal(removal(former(24 * HOUR)), false, 'deleted');
  t.equal(removal(former(HOUR), { rendering: renderingOf([]) }), true, 'emptied');
});

const policy = compilePolicy([A]);
const [NEW, OLD] = [SETTINGS.name, 'old'];

function subjectOf(kind: 'Pod' | 'Deployment', image: string, listed: readonly string[]): Subject {
  const spec = { containers: [{ image }], imagePullSecrets: listed.map((name) => ({ name })) };
  const object = kind === 'Pod' ? { spec } : { spec: { template: { spec } } };
  const review = { kind: { group: kind === 'Pod' ? '' : 'apps', kind }, operation: 'CREATE', object };
  const subject = readSubject(review, selectWorkloads(['Deployment']));
  if (typeof subject === 'string') throw new Error(subject);
  return subject;
}

t.test('an object that lists a former name gets the present one beside it', async (t) => {
  const rows = [
    ['Pod', 'a.io/app', [OLD], [], 'injected', [NEW]],
    ['Deployment', 'a.io/app', [OLD], ['sa'], 'injected', [NEW]],
    ['Pod', 'a.io/app', [OLD, NEW], [], 'already-listed', []],
    // Our entry alone had kept them away, whatever its name was then.
    ['Pod', 'a.io/app', [OLD], ['sa'], 'injected', [NEW, 'sa']],
    ['Pod', 'a.io/app', [OLD, NEW], ['sa', OLD], 'service-account-restored', ['sa']],
    ['Pod', 'nginx', [OLD], ['sa'], 'service-account-restored', ['sa']],
    ['Pod', 'a.io/app', [OLD, 'user'], ['sa'], 'injected', [NEW]],
  ] as const;
  for (const [kind, image, listed, account, reason, add] of rows) {
    const subject = subjectOf(kind, image, listed);
    const around = { serviceAccount: { pullSecrets: account, enforcesMountable: false }, pullSecret: undefined };
    const images = decideImages(subject.images, {}, policy);
    const { reason: found, add: added } = planInjection(subject, images, around, NEW, [OLD]);
    t.same([found, added], [reason, add], `${kind} ${image} ${listed} ${account}`);
    t.equal(needsSurroundings(subject, images, NEW, [OLD]), true);
  }
});
