// Looks at every namespace for the status of a replica: how many take part, how many may use which credential, and, on the elected
// replica, what is to be told of single ones. It shares the event loop with admissions, so it rests every few milliseconds.
// The surprising rule: where more namespaces have something to tell than fit, those with something wrong come in first.
import type { NamespaceStatus } from '../core/replica-status.ts';
import { deletionDue, planChange, type Situation, type SyncSettings } from '../core/sync-plan.ts';
import type { Insight } from './elected.ts';

export interface CensusPorts {
  namespaces(): Iterable<string>;
  /** Of a namespace that takes part: the credentials that it may use, one and the same list for all that may use the same. */
  admitted(namespace: string): readonly { readonly name: string }[] | undefined;
  settings(): SyncSettings;
  /** Resolves when others had their turn. */
  breathe(): Promise<void>;
  now(): number;
}

export interface Census {
  readonly takingPart: number;
  /** By the name of a credential: how many namespaces may use it. */
  readonly admits: ReadonlyMap<string, number>;
  /** With something to tell, sorted by name. */
  readonly namespaces: readonly NamespaceStatus[];
  /** So many are left out. */
  readonly more: number;
}

export type InsightOfNamespaces = Pick<Insight, 'situation' | 'missedPods'> & {
  readonly report: Pick<Insight['report'], 'refused' | 'failed'>;
};

export const NAMESPACES_MAX = 5_000;
const PODS_MAX = 100;
const TURN_MS = 3;
const CLOCK_EVERY = 16;

/** @param insight undefined: this replica is not elected, and tells of no namespace */
export async function takeCensus(ports: CensusPorts, insight: InsightOfNamespaces | undefined): Promise<Census> {
  const bySet = new Map<readonly { readonly name: string }[], number>();
  const wrong: NamespaceStatus[] = [];
  const right: NamespaceStatus[] = [];
  let takingPart = 0;
  let told = 0;
  let turn = ports.now();
  for (const [i, name] of [...ports.namespaces()].entries()) {
    if (i % CLOCK_EVERY === CLOCK_EVERY - 1 && ports.now() - turn >= TURN_MS) {
      await ports.breathe();
      turn = ports.now();
    }
    const admitted = ports.admitted(name);
    if (admitted !== undefined) {
      takingPart += 1;
      bySet.set(admitted, (bySet.get(admitted) ?? 0) + 1);
    }
    const status = insight && describeNamespace(name, insight, ports.settings(), ports.now());
    if (status === undefined || !hasNews(status)) continue;
    told += 1;
    const list = isWrong(status) ? wrong : right;
    if (list.length < NAMESPACES_MAX) list.push(status);
  }
  await ports.breathe();
  const namespaces = [...wrong, ...right].slice(0, NAMESPACES_MAX).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { takingPart, admits: countByName(bySet), namespaces, more: told - namespaces.length };
}

export function describeNamespace(
  name: string,
  { situation: situationOf, report, missedPods }: InsightOfNamespaces,
  settings: SyncSettings,
  now: number,
): NamespaceStatus {
  const situation = situationOf(name);
  const change = planChange(situation, settings, now);
  const failed = report.failed().get(name);
  const missed = missedPods.get(name) ?? [];
  const pullSecret = pullSecretOf(situation, change, settings, now);
  return {
    name,
    takesPart: situation.takesPart,
    ...(pullSecret !== undefined && { pullSecret }),
    ...(change?.act === 'refuse' && { refused: change.reason }),
    ...(failed !== undefined && { failed }),
    missedPods: missed.slice(0, PODS_MAX),
    moreMissedPods: Math.max(0, missed.length - PODS_MAX),
  };
}

function pullSecretOf(
  situation: Situation,
  change: ReturnType<typeof planChange>,
  settings: SyncSettings,
  now: number,
): NamespaceStatus['pullSecret'] {
  const { present } = situation;
  if (present === undefined) return undefined;
  const leaves = deletionDue(situation, settings.graceMs, now);
  const planned = change === undefined || change.act === 'refuse' ? undefined : `${change.act} ${change.reason}`;
  return {
    ours: present.ours,
    credentials: present.credentials,
    keys: [...present.keys],
    fresh: present.ours && change === undefined,
    ...(planned !== undefined && { change: planned }),
    ...(present.created !== undefined && { created: present.created }),
    ...(leaves !== undefined && { leaves }),
  };
}

function hasNews(status: NamespaceStatus): boolean {
  return status.pullSecret !== undefined || isWrong(status);
}

export function isWrong({ pullSecret, refused, failed, missedPods }: NamespaceStatus): boolean {
  return refused !== undefined || failed !== undefined || missedPods.length > 0 || pullSecret?.change !== undefined;
}

function countByName(bySet: ReadonlyMap<readonly { readonly name: string }[], number>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [credentials, count] of bySet) {
    for (const { name } of credentials) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}
