// The steps of a rotation as a table, and what the bundle holds at each of them.
import t from 'tap';
import type { Authorities, Authority } from '../../src/certificates/authorities.ts';
import {
  bundleEdit,
  isDue,
  nextStep,
  prepare,
  promote,
  type RotationFacts,
  type Step,
} from '../../src/certificates/rotation.ts';

const NOW = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;
const lives = { caMs: 900 * HOUR, leafMs: 100 * HOUR };
const authority = (name: string, until: number): Authority => ({ cert: name, key: `key of ${name}`, until });
const fresh = authority('new', NOW + 900 * HOUR);
const young: Authorities = { current: authority('old', NOW + 301 * HOUR), former: [] };
const aged: Authorities = { current: authority('old', NOW + 299 * HOUR), former: [] };
const prepared = prepare(aged, fresh, NOW);

const rows: readonly (readonly [why: string, authorities: Authorities, facts: Partial<RotationFacts>, step: Step])[] = [
  ['a third of its life and more is left', young, {}, 'stay'],
  ['less is left', aged, {}, 'prepare'],
  ['asked for, at any age', young, { asked: true }, 'prepare'],
  ['asked for again while one is prepared', prepared, { asked: true, publishedSince: NOW - HOUR }, 'prepare'],
  ['not published everywhere', prepared, {}, 'stay'],
  ['published a moment ago', prepared, { publishedSince: NOW - 4_999 }, 'stay'],
  ['published long enough for every API server', prepared, { publishedSince: NOW - 5_000 }, 'promote'],
  ['one that waited for all of its life', prepare(aged, authority('late', NOW - 1), NOW - HOUR), {}, 'prepare'],
  ['slept past its end', { current: authority('old', NOW - 1), former: [] }, {}, 'prepare'],
];
for (const [why, authorities, facts, step] of rows) {
  t.test(why, async (t) => {
    t.equal(nextStep(authorities, { now: NOW, asked: false, publishedSince: undefined, ...lives, ...facts }), step);
  });
}

const facts: RotationFacts = { now: NOW, asked: false, publishedSince: NOW - HOUR, ...lives };

t.test('the bundle holds both until all that the old one signed has expired', async (t) => {
  t.same(bundleEdit(aged, { now: NOW, leafMs: lives.leafMs }), { add: ['old'], remove: [] });
  t.same(bundleEdit(prepared, { now: NOW, leafMs: lives.leafMs }), { add: ['new', 'old'], remove: [] });
  const promoted = promote(prepared, facts);
  t.same(promoted.current, fresh);
  t.equal(promoted.next, undefined);
  t.same(bundleEdit(promoted, { now: NOW, leafMs: lives.leafMs }), { add: ['new', 'old'], remove: [] });
  t.same(
    bundleEdit(promoted, { now: NOW + lives.leafMs, leafMs: lives.leafMs }),
    { add: ['new', 'old'], remove: [] },
    'and clocks differ',
  );
  const neither = bundleEdit(promoted, { now: NOW + lives.leafMs + 5 * 60_000, leafMs: lives.leafMs });
  t.same(neither, { add: ['new'], remove: [] }, 'two replicas whose clocks differ do not fight');
  const last = bundleEdit(promoted, { now: NOW + lives.leafMs + 10 * 60_000, leafMs: lives.leafMs });
  t.same(last, { add: ['new'], remove: ['old'] });
  t.notMatch(JSON.stringify(promoted), 'key of old', 'its key is gone');
});

t.test('one that was prepared and is replaced before it signed leaves at once', async (t) => {
  const again = prepare(prepared, authority('newer', NOW + 901 * HOUR), NOW);
  t.same(bundleEdit(again, { now: NOW, leafMs: lives.leafMs }), { add: ['newer', 'old'], remove: ['new'] });
});

t.test('what has expired is forgotten', async (t) => {
  const promoted = promote(prepared, facts);
  t.same(
    prepare(promoted, authority('newer', NOW + 901 * HOUR), NOW).former.map(({ cert }) => cert),
    ['old'],
  );
  t.same(prepare(promoted, authority('last', NOW + 3_000 * HOUR), NOW + 2_000 * HOUR).former, []);
});

t.test('a certificate is due at half of its life, unless a new one would not live longer', async (t) => {
  const at = { now: NOW, ...lives };
  t.equal(isDue(NOW + 51 * HOUR, fresh, at), false);
  t.equal(isDue(NOW + 49 * HOUR, fresh, at), true);
  t.equal(isDue(NOW - 1, fresh, at), true);
  t.equal(isDue(NOW + 101 * HOUR, fresh, at), true, 'one made by a clock that was ahead');
  t.equal(isDue(NOW + 49 * HOUR, authority('short', NOW + 49 * HOUR), at), false);
});
