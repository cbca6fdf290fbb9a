// The programs that are asked for logins: which one each credential names, what it may see, and where its answers go.
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { ConfiguredCredential, ConfiguredSource } from '../config/schema.ts';
import { credentialHelper } from '../credentials/credential-helper.ts';
import { credentialProvider } from '../credentials/credential-provider.ts';
import type { AskProgram } from '../credentials/exec-answer.ts';
import { openExecLogins } from '../credentials/exec-logins.ts';
import { type Environment, programEnvironment } from '../credentials/program-environment.ts';
import { askedDigest } from '../credentials/source-digest.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Credentials } from './credentials-in-force.ts';
import { later } from './later.ts';

export interface ProgramsOptions {
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly metrics: Pick<Metrics, 'sourceFailures'>;
}

export function createPrograms({ credentials, environment, metrics }: ProgramsOptions) {
  const programs = openExecLogins({
    programOf: (settings) => programOf(settings, environment),
    askedWith: ({ source }, patterns) => askedDigest(source, environmentOf(source, environment), patterns),
    known: (credential, pattern) => credentials.inForce().catalog.kept.get(credential)?.logins.get(pattern),
    onReading: credentials.answers.answer,
    onFailure: (credential, reason) => metrics.sourceFailures.inc({ credential, reason }),
    now: SYSTEM_TIME.now,
    random: SYSTEM_TIME.random,
    later,
  });
  let configured: readonly ConfiguredCredential[] | undefined;
  function configure(): void {
    const { config } = credentials.inForce();
    if (config.credentials === configured) return;
    configured = config.credentials;
    programs.configure(config.credentials);
  }
  credentials.onChange(configure);
  return {
    start() {
      configure();
      programs.start();
    },
    async stop() {
      await programs.stop();
      credentials.answers.forgetAnswers();
    },
  };
}

function programOf({ source }: ConfiguredCredential, environment: Environment): AskProgram | undefined {
  if (source.kind === 'dockerConfig') return undefined;
  const limits = { env: environmentOf(source, environment), timeoutMs: source.timeout };
  if (source.kind === 'credentialHelper') return credentialHelper({ name: source.name, ...limits });
  const { command, args, apiVersion } = source;
  return credentialProvider({ command, args, apiVersion, ...limits });
}

function environmentOf(source: ConfiguredSource, environment: Environment): Readonly<Record<string, string>> {
  return source.kind === 'dockerConfig' ? {} : programEnvironment(environment, source.env);
}
