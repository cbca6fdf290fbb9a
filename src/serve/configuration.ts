// The configuration file, followed while the program runs. A version that is bad, or that changes what cannot be changed
// without a restart, is refused as a whole with all that is wrong with it, and the one in force stays. The surprising rule:
// half a file may well be a good configuration of less, so a change counts only once the file stands still.
import { isDeepStrictEqual } from 'node:util';
import { holdsNothing, loadConfig } from '../config/load.ts';
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
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  /** Puts a configuration in force; resolves when it is. */
  readonly apply: (config: Config) => Promise<void>;
  /** What is wrong with the file as it is now; nothing, if it is in force. */
  readonly onProblems?: (problems: readonly string[]) => void;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'configReloads' | 'configRefused'>;
}

/** What is in the file, or why it cannot be read. */
type Content = { readonly text: string } | { readonly failure: string };
type Reading = { readonly config: Config } | { readonly problems: readonly string[] };

/** Two looks at a file that are so far apart and find the same: nobody is in the middle of writing it. */
const STILL_MS = 250;

/** @returns the function that ends it */
export function followConfiguration(options: FollowConfigurationOptions): () => void {
  const { path, files, log, metrics, current } = options;
  let turn: Promise<void> = Promise.resolve();
  let said = '';
  let stopped = false;

  /** The content once it stands still; undefined: it says what is in force, or nobody wants to know any more. */
  async function change(): Promise<Reading | undefined> {
    for (let content = await read(options); !stopped; ) {
      const reading = judge(content, options);
      if ('config' in reading && isDeepStrictEqual(reading.config, current())) return undefined;
      await options.wait(STILL_MS);
      const again = await read(options);
      if (isDeepStrictEqual(again, content)) return reading;
      content = again;
    }
    return undefined;
  }

  async function look(): Promise<void> {
    const reading = await change();
    if (stopped) return;
    if (reading !== undefined && 'problems' in reading) {
      metrics.configRefused.set(1);
      options.onProblems?.(reading.problems);
      if (reading.problems.join('\n') === said) return;
      said = reading.problems.join('\n');
      metrics.configReloads.inc({ outcome: 'refused' });
      log.error({ problems: reading.problems }, 'the new configuration is refused, the one before stays in force');
      return;
    }
    said = '';
    metrics.configRefused.set(0);
    options.onProblems?.([]);
    if (reading === undefined) return;
    await options.apply(reading.config);
    metrics.configReloads.inc({ outcome: 'taken' });
    log.info({ file: path }, 'the new configuration is in force');
  }

  function follow(): void {
    turn = turn.then(look).catch((error: unknown) => {
      log.error({ stack: stackOf(error) }, 'the configuration could not be followed because of a fault of ours');
    });
  }

  const unwatch = files.watch(path, follow);
  // It may have changed since it was read for the start.
  follow();
  return () => {
    stopped = true;
    unwatch();
  };
}

async function read({ path, files }: FollowConfigurationOptions): Promise<Content> {
  try {
    return { text: await files.read(path) };
  } catch (error) {
    return { failure: `${path} cannot be read: ${readFailure(error)}` };
  }
}

function judge(content: Content, { path, current }: FollowConfigurationOptions): Reading {
  if ('failure' in content) return { problems: [content.failure] };
  const loaded = loadConfig(content.text, path);
  if ('problems' in loaded) return { problems: loaded.problems.map(describeProblem) };
  if (holdsNothing(content.text) && !isDeepStrictEqual(loaded.config, current())) {
    return { problems: [`${path}: the file is empty now; write {} if all defaults are meant`] };
  }
  const fixed = changesThatNeedRestart(current(), loaded.config);
  return fixed.length === 0 ? loaded : { problems: fixed.map((problem) => `${path}: ${problem}`) };
}

/** What the watches, the rights and the webhook configuration were made for: half of such a change is worse than none. */
export function changesThatNeedRestart(before: Config, after: Config): readonly string[] {
  const problems: string[] = [];
  for (const setting of ['name', 'formerNames'] as const) {
    if (isDeepStrictEqual(before.pullSecret[setting], after.pullSecret[setting])) continue;
    problems.push(`pullSecret.${setting} takes effect with a restart, together with the rights that name it`);
  }
  for (const setting of ['namespaces', 'workloads'] as const) {
    if (isDeepStrictEqual(before[setting], after[setting])) continue;
    problems.push(`${setting} takes effect with a restart, together with the webhook configuration, which must agree`);
  }
  if (!isDeepStrictEqual(before.certificate, after.certificate)) {
    problems.push('certificate takes effect with a restart; what is in its files is followed without one');
  }
  return problems;
}
