// The look at all namespaces behind the status: what is told of which, in which order where there are too many, and that
// admissions have their turn meanwhile.
import { setImmediate as breathe } from 'node:timers/promises';
import t from 'tap';
import type { ObservedPullSecret } from '../../src/core/surroundings.ts';
import type { Situation, SyncSettings } from '../../src/core/sync-plan.ts';
import { type CensusPorts, type InsightOfNamespaces, NAMESPACES_MAX, takeCensus } from '../../src/serve/census.ts';
import { credential, observed, renderingOf, SETTINGS } from '../core/given.ts';

const settings: SyncSettings = { ...SETTINGS, graceMs: 3_600_000 };
const ghcr = credential('ghcr', ['ghcr.io/acme/']);
const rendering = renderingOf([ghcr]);
const NOW = Date.UTC(2030, 0, 1);

/** What the rendering would have written. */
function present(more: Partial<ObservedPullSecret> = {}): ObservedPullSecret {
  const { digest, marks, entries } = rendering;
  return observed({ digest, marks, entries, keys: new Set(entries.keys()), credentials: ['ghcr'], ...more });
}

function situation(more: Partial<Situation> = {}): Situation {
  return { alive: true, takesPart: true, asked: false, present: present(), rendering, ...more };
}

interface Given {
  readonly situations?: Readonly<Record<string, Situation>>;
  readonly failed?: Readonly<Record<string, string>>;
  readonly missed?: Readonly<Record<string, readonly string[]>>;
}

function insightOf({ situations = {}, failed = {}, missed = {} }: Given): InsightOfNamespaces {
  return {
    situation: (name) => situations[name] ?? situation(),
    missedPods: new Map(Object.entries(missed)),
    report: { refused: () => new Map(), failed: () => new Map(Object.entries(failed)) },
  };
}

function portsOf(names: readonly string[], more: Partial<CensusPorts> = {}): CensusPorts {
  const admitted = [ghcr];
  return {
    namespaces: () => names,
    admitted: () => admitted,
    settings: () => settings,
    breathe: () => breathe(),
    now: () => NOW,
    ...more,
  };
}

const numbered = (count: number, name = 'n'): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}${String(i).padStart(5, '0')}`);

t.test('where there is nothing to tell, nothing is told, but it is counted', async (t) => {
  const situations = { empty: situation({ present: undefined }) };
  const census = await takeCensus(portsOf(['b', 'empty', 'a']), insightOf({ situations }));
  t.same(
    census.namespaces.map(({ name }) => name),
    ['a', 'b'],
  );
  t.same([census.takingPart, [...census.admits], census.more], [3, [['ghcr', 3]], 0]);
});

t.test('a replica that is not elected counts, and tells of no namespace', async (t) => {
  const admitted = (name: string) => (name === 'outside' ? undefined : [ghcr]);
  const census = await takeCensus(portsOf(['a', 'outside'], { admitted }), undefined);
  t.same([census.takingPart, [...census.admits], census.namespaces], [1, [['ghcr', 1]], []]);
});

t.test('of one namespace: what is there, what a pass would do, what went wrong', async (t) => {
  const foreign = present({ ours: false });
  const stale = present({ digest: 'other', created: 5 });
  const situations = {
    edited: situation({ present: stale }),
    foreign: situation({ present: foreign }),
    fine: situation(),
    leaving: situation({ takesPart: false }),
    missing: situation({ present: undefined, asked: true }),
  };
  const failed = { missing: 'quota: a quota of the namespace forbids another Secret' };
  const missed = { fine: ['web', 'api'] };
  const { namespaces } = await takeCensus(portsOf(Object.keys(situations)), insightOf({ situations, failed, missed }));
  const by = Object.fromEntries(namespaces.map((namespace) => [namespace.name, namespace]));
  t.match(by.edited?.pullSecret, { ours: true, fresh: false, change: 'apply content', created: 5 });
  t.match(by.foreign, { refused: 'foreign', pullSecret: { ours: false, fresh: false } });
  t.notOk('change' in (by.foreign?.pullSecret ?? {}), 'a refusal is no change');
  t.match(by.fine, { missedPods: ['web', 'api'], moreMissedPods: 0, pullSecret: { fresh: true } });
  t.match(by.leaving, { takesPart: false, pullSecret: { change: 'apply unwanted' } });
  t.match(by.missing, { failed: /^quota/ });
});

t.test('a hundred missed Pods are named, the others counted', async (t) => {
  const missed = { a: numbered(130, 'pod-') };
  const { namespaces } = await takeCensus(portsOf(['a']), insightOf({ missed }));
  t.same([namespaces[0]?.missedPods.length, namespaces[0]?.moreMissedPods], [100, 30]);
});

t.test('where there are too many, those with something wrong come in first', async (t) => {
  const names = numbered(NAMESPACES_MAX + 100);
  const last = names.at(-1) ?? '';
  const { namespaces, more } = await takeCensus(portsOf(names), insightOf({ failed: { [last]: 'unavailable' } }));
  t.same([namespaces.length, more], [NAMESPACES_MAX, 100]);
  t.same([namespaces.at(-1)?.name, namespaces[0]?.name], [last, names[0]], 'in the order of their names');
});

/** Milliseconds of this thread alone: how long others keep it from the processor is no fault of ours. */
function worked(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

t.test('ten thousand namespaces hold nobody up', async (t) => {
  const turns: number[] = [];
  let turn = 0;
  const rest = async (): Promise<void> => {
    turns.push(worked() - turn);
    await breathe();
    turn = worked();
  };
  const ports = portsOf(numbered(10_000), { breathe: rest, now: Date.now });
  // The first is slower, as in a process that has just started.
  await takeCensus(ports, insightOf({}));
  const begun = worked();
  turn = begun;
  turns.length = 0;
  const census = await takeCensus(ports, insightOf({}));
  turns.push(worked() - turn);
  t.equal(census.namespaces.length + census.more, 10_000);
  const longest = Math.max(...turns);
  t.comment(`${Math.round(worked() - begun)} ms in ${turns.length} turns, the longest ${longest.toFixed(1)} ms`);
  t.ok(longest < 20, `the longest turn took ${longest} ms`);
  t.ok(turns.length > 5, 'it did rest');
});

t.test('however long one takes, others have their turn after sixteen', async (t) => {
  let clock = 0;
  let since = 0;
  const most: number[] = [];
  const ports = portsOf(numbered(200), {
    now: () => clock,
    async breathe() {
      most.push(since);
      since = 0;
    },
    admitted() {
      clock += 50;
      since += 1;
      return undefined;
    },
  });
  await takeCensus(ports, undefined);
  t.equal(Math.max(...most), 16);
});
