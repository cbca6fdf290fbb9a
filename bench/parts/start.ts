// From the start of the process to ready, in a cluster of a thousand namespaces that hold their pull Secret, with the CA and the
// kept logins there: what a rolling update waits for. The moments are those of the log lines.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '../../test/serve/installation.ts';
import { withEnding } from '../ending.ts';
import type { Plan } from '../plan.ts';
import type { Section } from '../results.ts';
import { openScale, type Scale } from '../scale.ts';
import { median } from '../statistics.ts';
import { bars, figure, table } from '../table.ts';

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');

export function start(plan: Plan): Promise<Section> {
  return withEnding(async (ending) => {
    const { quick, say } = plan;
    const namespaces = quick ? 200 : 1_000;
    const scale = await openScale(ending, namespaces, (text) => say(`start: ${text}`));
    const [moments, loads]: [number[][], number[]] = [[], []];
    for (let i = 0; i < plan.rounds; i++) {
      say(`start: round ${i + 1} of ${plan.rounds}`);
      moments.push(await startOnce(scale));
      loads.push(load());
    }
    const of = (index: number): number => median(moments.map((one) => one[index] ?? Number.NaN));
    const rows = [
      ['the program loaded, with nothing to do', figure(median(loads))],
      ['listening', figure(of(0))],
      ['ready', figure(of(1))],
    ];
    const found = [{ text: `ready with ${namespaces} namespaces`, value: of(1), atMost: 1_000, unit: ' ms' }];
    const body = `${namespaces} namespaces.\n\n${table(['until', 'ms'], rows)}\n\n### Bars\n\n${bars(found)}`;
    return { part: 'start', title: 'Start to ready', body };
  });
}

/** Milliseconds from the start of the process to the lines `listening` and `ready`. */
async function startOnce(scale: Scale): Promise<number[]> {
  const serve = await scale.start();
  // What is ready may be asked before its log has come here.
  const said = (message: string): Promise<number> =>
    eventually(`the line "${message}"`, async () => {
      const line = serve
        .output()
        .split('\n')
        .find((text) => text.includes(`"msg":"${message}"`));
      return line === undefined ? undefined : new Date(JSON.parse(line).time).getTime() - serve.startedAt;
    });
  const moments = [await said('listening'), await said('ready')];
  await serve.stop();
  return moments;
}

function load(): number {
  const began = performance.now();
  execFileSync(process.execPath, [BUNDLE, 'help']);
  return performance.now() - began;
}
