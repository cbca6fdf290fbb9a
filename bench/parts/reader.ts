// What the scan of reviews saves as it ships: Pullpass beside itself with every review given to JSON.parse. A second parser must pay
// for its risk (docs/decisions/0019-review-scan.md), so what it saves is measured anew with each change of it.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enterPullpass, measureWith } from '../contestants.ts';
import { withEnding } from '../ending.ts';
import { startLoad } from '../loading.ts';
import { lengthOf, type Plan } from '../plan.ts';
import { hostOf } from '../pullpass.ts';
import type { Section } from '../results.ts';
import { pairedRounds, TURN_S } from '../rounds.ts';
import { openSite, putAside, type Site } from '../site.ts';
import { median, medianRatio } from '../statistics.ts';
import { type Bar, bars, figure, ratio, table } from '../table.ts';

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');
/** In the bundle, and what takes its place: nothing is scanned. */
const SCAN = /function scanJson\((\w+),\s*(\w+)\)\s*\{/;
/** By size in KB: what it must save. */
const WANTED: Readonly<Record<number, number>> = { 7: 0.9, 60: 0.75 };

export function reader(plan: Plan): Promise<Section> {
  return withEnding(async (ending) => {
    const site = await openSite(ending, ['pullpass-10', 'pullpass-11'].map(hostOf));
    const servers = [
      await enterPullpass(site, 10, 'shop-a'),
      await enterPullpass(site, 11, 'shop-b', { program: bundleThatParses(site) }),
    ];
    await putAside(site.plane);
    const measure = measureWith(site, startLoad(ending));
    const { rounds, sizes, say } = plan;
    const rows: string[][] = [];
    const found: Bar[] = [];
    for (const kilobytes of sizes) {
      const options = { rounds, say: (text: string) => say(`reader, ${kilobytes} KB: ${text}`) };
      const measured = await pairedRounds(options, (isWarmUp) =>
        measure(servers, { kilobytes, seconds: lengthOf(plan, isWarmUp), turnSeconds: TURN_S }),
      );
      const [scans = [], parses = []] = measured.map((own) => own.map(({ cpuUs }) => cpuUs));
      const value = medianRatio(scans, parses);
      rows.push([`${kilobytes} KB`, figure(median(scans)), figure(median(parses)), ratio(value)]);
      const atMost = WANTED[kilobytes];
      if (atMost !== undefined) found.push({ text: `${kilobytes} KB: CPU, scan ÷ \`JSON.parse\``, value, atMost });
    }
    const head = ['Pod', 'CPU µs, scan', 'CPU µs, `JSON.parse`', 'ratio'];
    return { part: 'reader', title: 'The scan of reviews', body: `${table(head, rows)}\n\n### Bars\n\n${bars(found)}` };
  });
}

/** @returns the path of a bundle that differs in nothing else */
function bundleThatParses({ folder }: Site): string {
  const path = join(folder, 'pullpass-that-parses.mjs');
  copyFileSync(BUNDLE, path);
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(SCAN, '$&return;');
  if (changed === text) throw new Error(`${BUNDLE} has no ${SCAN}`);
  writeFileSync(path, changed);
  return path;
}
