// The configuration file, followed while the program runs. A version that is bad, or that changes what cannot be changed
// without a restart, is refused as a whole with all that is wrong with it, and the one in force stays.
import { isDeepStrictEqual } from 'node:util';
import { loadConfig } from '../config/load.ts';
import { describeProblem } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { type Files, readFailure } from '../credentials/files.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface FollowConfigurationOptions {
  /** As the user gave it. */
  readonly path: string;
  readonly files: Files;
  /** What is in force. */
  readonly current: () => Config;
  /** Puts a configuration in force; resolves when it is. */
  readonly apply: (config: Config) => Promise<void>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'configReloads' | 'configRefused'>;
}

type Reading = { readonly config: Config } | { readonly problems: readonly string[] };

/** @returns the function that ends it */
export function followConfiguration(options: FollowConfigurationOptions): () => void {
  const { path, files, log, metrics, current } = options;
  let turn: Promise<void> = Promise.resolve();
  let said = '';

  async function look(): Promise<void> {
    const reading = await read(options);
    if ('problems' in reading) {
      metrics.configRefused.set(1);
      if (reading.problems.join('\n') === said) return;
      said = reading.problems.join('\n');
      metrics.configReloads.inc({ outcome: 'refused' });
      log.error({ problems: reading.problems }, 'the new configuration is refused, the one before stays in force');
      return;
    }
    said = '';
    metrics.configRefused.set(0);
    if (isDeepStrictEqual(reading.config, current())) return;
    await options.apply(reading.config);
    metrics.configReloads.inc({ outcome: 'taken' });
    log.info({ file: path }, 'the new configuration is in force');
  }

  function follow(): void {
    turn = turn.then(look).catch((error: unknown) => {
      log.error({ stack: stackOf(error) }, 'the configuration could not be followed because of a fault of ours');
    });
  }

  const stop = files.watch(path, follow);
  // It may have changed since it was read for the start.
  follow();
  return stop;
}

async function read({ path, files, current }: FollowConfigurationOptions): Promise<Reading> {
  let text: string;
  try {
    text = await files.read(path);
  } catch (error) {
    return { problems: [`${path} cannot be read: ${readFailure(error)}`] };
  }
  const loaded = loadConfig(text, path);
  if ('problems' in loaded) return { problems: loaded.problems.map(describeProblem) };
  const fixed = changesThatNeedRestart(current(), loaded.config);
  return fixed.length === 0 ? loaded : { problems: fixed.map((problem) => `${path}: ${problem}`) };
}

/** What the watches, the rights and the webhook configuration were made for: half of such a change is worse than none. */
export function changesThatNeedRestart(before: Config, after: Config): readonly string[] {
  const problems: string[] = [];
  if (before.pullSecret.name !== after.pullSecret.name) {
    problems.push('pullSecret.name takes effect with a restart, together with the rights that name it');
  }
  for (const setting of ['namespaces', 'workloads'] as const) {
    if (isDeepStrictEqual(before[setting], after[setting])) continue;
    problems.push(`${setting} takes effect with a restart, together with the webhook configuration, which must agree`);
  }
  return problems;
}
