// One pass of sync: look at namespaces, plan, and carry the changes out, several at a time. It must look at the cluster as it
// is at the moment of each write, never at a list that grew old meanwhile; one namespace that fails must not keep another
// from its change; and it must let admissions through in between, because they share the event loop.

import type { RefuseReason, WriteOutcome } from '../core/reason.ts';
import { isHeld, RECENT_MS } from '../core/removal-guard.ts';
import {
  type Change,
  deletionDue,
  isRemoval,
  planChange,
  type Situation,
  type SyncSettings,
} from '../core/sync-plan.ts';

export interface PassPorts {
  /** Every namespace that there is or that has a Secret of our name. */
  namespaces(): Iterable<string>;
  situation(namespace: string): Situation;
  settings(): SyncSettings;
  /** Whether this replica is elected, by the clock. */
  mayWrite(): boolean;
  /** Carries a change out, bound to what was seen; never rejects. */
  write(namespace: string, change: Exclude<Change, { act: 'refuse' }>): Promise<WriteOutcome>;
  /** How many removals somebody has confirmed. */
  confirmedRemovals(): number;
  /** Resolves when others had their turn. */
  breathe(): Promise<void>;
  now(): number;
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
  /** Removals that took place although there were many, because somebody confirmed them. */
  readonly usedConfirmation: boolean;
  /** When the next pull Secret is due to be deleted, in milliseconds since the epoch. */
  readonly due: number | undefined;
  readonly pullSecrets: number;
  readonly ms: number;
}

export interface Written {
  readonly namespace: string;
  readonly change: Exclude<Change, { act: 'refuse' }>;
  readonly outcome: WriteOutcome;
}

/** More at once would only queue up at the API server. */
const PARALLEL = 24;
/** A turn of the event loop stays about this long. */
const TURN_MS = 5;
const CLOCK_EVERY = 32;

export type Pass = (scope: Scope) => Promise<PassReport>;

export function createPass(ports: PassPorts): Pass {
  const removed: number[] = [];

  async function pass(scope: Scope): Promise<PassReport> {
    const started = ports.now();
    const survey = await look(scope, ports);
    const removals = survey.removals.length;
    const recent = countRecent(started);
    const confirmed = ports.confirmedRemovals();
    const counts = { planned: removals, recent, total: survey.pullSecrets };
    // Few namespaces say nothing about how many there will be: only a look at all of them may take away.
    const held = scope !== 'all' ? removals > 0 : isHeld({ ...counts, confirmed });
    const due = held ? survey.changing : [...survey.changing, ...survey.removals];
    const written = await carryOut(due, held, ports);
    for (const { change, outcome } of written) {
      if (isRemoval(change) && (outcome === 'deleted' || outcome === 'written')) removed.push(started);
    }
    return {
      scope,
      looked: survey.looked,
      written,
      refused: survey.refused,
      held: held ? removals : 0,
      usedConfirmation: !held && removals > 0 && isHeld({ ...counts, confirmed: 0 }),
      due: survey.due,
      pullSecrets: survey.pullSecrets,
      ms: ports.now() - started,
    };
  }

  function countRecent(now: number): number {
    while (removed[0] !== undefined && now - removed[0] > RECENT_MS) removed.shift();
    return removed.length;
  }

  return pass;
}

interface Survey {
  looked: number;
  pullSecrets: number;
  due: number | undefined;
  readonly changing: string[];
  readonly removals: string[];
  readonly refused: Map<string, RefuseReason>;
}

async function look(scope: Scope, ports: PassPorts): Promise<Survey> {
  const survey: Survey = { looked: 0, pullSecrets: 0, due: undefined, changing: [], removals: [], refused: new Map() };
  const settings = ports.settings();
  let turn = ports.now();
  for (const namespace of scope === 'all' ? [...ports.namespaces()] : scope) {
    lookAt(namespace, survey, settings, ports);
    if (survey.looked % CLOCK_EVERY !== 0 || ports.now() - turn < TURN_MS) continue;
    await ports.breathe();
    turn = ports.now();
  }
  return survey;
}

function lookAt(namespace: string, survey: Survey, settings: SyncSettings, ports: PassPorts): void {
  const situation = ports.situation(namespace);
  const change = planChange(situation, settings, ports.now());
  survey.looked += 1;
  if (situation.present?.ours) survey.pullSecrets += 1;
  const due = deletionDue(situation, settings.graceMs);
  if (due !== undefined) survey.due = Math.min(due, survey.due ?? due);
  if (change === undefined) return;
  if (change.act === 'refuse') survey.refused.set(namespace, change.reason);
  else if (isRemoval(change)) survey.removals.push(namespace);
  else survey.changing.push(namespace);
}

async function carryOut(namespaces: readonly string[], withoutRemovals: boolean, ports: PassPorts): Promise<Written[]> {
  const written: Written[] = [];
  const queue = namespaces[Symbol.iterator]();
  async function work(): Promise<void> {
    for (const namespace of queue) {
      const change = planChange(ports.situation(namespace), ports.settings(), ports.now());
      if (change === undefined || change.act === 'refuse' || (withoutRemovals && isRemoval(change))) continue;
      const outcome = ports.mayWrite() ? await ports.write(namespace, change) : 'not-elected';
      written.push({ namespace, change, outcome });
      if (outcome === 'not-elected') return;
    }
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, namespaces.length) }, work));
  return written;
}
