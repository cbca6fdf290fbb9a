// Where the time of an admission goes: a processor profile of Pullpass under the load of the first part. The profiler itself takes
// time, so only the shares count.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contestant, enterPullpass, measureWith } from '../contestants.ts';
import { withEnding } from '../ending.ts';
import { startLoad } from '../loading.ts';
import type { Plan } from '../plan.ts';
import { phasesOf } from '../profile.ts';
import { hostOf } from '../pullpass.ts';
import type { Section } from '../results.ts';
import { openSite, putAside } from '../site.ts';
import { figure, table } from '../table.ts';

const CREDENTIALS = 10;
const WARM_UP_S = 3;

export async function phases(plan: Plan): Promise<Section> {
  const seconds = Math.max(plan.seconds, plan.quick ? 1 : 5);
  const shares: (readonly (readonly [string, number])[])[] = [];
  for (const kilobytes of plan.sizes) {
    plan.say(`phases, ${kilobytes} KB`);
    shares.push(await profile(kilobytes, seconds));
  }
  const names = [...new Set(shares.flatMap((own) => own.map(([phase]) => phase)))];
  const rows = names.map((name) => [
    name,
    ...shares.map((own) => figure((own.find(([phase]) => phase === name)?.[1] ?? 0) * 100)),
  ]);
  const head = ['phase', ...plan.sizes.map((size) => `% of ${size} KB`)];
  return { part: 'phases', title: 'Where the time of an admission goes', body: table(head, rows) };
}

function profile(kilobytes: number, seconds: number): Promise<readonly (readonly [string, number])[]> {
  return withEnding(async (ending) => {
    const site = await openSite(ending, [hostOf(`pullpass-${CREDENTIALS}`)]);
    const folder = join(site.folder, 'profiles');
    mkdirSync(folder);
    const flags = ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${folder}`];
    const server: Contestant = await enterPullpass(site, CREDENTIALS, 'shop-a', { flags });
    await putAside(site.plane);
    const measure = measureWith(site, startLoad(ending));
    await measure([server], { kilobytes, seconds: WARM_UP_S });
    await measure([server], { kilobytes, seconds });
    process.kill(server.pid, 'SIGTERM');
    return phasesOf(JSON.parse(await written(folder)), seconds * 1_000);
  });
}

/** The profile is written when the program ends. */
async function written(folder: string): Promise<string> {
  for (let i = 0; i < 300; i++) {
    const [name] = readdirSync(folder);
    const text = name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
    if (text.endsWith('}')) return text;
    await sleep(100);
  }
  throw new Error('the profile was not written');
}
