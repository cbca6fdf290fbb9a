// What an admission costs: Pullpass as it ships beside the peers, on the same reviews, with what each says verified first. And
// what latency a caller sees at a steady rate that all of them can serve.
import { type Contestant, enterPeer, enterPullpass, measureWith } from '../contestants.ts';
import { withEnding } from '../ending.ts';
import type { Outcome } from '../job.ts';
import { startLoad } from '../loading.ts';
import { GO_PEERS, NODE_PEERS } from '../peers/peers.ts';
import { lengthOf, type Plan } from '../plan.ts';
import { memoryOf } from '../process-cost.ts';
import { hostOf } from '../pullpass.ts';
import type { Section } from '../results.ts';
import { pairedRounds, TURN_S } from '../rounds.ts';
import { openSite, putAside } from '../site.ts';
import { median, medianRatio } from '../statistics.ts';
import { type Bar, bars, figure, ratio, table } from '../table.ts';

const STEADY = { rate: 500, kilobytes: 8 };
/** The part of the load's processor beyond which it is the load that is measured. */
const SATURATED = 0.95;

type Measured = readonly Outcome[];

export function webhook(plan: Plan): Promise<Section> {
  return withEnding(async (ending) => {
    const site = await openSite(ending, ['pullpass-10', 'pullpass-500'].map(hostOf));
    const servers: Contestant[] = [];
    for (const name of GO_PEERS) servers.push(await enterPeer(site, name, 'shop-a'));
    for (const name of NODE_PEERS) servers.push(await enterPeer(site, name, 'shop-a'));
    servers.push(await enterPullpass(site, 10, 'shop-a'), await enterPullpass(site, 500, 'shop-b'));
    await putAside(site.plane);
    const measure = measureWith(site, startLoad(ending));
    const { rounds, seconds, say } = plan;
    const parts: string[] = [];
    const found: Bar[] = [];
    for (const kilobytes of plan.sizes) {
      const options = { rounds, say: (text: string) => say(`webhook, ${kilobytes} KB: ${text}`) };
      const measured = await pairedRounds(options, (isWarmUp) =>
        measure(servers, { kilobytes, seconds: lengthOf(plan, isWarmUp), turnSeconds: TURN_S }),
      );
      parts.push(`### ${kilobytes} KB Pod\n\n${costTable(servers, measured)}`);
      found.push(...costBars(kilobytes, servers, measured));
    }
    const options = { rounds: plan.quick ? 1 : 2, say: (text: string) => say(`webhook, steady: ${text}`) };
    const long = Math.max(seconds, plan.quick ? 1 : 4);
    const steady = await pairedRounds(options, (isWarmUp) =>
      measure(servers, { ...STEADY, seconds: isWarmUp ? 1 : long }),
    );
    parts.push(`### ${STEADY.kilobytes} KB Pod, a steady ${STEADY.rate}/s\n\n${latencyTable(servers, steady)}`);
    found.push(...latencyBars(servers, steady));
    return { part: 'webhook', title: 'CPU per admission', body: [...parts, `### Bars\n\n${bars(found)}`].join('\n\n') };
  });
}

const BASES = ['controller-runtime', 'plain', 'jsonv2'] as const;
const cpuOf = (measured: Measured | undefined): number[] => (measured ?? []).map(({ cpuUs }) => cpuUs);

function resultOf(name: string, servers: readonly Contestant[], measured: readonly Measured[]): Measured | undefined {
  return measured[servers.findIndex((server) => server.name === name)];
}

function costTable(servers: readonly Contestant[], measured: readonly Measured[]): string {
  const head = [
    'server',
    'CPU µs',
    ...BASES.map((name) => `÷ ${name}`),
    'requests/s',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'MiB',
  ];
  const rows = servers.map(({ title, pid }, index) => {
    const own = measured[index] ?? [];
    const of = (value: (outcome: Outcome) => number): string => figure(median(own.map(value)));
    const limited = own.some(({ busy }) => busy > SATURATED) ? ' †' : '';
    return [
      title,
      of(({ cpuUs }) => cpuUs),
      ...BASES.map((name) => ratio(medianRatio(cpuOf(own), cpuOf(resultOf(name, servers, measured))))),
      of(({ requests, seconds }) => requests / seconds) + limited,
      of(({ latency }) => latency.p50),
      of(({ latency }) => latency.p99),
      of(({ latency }) => latency.p999),
      figure(memoryOf(pid).resident),
    ];
  });
  const limited = measured.some((own) => own.some(({ busy }) => busy > SATURATED));
  return table(head, rows) + (limited ? '\n\n† the load had no more to give: the server could do more' : '');
}

function costBars(kilobytes: number, servers: readonly Contestant[], measured: readonly Measured[]): Bar[] {
  const between = (name: string, other: string, atMost: number, text = name): Bar => {
    const [own, others] = [name, other].map((one) => cpuOf(resultOf(one, servers, measured)));
    const value = medianRatio(own ?? [], others ?? []);
    return { text: `${kilobytes} KB: CPU, ${text} ÷ ${other}`, value, atMost };
  };
  const against = (other: string, atMost: number): Bar => between('pullpass-10', other, atMost, 'Pullpass');
  if (kilobytes < 7) return [against('jsonv2', 1.15)];
  return [
    against('controller-runtime', 0.1),
    against('plain', 0.9),
    against('jsonv2', 1),
    between('node-fastify', 'node-parse', 1.1),
  ];
}

function latencyTable(servers: readonly Contestant[], measured: readonly Measured[]): string {
  const rows = servers.map(({ title }, index) => {
    const of = (value: (outcome: Outcome) => number): string => figure(median((measured[index] ?? []).map(value)));
    const latency = (['p50', 'p99', 'p999', 'max'] as const).map((part) => of((outcome) => outcome.latency[part]));
    const refused = of((outcome) => outcome.refused);
    return [title, ...latency, refused, of(({ cpuUs }) => cpuUs)];
  });
  return table(['server', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'refused', 'CPU µs'], rows);
}

function latencyBars(servers: readonly Contestant[], measured: readonly Measured[]): Bar[] {
  const own = resultOf('pullpass-10', servers, measured) ?? [];
  const text = `${STEADY.rate}/s of ${STEADY.kilobytes} KB`;
  const of = (value: (outcome: Outcome) => number): number => median(own.map(value));
  return [
    { text: `${text}: refused`, value: own.reduce((sum, { refused }) => sum + refused, 0), atMost: 0 },
    { text: `${text}: p99`, value: of(({ latency }) => latency.p99), atMost: 5, unit: ' ms' },
    { text: `${text}: p99.9`, value: of(({ latency }) => latency.p999), atMost: 20, unit: ' ms' },
  ];
}
