// One pass of sync: look at namespaces, plan, and carry the changes out, several at a time. It must look at the cluster as it
// is at the moment of each write, never at a list that grew old meanwhile; one namespace that fails must not keep another
// from its change; and it must let admissions through in between, because they share the event loop.
import type { RefuseReason, WriteOutcome } from '../core/reason.ts';
import {
  type Change,
  deletionDue,
  isRemoval,
  planChange,
  type Situation,
  type SyncSettings,
} from '../core/sync-plan.ts';
import type { RemovalGuard } from './removals.ts';

/** Where a pull Secret is or may be. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

export interface PassPorts {
  /** Every namespace that there is or that has a Secret of our name. */
  namespaces(): Iterable<string>;
  /** Those that a pull Secret may have: the present one, then the former ones. */
  readonly names: readonly string[];
  situation(namespace: string, name: string): Situation;
  settings(): SyncSettings;
  /** Whether this replica is elected, by the clock. */
  mayWrite(): boolean;
  /** Carries a change out, bound to what was seen; never rejects. */
  write(place: Place, change: Exclude<Change, { act: 'refuse' }>): Promise<WriteResult>;
  readonly removals: RemovalGuard;
  /** Resolves when others had their turn. */
  breathe(): Promise<void>;
  /** Whether so many admissions come that writes should give way. */
  isCrowded(): boolean;
  /** Resolves when it may be asked again. */
  rest(): Promise<void>;
  now(): number;
}

export interface WriteResult {
  readonly outcome: WriteOutcome;
  /** In words, of one that failed. */
  readonly why?: string;
}

/** 'all' is the whole truth; single namespaces are what events are about. */
export type Scope = 'all' | ReadonlySet<string>;

export interface PassReport {
  readonly scope: Scope;
  readonly looked: number;
  readonly written: readonly Written[];
  /** The namespaces whose pull Secret was left as it is although it is not what it should be. */
  readonly refused: ReadonlyMap<string, RefuseReason>;
  /** Removals that wait for a confirmation. */
  readonly held: number;
  /** Where something is to be removed about which only a look at all namespaces may decide. */
  readonly postponed: readonly string[];
  /** When the next pull Secret is due to be deleted, in milliseconds since the epoch. */
  readonly due: number | undefined;
  /** Of ours, under the present name. */
  readonly pullSecrets: number;
  readonly ms: number;
}

/** What was done, without what it was done to: of ten thousand it is kept until the last is written. */
export interface Written extends Place, WriteResult, Pick<Exclude<Change, { act: 'refuse' }>, 'act' | 'reason'> {}

/** More at once would only queue up at the API server. */
const PARALLEL = 24;
/** So many while admissions come: the answers to more of them arrive together, and hold admissions up. */
const BESIDE_ADMISSIONS = 4;
/** A turn of the event loop stays about this long. */
const TURN_MS = 5;
const CLOCK_EVERY = 32;
const DONE: ReadonlySet<WriteOutcome> = new Set(['written', 'deleted']);

export type Pass = (scope: Scope) => Promise<PassReport>;

export function createPass(ports: PassPorts): Pass {
  return async (scope) => {
    const started = ports.now();
    const survey = await look(scope, ports);
    const { pullSecrets, removals, refused, looked, due } = survey;
    // Few namespaces say nothing about how many there will be: only a look at all of them may take away.
    const isFree = scope === 'all' && (await ports.removals.admit(removals.length, pullSecrets));
    const mayGo = new Set(isFree ? removals : []);
    const { written, spared } = await carryOut([...survey.changing, ...mayGo], mayGo, ports);
    const kept = isFree ? 0 : removals.length;
    return {
      scope,
      looked,
      written,
      refused,
      held: scope === 'all' ? kept : 0,
      postponed: (scope === 'all' ? spared : [...spared, ...removals]).map(({ namespace }) => namespace),
      due,
      pullSecrets,
      ms: ports.now() - started,
    };
  };
}

interface Survey {
  looked: number;
  pullSecrets: number;
  due: number | undefined;
  readonly changing: Place[];
  readonly removals: Place[];
  readonly refused: Map<string, RefuseReason>;
}

async function look(scope: Scope, ports: PassPorts): Promise<Survey> {
  const survey: Survey = { looked: 0, pullSecrets: 0, due: undefined, changing: [], removals: [], refused: new Map() };
  const settings = ports.settings();
  let turn = ports.now();
  for (const namespace of scope === 'all' ? [...ports.namespaces()] : scope) {
    survey.looked += 1;
    for (const name of ports.names) lookAt(namespace, name, survey, settings, ports);
    if (survey.looked % CLOCK_EVERY !== 0 || ports.now() - turn < TURN_MS) continue;
    await ports.breathe();
    turn = ports.now();
  }
  return survey;
}

function lookAt(namespace: string, name: string, survey: Survey, settings: SyncSettings, ports: PassPorts): void {
  const situation = ports.situation(namespace, name);
  const change = planChange(situation, settings, ports.now());
  if (situation.former === undefined && situation.present?.ours) survey.pullSecrets += 1;
  const due = deletionDue(situation, settings.graceMs, ports.now());
  if (due !== undefined) survey.due = Math.min(due, survey.due ?? due);
  if (change === undefined) return;
  if (change.act === 'refuse') survey.refused.set(namespace, change.reason);
  else if (isRemoval(change)) survey.removals.push({ namespace, name });
  else survey.changing.push({ namespace, name });
}

/** @param mayGo where something may be taken away: what turns into a removal only now, nobody has counted */
async function carryOut(places: readonly Place[], mayGo: ReadonlySet<Place>, ports: PassPorts) {
  const written: Written[] = [];
  const spared: Place[] = [];
  const queue = places.values();
  let isOver = false;

  async function carryOutNext(): Promise<void> {
    const { value: place } = queue.next();
    if (place === undefined) {
      isOver = true;
      return;
    }
    const change = planChange(ports.situation(place.namespace, place.name), ports.settings(), ports.now());
    if (change === undefined || change.act === 'refuse') return;
    if (isRemoval(change) && !mayGo.has(place)) {
      spared.push(place);
      return;
    }
    const result: WriteResult = ports.mayWrite() ? await ports.write(place, change) : { outcome: 'not-elected' };
    written.push({ ...place, act: change.act, reason: change.reason, ...result });
    if (result.outcome === 'not-elected') isOver = true;
    if (isRemoval(change) && DONE.has(result.outcome)) ports.removals.count();
  }

  async function work(givesWay: boolean): Promise<void> {
    while (!isOver) await (givesWay && ports.isCrowded() ? ports.rest() : carryOutNext());
  }

  const workers = Array.from({ length: Math.min(PARALLEL, places.length) }, (_, i) => work(i >= BESIDE_ADMISSIONS));
  await Promise.all(workers);
  return { written, spared };
}
