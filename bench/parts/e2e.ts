// What a webhook adds to the creation of a Pod, seen by whoever creates it: through the real API server, every server in turn in
// each round. Each has a namespace of its own, which its webhook configuration selects, so nothing is switched in between. All
// share the processors of the machine, as nothing else would show what a webhook costs the API server itself.
import { CREATES, openTargets, type Target } from '../creates.ts';
import { withEnding } from '../ending.ts';
import type { Outcome } from '../job.ts';
import type { Plan } from '../plan.ts';
import type { Section } from '../results.ts';
import { pairedRounds } from '../rounds.ts';
import { median, medianDifference } from '../statistics.ts';
import { type Bar, bars, figure, table } from '../table.ts';

const IN_FLIGHT = [1, 10, 32] as const;
/** Those of which a real create leaves a Pod behind. */
const REAL_IN_FLIGHT = [1, 32] as const;

type Measured = readonly (readonly Outcome[])[];

function inFlightOf(dryRun: boolean, quick: boolean): readonly number[] {
  if (quick) return dryRun ? [1, 32] : [32];
  return dryRun ? IN_FLIGHT : REAL_IN_FLIGHT;
}

export function e2e(plan: Plan): Promise<Section> {
  return withEnding(async (ending) => {
    const { targets, create } = await openTargets(ending);
    const { seconds, say } = plan;
    const parts: string[] = [];
    const found: Bar[] = [];
    for (const dryRun of [true, false]) {
      for (const inFlight of inFlightOf(dryRun, plan.quick)) {
        const what = `${dryRun ? 'dry run' : 'real creates'}, ${inFlight} in flight`;
        const servers = targets.filter(({ sendsPublic }) => dryRun || !sendsPublic);
        const rounds = dryRun ? plan.rounds : Math.ceil(plan.rounds / 2);
        const options = { rounds, say: (text: string) => say(`e2e, ${what}: ${text}`) };
        const measured = await pairedRounds(options, () => create(servers, { dryRun, inFlight, seconds }));
        parts.push(`### ${what[0]?.toUpperCase()}${what.slice(1)}\n\n${creates(servers, measured)}`);
        if (dryRun && inFlight !== 10) found.push(...barsOf(inFlight, servers, measured));
      }
    }
    const body = [
      `Pods of ${CREATES.kilobytes} KB. The API server and the webhooks are not pinned here.`,
      ...parts,
      `### Bars\n\n${bars(found)}`,
    ].join('\n\n');
    return { part: 'e2e', title: 'Creating Pods through the API server', body };
  });
}

const p50 = (outcomes: readonly Outcome[] | undefined): number[] => (outcomes ?? []).map(({ latency }) => latency.p50);
const perSecond = (outcomes: readonly Outcome[] | undefined): number[] =>
  (outcomes ?? []).map(({ requests, seconds }) => requests / seconds);

function creates(targets: readonly Target[], measured: Measured): string {
  const [none] = measured;
  const rows = targets.map(({ title }, i) => {
    const own = measured[i] ?? [];
    return [
      title,
      figure(median(p50(own))),
      i === 0 ? '–' : figure(medianDifference(p50(own), p50(none))),
      figure(median(own.map(({ latency }) => latency.p99))),
      figure(median(perSecond(own))),
      i === 0 ? '–' : figure(medianDifference(perSecond(none), perSecond(own))),
      figure(median(own.map(({ cpuUs }) => cpuUs))),
      costOf(own),
    ];
  });
  const head = [
    ...['webhook', 'p50 ms', 'added p50 ms', 'p99 ms', 'creates/s', 'lost creates/s'],
    ...["API server's CPU µs", "webhook's CPU µs"],
  ];
  return table(head, rows);
}

function costOf(outcomes: readonly Outcome[]): string {
  const costs = outcomes.flatMap(({ behindCpuUs }) => (behindCpuUs === undefined ? [] : [behindCpuUs]));
  return costs.length === 0 ? '–' : figure(median(costs));
}

/** How much Pullpass adds and loses, measured by what the peers do. */
function barsOf(inFlight: number, targets: readonly Target[], measured: Measured): Bar[] {
  const of = (name: string): readonly Outcome[] => measured[targets.findIndex((target) => target.name === name)] ?? [];
  const added = (name: string): number => medianDifference(p50(of(name)), p50(of('none')));
  const lost = (name: string): number => medianDifference(perSecond(of('none')), perSecond(of(name)));
  return (
    [
      ['plain', 1.05],
      ['controller-runtime', 0.7],
    ] as const
  ).flatMap(([peer, atMost]) => [
    { text: `${inFlight} in flight: added p50 ÷ ${peer}`, value: added('pullpass') / added(peer), atMost },
    { text: `${inFlight} in flight: lost creates/s ÷ ${peer}`, value: lost('pullpass') / lost(peer), atMost },
  ]);
}
