// How the cost of an admission grows with the number of credentials: the same reviews, and installations that differ in nothing
// else. Each credential is for some namespaces and each namespace has at most a hundred, as a Secret holds no more than a
// megabyte; those that a namespace may use have the registries of its Pods.
import { type Contestant, measureWith } from '../contestants.ts';
import { withEnding } from '../ending.ts';
import { startLoad } from '../loading.ts';
import { lengthOf, type Plan } from '../plan.ts';
import { memoryOf } from '../process-cost.ts';
import { hostOf, type Member, startPullpass } from '../pullpass.ts';
import { registryName } from '../registries.ts';
import type { Section } from '../results.ts';
import { pairedRounds, TURN_S } from '../rounds.ts';
import { openSite, putAside, type Site } from '../site.ts';
import { median, medianRatio } from '../statistics.ts';
import { bars, figure, ratio, table } from '../table.ts';

const COUNTS = [1, 10, 500, 5_000] as const;
const NAMESPACES = 50;
const PER_NAMESPACE = 100;
/** Of the registries that a namespace has credentials for, so many are those of its Pods. */
const USED = 10;
const KILOBYTES = 7;

const nameOf = (count: number): string => `pullpass-${count}`;
/** How many groups of namespaces there are; each has its own credentials. */
const groupsOf = (count: number): number => Math.ceil(count / PER_NAMESPACE);

export function credentials(plan: Plan): Promise<Section> {
  return withEnding(async (ending) => {
    const counts = plan.quick ? COUNTS.slice(0, 3) : COUNTS;
    const site = await openSite(ending, counts.map(nameOf).map(hostOf));
    const servers: Contestant[] = [];
    for (const [i, count] of counts.entries()) servers.push(await enter(site, count, `shop-${'abcd'[i]}`));
    await putAside(site.plane);
    const measure = measureWith(site, startLoad(ending));
    const { rounds, say } = plan;
    const options = { rounds, say: (text: string) => say(`credentials: ${text}`) };
    const measured = await pairedRounds(options, (isWarmUp) =>
      measure(servers, { kilobytes: KILOBYTES, seconds: lengthOf(plan, isWarmUp), turnSeconds: TURN_S }),
    );
    const cpu = measured.map((own) => own.map(({ cpuUs }) => cpuUs));
    const ten = cpu[1] ?? [];
    const rows = counts.map((count, i) => [
      count.toLocaleString('en-US'),
      figure(median(cpu[i] ?? [])),
      ratio(medianRatio(cpu[i] ?? [], ten)),
      figure(median((measured[i] ?? []).map(({ latency }) => latency.p50))),
      figure(median((measured[i] ?? []).map(({ latency }) => latency.p99))),
      figure(memoryOf(servers[i]?.pid ?? 0).resident),
    ]);
    const head = ['credentials', 'CPU µs', '÷ 10 credentials', 'p50 ms', 'p99 ms', 'MiB'];
    const found = counts.slice(2).map((count, i) => ({
      text: `CPU, ${count.toLocaleString('en-US')} ÷ 10 credentials`,
      value: medianRatio(cpu[i + 2] ?? [], ten),
      atMost: i === 0 ? 1.05 : 1.15,
    }));
    const body = `${KILOBYTES} KB Pods in ${NAMESPACES} namespaces.\n\n${table(head, rows)}\n\n### Bars\n\n${bars(found)}`;
    return { part: 'credentials', title: 'Growth with the number of credentials', body };
  });
}

async function enter(site: Site, count: number, prefix: string): Promise<Contestant> {
  const name = nameOf(count);
  const groups = groupsOf(count);
  const secrets = Array.from({ length: count }, (_, i) => secretOf(i, `team=t${i % groups}`));
  const place = (i: number): Member => {
    const group = i % groups;
    const registries = Array.from({ length: Math.min(USED, count) }, (_, k) => group + groups * k);
    return { namespace: `${prefix}-${String(i).padStart(2, '0')}`, registries, labels: { team: `t${group}` } };
  };
  const places: [Member, ...Member[]] = [place(0), ...Array.from({ length: NAMESPACES - 1 }, (_, i) => place(i + 1))];
  const { pid, port } = await startPullpass(site, { name, places, secrets });
  return { name, title: name, pid, port, places, isBlind: false };
}

function secretOf(index: number, namespaces: string): object {
  const auths = { [registryName(index)]: { username: 'robot', password: `fake-${index}` } };
  return {
    metadata: {
      name: `registry-${index}`,
      labels: { 'pullpass.dev/credential': 'enabled' },
      annotations: { 'pullpass.dev/namespaces': namespaces },
    },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  };
}
