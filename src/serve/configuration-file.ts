// The configuration file as the program follows it: changes go to the credentials in force, and what is wrong with the file as it
// is now can be asked for.
import { SYSTEM_TIME } from '../cluster/time.ts';
import { diskFiles } from '../credentials/files.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { followConfiguration } from './configuration.ts';
import type { Credentials } from './credentials-in-force.ts';

export interface ConfigurationFile {
  /** Why the file as it is now is not in force; nothing, if it is. */
  problems(): readonly string[];
  stop(): void;
}

export interface ConfigurationFileOptions {
  /** Absent: all defaults, and nothing to follow. */
  readonly configFile?: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function openConfigurationFile(
  { configFile, log, metrics }: ConfigurationFileOptions,
  credentials: Pick<Credentials, 'inForce' | 'configure'>,
): ConfigurationFile {
  let problems: readonly string[] = [];
  if (configFile === undefined) return { problems: () => problems, stop: () => undefined };
  const stop = followConfiguration({
    path: configFile,
    files: diskFiles(),
    current: () => credentials.inForce().config,
    wait: SYSTEM_TIME.sleep,
    apply: credentials.configure,
    onProblems(found) {
      problems = found;
    },
    log,
    metrics,
  });
  return { problems: () => problems, stop };
}
