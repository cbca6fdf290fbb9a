// The change that makes one pull Secret true. The rows are the table at the head of the planner; the properties say that one
// change is always enough, that strangers stay as they are and that nothing is taken away too early. The model of the API
// server goes through the real projection, so that marks and digests are the real ones.
import fc from 'fast-check';
import t from 'tap';
import type { ApiObject } from '../../src/cluster/api-object.ts';
import { digestOf, newProjection } from '../../src/cluster/pull-secret-projection.ts';
import type { Credential } from '../../src/core/credential.ts';
import { ANNOTATION_UNWANTED_SINCE, FIELD_MANAGER } from '../../src/core/names.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { type PullSecretType, pullSecretMetadata, readEntries, withCarried } from '../../src/core/pull-secret.ts';
import { compileRenderings, encodeData, type Rendering } from '../../src/core/rendering.ts';
import {
  type Change,
  isRemoval,
  planChange,
  type Situation,
  type SyncSettings,
  type Wanted,
} from '../../src/core/sync-plan.ts';
import { credential, SETTINGS as PLAIN } from './given.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2030, 0, 1);
const SETTINGS: SyncSettings = { ...PLAIN, annotations: { note: 'x' }, graceMs: 24 * HOUR };
const project = newProjection(SETTINGS.instance);

function render(credentials: readonly Credential[], settings: SyncSettings = SETTINGS, password = 'fake-1'): Rendering {
  const policy = compilePolicy(credentials);
  return compileRenderings(policy, (name) => ({ username: name, password }), settings, digestOf).of({});
}

/** What the API server makes of an apply of ours: what we own and apply no more goes, what others own stays. */
function apply(
  before: ApiObject | undefined,
  wanted: Rendering,
  settings: SyncSettings,
  since?: number,
  {
    carried,
    credentials,
    from = before,
  }: Partial<Pick<Wanted, 'carried' | 'credentials'>> & { from?: ApiObject | undefined } = {},
): ApiObject {
  const { content } = wanted;
  if (content === undefined) throw new Error('nothing to write');
  const ours = pullSecretMetadata(settings, { credentials: credentials ?? content.credentials }, since);
  const value = carried?.length ? (withCarried(content, valueIn(from), carried) ?? '') : content.value;
  const owned = before?.metadata?.managedFields?.find(({ manager }) => manager === FIELD_MANAGER)?.fieldsV1?.[
    'f:metadata'
  ];
  const kept = (kind: 'labels' | 'annotations') =>
    Object.fromEntries(
      Object.entries(before?.metadata?.[kind] ?? {}).filter(
        ([key]) => !Object.hasOwn(owned?.[`f:${kind}`] ?? {}, `f:${key}`),
      ),
    );
  const fields = (map: object) => Object.fromEntries(Object.keys(map).map((key) => [`f:${key}`, {}]));
  return {
    metadata: {
      name: settings.name,
      namespace: 'shop',
      uid: before?.metadata?.uid ?? 'new',
      resourceVersion: String(Number(before?.metadata?.resourceVersion ?? 1) + 1),
      labels: { ...kept('labels'), ...ours.labels },
      annotations: { ...kept('annotations'), ...ours.annotations },
      ...(before?.metadata?.deletionTimestamp && { deletionTimestamp: before.metadata.deletionTimestamp }),
      managedFields: [
        {
          manager: FIELD_MANAGER,
          operation: 'Apply',
          fieldsV1: { 'f:metadata': { 'f:labels': fields(ours.labels), 'f:annotations': fields(ours.annotations) } },
        },
      ],
    },
    type: content.type,
    data: { ...before?.data, [content.dataKey]: encodeData(value) },
  };
}

/** The docker config in an object of either type. */
function valueIn(object: ApiObject | undefined): string {
  const key = object?.type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson';
  return Buffer.from(object?.data?.[key] ?? '', 'base64').toString();
}

/** Carries a change out on the model. */
function carryOut(before: ApiObject | undefined, change: Change, settings: SyncSettings): ApiObject | undefined {
  if (change.act === 'refuse') return before;
  if (change.act === 'delete') return undefined;
  const { rendering, unwantedSince } = change.wanted;
  if (change.act === 'replace')
    return apply(undefined, rendering, settings, unwantedSince, { ...change.wanted, from: before });
  if (before?.type !== undefined && before.type !== rendering.content?.type) throw new Error('the type is immutable');
  const after = apply(before, rendering, settings, unwantedSince, change.wanted);
  if (before?.immutable !== true) return after;
  if (JSON.stringify(after.data) !== JSON.stringify(before.data)) throw new Error('it is immutable');
  return { ...after, immutable: true };
}

const A = credential('a', ['a.io']);
const B = credential('b', ['b.io']);
const B_WITHOUT = credential('b', ['b.io'], { missing: ['b.io'] });
const A_WITHOUT = credential('a', ['a.io'], { missing: ['a.io'] });
const SAME_WITHOUT = credential('z', ['a.io'], { missing: ['a.io'] });
const GLOBS = Array.from({ length: 60 }, (_, i) => [`${'a'.repeat(i)}*.r.io`, `*${'b'.repeat(i + 1)}.r.io`]).flat();
const TOO_MUCH = credential('c', GLOBS);

const good = apply(undefined, render([A]), SETTINGS);
const foreign: ApiObject = {
  metadata: { name: SETTINGS.name, uid: 'f', resourceVersion: '1' },
  type: 'Opaque',
  data: { x: 'eA==' },
};
const edited: ApiObject = { ...good, data: { '.dockerconfigjson': 'e30=' } };
const unnamed: ApiObject = {
  ...good,
  metadata: { ...good.metadata, annotations: { ...good.metadata?.annotations, 'pullpass.dev/credentials': '' } },
};
const broken: ApiObject = { ...good, data: { '.dockerconfigjson': encodeData('{"auths":{"a.io":{"auth":"%%%"}}}') } };
const noted = (ago: number): ApiObject => apply(good, render([A]), SETTINGS, NOW - ago);

t.test('the table', async (t) => {
  const rows: readonly (readonly [
    because: string,
    present: ApiObject | undefined,
    admitted: readonly Credential[],
    more: Partial<Situation> & Partial<SyncSettings>,
    change: string,
  ])[] = [
    ['nobody asks', undefined, [A], {}, 'nothing'],
    ['somebody asks', undefined, [A], { asked: true }, 'apply missing'],
    ['asked, but there is no login', undefined, [B_WITHOUT], { asked: true }, 'nothing'],
    ['asked, but it may use nothing', undefined, [], { asked: true }, 'nothing'],
    ['asked, but it takes no part', undefined, [A], { asked: true, takesPart: false }, 'nothing'],
    ['the namespace is going', edited, [A], { alive: false }, 'nothing'],
    ['all is well', good, [A], {}, 'nothing'],
    ['a stranger is in the way', foreign, [A], {}, 'refuse foreign'],
    ['a stranger is in nobody’s way', foreign, [], {}, 'nothing'],
    ['a stranger where nobody takes part', foreign, [A], { takesPart: false }, 'nothing'],
    ['too large', good, [TOO_MUCH], {}, 'refuse too-large'],
    ['too large and not there', undefined, [TOO_MUCH], { asked: true }, 'nothing'],
    ['edited', edited, [A], {}, 'apply content'],
    ['a further credential', good, [A, B], {}, 'apply content'],
    ['a further one without a login', good, [A, B_WITHOUT], {}, 'nothing'],
    ['its login went missing', apply(good, render([A, B]), SETTINGS), [A, B_WITHOUT], {}, 'nothing'],
    [
      'one goes while the login of another is missing',
      apply(good, render([A, B]), SETTINGS),
      [B_WITHOUT],
      {},
      'apply content',
    ],
    ['of another that may not be used here any more', good, [SAME_WITHOUT], {}, 'apply content'],
    ['its key under a blank annotation', unnamed, [A_WITHOUT], {}, 'apply marks'],
    ['an entry that the kubelet cannot read', broken, [A_WITHOUT], {}, 'apply content'],
    [
      'opted out while a login is missing',
      apply(good, render([A, B]), SETTINGS),
      [A, B_WITHOUT],
      { takesPart: false },
      'apply unwanted',
    ],
    ['an annotation of the user changed', good, [A], { annotations: { note: 'y' } }, 'apply marks'],
    ['an annotation of the user went', good, [A], { annotations: {} }, 'apply marks'],
    ['of the other type', good, [A], { type: 'kubernetes.io/dockercfg' }, 'replace type'],
    ['immutable', { ...good, immutable: true }, [A], {}, 'replace immutable'],
    [
      'a finalizer holds it',
      { ...edited, immutable: true, metadata: { ...good.metadata, deletionTimestamp: 'x' } },
      [A],
      {},
      'nothing',
    ],
    ['takes part no more', good, [A], { takesPart: false }, 'apply unwanted'],
    ['takes part no more, no grace', good, [A], { takesPart: false, graceMs: 0 }, 'delete not-enabled'],
    ['noted a while ago', noted(HOUR), [A], { takesPart: false }, 'nothing'],
    [
      'noted, and rotated meanwhile',
      { ...noted(HOUR), data: edited.data ?? {} },
      [A],
      { takesPart: false },
      'apply content',
    ],
    ['noted, and nearly over', noted(23 * HOUR), [A], { takesPart: false }, 'nothing'],
    ['the grace is over', noted(25 * HOUR), [A], { takesPart: false }, 'delete not-enabled'],
    ['wanted again', noted(HOUR), [A], {}, 'apply unwanted'],
    ['a note of the future', noted(-HOUR), [A], { takesPart: false }, 'apply unwanted'],
    ['may use nothing any more', good, [], {}, 'apply content'],
    ['and the grace is over', apply(good, render([]), SETTINGS, NOW - 25 * HOUR), [], {}, 'delete nothing-admitted'],
  ];
  for (const [because, present, admitted, more, expected] of rows) {
    const settings = { ...SETTINGS, ...more };
    const change = planChange(situationOf(present, render(admitted, settings), more), settings, NOW);
    t.equal(change === undefined ? 'nothing' : `${change.act} ${change.reason}`, expected, because);
  }
});

function situationOf(present: ApiObject | undefined, rendering: Rendering, more: Partial<Situation> = {}): Situation {
  const { alive = true, takesPart = true, asked = false } = more;
  return { alive, takesPart, asked, present: present && project(present), rendering };
}

t.test('a credential that has a login never gets an old one back', async (t) => {
  const a = credential('a', ['ghcr.io']);
  const b = (missing: readonly string[]) =>
    credential('b', ['ghcr.io/acme'], { except: ['ghcr.io/acme/x'], missing: [...missing] });
  const present = apply(undefined, render([a, b([])]), SETTINGS);
  const rotated = render([a, b(['ghcr.io/acme'])], SETTINGS, 'fake-2');
  const change = planChange(situationOf(present, rotated), SETTINGS, NOW);
  t.match(change, { act: 'apply', reason: 'content', wanted: { carried: ['ghcr.io/acme'], credentials: ['a', 'b'] } });
  const after = change === undefined ? present : carryOut(present, change, SETTINGS);
  const held = readEntries(valueIn(after));
  t.same([...held.keys()].sort(), ['ghcr.io', 'ghcr.io/acme']);
  t.match(held.get('ghcr.io'), { password: 'fake-2' });
});

t.test('what counts as a removal', async (t) => {
  const emptied = planChange(situationOf(good, render([])), SETTINGS, NOW);
  const rotated = planChange(situationOf(good, render([A], SETTINGS, 'fake-2')), SETTINGS, NOW);
  t.equal(emptied && isRemoval(emptied), true, 'emptied');
  t.equal(rotated && isRemoval(rotated), false, 'rotated');
});

const sortedEntries = (entries: ReadonlyMap<string, string>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** Worked out anew: what is rendered, and of what is there the entries whose login is missing just now. */
function wantedEntries(rendering: Rendering, before: ApiObject | undefined) {
  const seen = before && project(before);
  const names = seen?.credentials ?? [];
  const admitted = rendering.admitted.map(({ name }) => name);
  const kept = [...(seen?.entries ?? [])].filter(([key, digest]) => {
    const owner = rendering.lacking.get(key);
    return (
      owner !== undefined && digest !== '' && (names.includes(owner) || names.every((name) => admitted.includes(name)))
    );
  });
  return sortedEntries(new Map([...rendering.entries, ...kept]));
}

const credentials = fc.subarray([A, B, credential('c', ['a.io/x/', 'c.io'])]);
const lacking = fc.subarray(['a.io', 'b.io', 'c.io']);
const settingsOf = fc.record({
  type: fc.constantFrom<PullSecretType>('kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'),
  annotations: fc.dictionary(fc.constantFrom('note', 'other'), fc.constantFrom('x', 'y')),
  graceMs: fc.constantFrom(0, HOUR, 24 * HOUR),
});
const wanted = fc.record({
  credentials,
  lacking,
  settings: settingsOf,
  password: fc.constantFrom('fake-1', 'fake-2'),
  alive: fc.constantFrom(true, true, true, false),
  takesPart: fc.boolean(),
  asked: fc.boolean(),
  later: fc.constantFrom(0, HOUR, 25 * HOUR),
});
type Step = typeof wanted extends fc.Arbitrary<infer T> ? T : never;
const vandalism = fc.constantFrom('none', 'edit', 'deface', 'immutable', 'stranger', 'delete', 'note', 'opaque');

function withoutLogins(credentials: readonly Credential[], lacking: readonly string[]): readonly Credential[] {
  return credentials.map((one) => ({
    ...one,
    patterns: one.patterns.map(({ pattern }) => ({ pattern, hasLogin: !lacking.includes(pattern.text) })),
  }));
}

function vandalise(object: ApiObject | undefined, how: string): ApiObject | undefined {
  if (how === 'stranger') return { ...foreign, metadata: { ...foreign.metadata, resourceVersion: '5' } };
  if (object === undefined || how === 'none') return object;
  if (how === 'delete') return undefined;
  if (how === 'edit') return { ...object, data: { ...object.data, '.dockerconfigjson': 'e30=', extra: 'eA==' } };
  if (how === 'immutable') return { ...object, immutable: true };
  if (how === 'opaque') return { ...object, type: 'Opaque' };
  const annotations = how === 'note' ? { [ANNOTATION_UNWANTED_SINCE]: 'yesterday' } : { note: 'defaced', theirs: 'z' };
  // Somebody else who writes a value owns it from then on.
  const disowned = object.metadata?.managedFields?.map((entry) => {
    const owned = { ...entry.fieldsV1?.['f:metadata']?.['f:annotations'] } as Record<string, unknown>;
    for (const key of Object.keys(annotations)) delete owned[`f:${key}`];
    const labels = entry.fieldsV1?.['f:metadata']?.['f:labels'] ?? {};
    return { ...entry, fieldsV1: { 'f:metadata': { 'f:labels': labels, 'f:annotations': owned } } };
  });
  const metadata = { ...object.metadata, annotations: { ...object.metadata?.annotations, ...annotations } };
  return { ...object, metadata: { ...metadata, ...(disowned && { managedFields: disowned }) } };
}

t.test('for every walk of changes: one change each time is enough, and nothing is lost on the way', async (t) => {
  const seed = Number(process.env.PULLPASS_SEED ?? Date.now() % 1_000_000);
  t.comment(`seed ${seed}`);
  let written = 0;
  const property = fc.property(fc.array(fc.tuple(wanted, vandalism), { minLength: 1, maxLength: 8 }), (steps) => {
    let object: ApiObject | undefined;
    let now = NOW;
    for (const [step, how] of steps) {
      object = vandalise(object, how);
      now += step.later;
      object = check(object, step, now);
    }
  });

  function check(before: ApiObject | undefined, step: Step, now: number): ApiObject | undefined {
    const settings: SyncSettings = { ...SETTINGS, ...step.settings };
    const rendering = render(withoutLogins(step.credentials, step.lacking), settings, step.password);
    const change = planChange(situationOf(before, rendering, step), settings, now);
    const seen = before && project(before);
    if (change === undefined && seen?.ours && step.alive && step.takesPart && step.credentials.length > 0) {
      const { digest, type, marks, immutable, unwantedSince } = seen;
      const right = { entries: wantedEntries(rendering, before), type: settings.type };
      t.strictSame(
        { entries: sortedEntries(seen.entries), type, immutable, unwantedSince },
        { ...right, immutable: false, unwantedSince: undefined },
      );
      if (rendering.lacking.size === 0)
        t.strictSame({ digest, marks }, { digest: rendering.digest, marks: rendering.marks });
    }
    if (change === undefined || change.act === 'refuse') return before;
    written += 1;
    if (seen !== undefined && !seen.ours) throw new Error('a stranger was touched');
    const after = carryOut(before, change, settings);
    const again = planChange(situationOf(after, rendering, { ...step, asked: true }), settings, now);
    if (change.act !== 'delete' && again !== undefined) throw new Error(`again: ${again.act} ${again.reason}`);
    if (change.act === 'delete') {
      const noted = seen?.unwantedSince ?? now;
      if (settings.graceMs > 0 && now - noted < settings.graceMs) throw new Error('deleted before the grace was over');
      return undefined;
    }
    const held = after && project(after);
    t.strictSame(sortedEntries(held?.entries ?? new Map()), wantedEntries(rendering, before));
    if (held?.type !== settings.type) throw new Error('not of the type that is wanted');
    for (const [key, digest] of seen?.entries ?? []) {
      const isKept = wantedEntries(rendering, before).some(([name]) => name === key);
      if (rendering.lacking.has(key) && isKept && held?.entries.get(key) !== digest) {
        throw new Error(`the entry of ${key} was lost while its login is missing`);
      }
    }
    return after;
  }
  fc.assert(property, { seed, numRuns: 3_000 });
  t.ok(written > 1_000, `${written} changes were planned`);
});
