// A pass where the pull Secret had other names before: all of them are looked at, the present one first.
import t from 'tap';
import type { Situation, SyncSettings } from '../../src/core/sync-plan.ts';
import { createPass } from '../../src/sync/pass.ts';
import { createRemovalGuard } from '../../src/sync/removals.ts';
import { credential, observed, renderingOf, SETTINGS } from '../core/given.ts';

const SYNC: SyncSettings = { ...SETTINGS, graceMs: 0 };
const rendering = renderingOf([credential('a', ['a.io'])]);
const right = observed({
  credentials: ['a'],
  keys: new Set(['a.io']),
  digest: rendering.digest,
  marks: rendering.marks,
});
const NEW = SYNC.name;
const NOW = Date.UTC(2030, 0, 1);

function start(
  count: number,
  placesOf: (namespace: string) => Readonly<Record<string, Partial<Situation>>>,
  settings = SYNC,
) {
  const namespaces = Array.from({ length: count }, (_, i) => `n${i}`);
  const present = new Map<string, Partial<Situation>>();
  for (const namespace of namespaces) {
    for (const [name, state] of Object.entries(placesOf(namespace))) present.set(`${namespace}/${name}`, state);
  }
  const writes: string[] = [];
  const now = () => NOW;
  const pass = createPass({
    namespaces: () => namespaces,
    names: [NEW, 'old', 'older'],
    situation: (namespace, name) => ({
      alive: true,
      takesPart: true,
      asked: true,
      present: undefined,
      rendering,
      ...(name !== NEW && { former: { followed: present.get(`${namespace}/${NEW}`)?.present !== undefined } }),
      ...present.get(`${namespace}/${name}`),
    }),
    settings: () => settings,
    mayWrite: () => true,
    async write({ namespace, name }, change) {
      writes.push(`${change.act} ${change.reason} ${namespace}/${name}`);
      if (change.act === 'delete') present.delete(`${namespace}/${name}`);
      else {
        const { unwantedSince, rendering: wanted } = change.wanted;
        const marks = unwantedSince === undefined ? wanted.marks : 'noted';
        present.set(`${namespace}/${name}`, { present: { ...right, unwantedSince, marks, digest: wanted.digest } });
      }
      return { outcome: change.act === 'delete' ? 'deleted' : 'written' };
    },
    removals: createRemovalGuard({ notes: () => ({ confirmed: 0, held: 0 }), note: async () => true, now }),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    isCrowded: () => false,
    rest: () => new Promise((resolve) => setImmediate(resolve)),
    now,
  });
  return { pass, writes, take: () => writes.splice(0) };
}

t.test('the new one is made before the old one goes', async (t) => {
  const { pass, take } = start(1, () => ({ old: { present: right }, older: { present: right } }));
  const { pullSecrets, looked } = await pass('all');
  t.same([pullSecrets, looked], [0, 1], 'those of former names are not counted in');
  const writes = take();
  t.equal(writes[0], `apply missing n0/${NEW}`);
  t.same(
    writes.slice(1).map((write) => write.split(' ')[2]),
    ['n0/old', 'n0/older'],
  );
  const next = await pass(new Set(['n0']));
  const gone = [...writes, ...take()].filter((write) => write.startsWith('delete'));
  t.same(gone, ['delete former-name n0/old', 'delete former-name n0/older'], 'a look at a few is enough');
  t.same([next.postponed, next.held, next.pullSecrets], [[], 0, 1]);
  t.same((await pass('all')).written, []);
});

t.test('many may go at once: to name them is consent', async (t) => {
  const { pass, take } = start(100, () => ({ [NEW]: { present: right }, old: { present: right } }));
  const { held, written } = await pass('all');
  t.equal(held, 0);
  t.equal(take().filter((write) => write.startsWith('delete former-name')).length, 100);
  t.match(written[0], { name: 'old', reason: 'former-name', outcome: 'deleted' });
});

t.test('they do not use up what the guard lets by', async (t) => {
  const { pass, take } = start(100, (namespace) => ({
    [NEW]: { present: right, takesPart: Number(namespace.slice(1)) >= 10 },
    old: { present: right },
  }));
  t.equal((await pass('all')).held, 0);
  t.equal(take().filter((write) => write.startsWith('delete not-enabled')).length, 10);
});

t.test('to empty many of them is held like any other mistake', async (t) => {
  const noted = { ...right, unwantedSince: NOW };
  const old = { present: noted, rendering: renderingOf([]) };
  const { pass, writes } = start(50, () => ({ old }), { ...SYNC, graceMs: 3_600_000 });
  const { held, written } = await pass('all');
  t.equal(held, 50);
  t.same(
    written.filter(({ name }) => name !== NEW),
    [],
  );
  t.notOk(writes.some((write) => write.includes('/old')));
});
