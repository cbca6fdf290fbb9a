// `pullpass check`: finds out, judges, and tries again until all is well or the time is over. It changes nothing in the cluster.
import type { Asked, Facts, FactsBefore, Settings } from './facts.ts';
import { judgeAll, type Result } from './finding.ts';
import { readVersion } from './gather.ts';
import { gatherAfter } from './gather-after.ts';
import { gatherBefore } from './gather-before.ts';
import { AFTER, BEFORE, FIRST } from './groups.ts';
import type { CheckPorts } from './ports.ts';

export interface CheckOptions {
  readonly asked: Asked;
  /** What is known of them without a replica. */
  readonly settings: Settings;
  /** Before an installation. */
  readonly pre: boolean;
  /** What is wrong with the configuration file; absent: none was named. */
  readonly configuration?: FactsBefore['configuration'];
  /** A warning is a failure too. */
  readonly strict: boolean;
  /** How long it is tried until all is well. */
  readonly waitMs: number;
  /** Told after each try that is not the last. */
  onTry(results: readonly Result[]): void;
}

const PAUSE_MS = 2_000;

export async function check(ports: CheckPorts, options: CheckOptions): Promise<readonly Result[]> {
  const until = ports.now() + options.waitMs;
  for (;;) {
    const results = await checkOnce(ports, options);
    if (passes(results, options.strict) || ports.now() + PAUSE_MS > until) return results;
    options.onTry(results);
    await ports.sleep(PAUSE_MS);
  }
}

export function passes(results: readonly Result[], strict: boolean): boolean {
  return results.every(({ state }) => state === 'ok' || (state === 'warn' && !strict));
}

async function checkOnce(ports: CheckPorts, { asked, settings, pre, configuration }: CheckOptions) {
  const version = await readVersion(ports);
  if ('unavailable' in version) return judgeAll<Pick<Facts, 'version'>>([FIRST], { version });
  if (pre) return judgeAll(BEFORE, await gatherBefore(ports, asked, settings, configuration));
  return judgeAll(AFTER, await gatherAfter(ports, asked, settings));
}
