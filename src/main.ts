// Chooses the command and builds its edges. It alone owns arguments, environment, signals and exit codes:
// 0 done, 1 failed, 2 wrong usage or a configuration that is refused. stdout is only for results; everything said goes to stderr.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pino } from 'pino';
import { commandOf, HELP, Refusal, rotateCaOptions, serveOptions, uninstallOptions } from './arguments.ts';
import { openRotationDesk } from './cluster/authority-secret.ts';
import { connect } from './cluster/client.ts';
import { openLeftovers } from './cluster/leftovers.ts';
import { SYSTEM_TIME } from './cluster/time.ts';
import { loadConfig } from './config/load.ts';
import { describeProblem } from './config/problem.ts';
import type { Config } from './config/schema.ts';
import { rotateCa } from './rotate-ca/rotate-ca.ts';
import { serve } from './serve/serve.ts';
import { createLogger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { uninstall } from './uninstall/uninstall.ts';

async function main(argv: readonly string[]): Promise<void> {
  const command = commandOf(argv);
  if (command === 'help') process.stdout.write(HELP);
  else if (command === 'serve') await runServe(argv.slice(1));
  else if (command === 'rotate-ca') await runRotateCa(argv.slice(1));
  else await runUninstall(argv.slice(1));
}

async function runServe(args: readonly string[]): Promise<void> {
  const { config: configFile, kubeconfig, namespace, ...values } = serveOptions(args);
  const config = readConfig(configFile);
  const destination = pino.destination({ fd: 2, sync: true });
  const serving = await serve({
    ...values,
    config,
    ...(configFile === undefined ? {} : { configFile }),
    identity: `${hostname()}-${randomUUID().slice(0, 8)}`,
    environment: process.env,
    dockerConfigs: values['docker-config'] ?? [],
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(namespace === undefined ? {} : { namespace }),
    webhookConfiguration: values['webhook-configuration'],
    ...(globalThis.gc === undefined ? {} : { collectGarbage }),
    log: createLogger(values.logLevel, destination),
    metrics: createMetrics(),
  });
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait for the drain.
      if (asked) process.exit(1);
      asked = true;
      serving.stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

async function runRotateCa(args: readonly string[]): Promise<void> {
  const { kubeconfig, namespace } = rotateCaOptions(args);
  const client = connect(kubeconfig === undefined ? {} : { kubeconfig });
  const result = await rotateCa({ ...openRotationDesk(client, namespace, SYSTEM_TIME.now), ...FOR_THE_USER });
  await client.close();
  tell(result);
}

async function runUninstall(args: readonly string[]): Promise<void> {
  const { kubeconfig, namespace, replicas: selector, 'pull-secret': names } = uninstallOptions(args);
  const client = connect(kubeconfig === undefined ? {} : { kubeconfig });
  const result = await uninstall({ ...openLeftovers({ client, namespace, selector }), ...FOR_THE_USER }, names);
  await client.close();
  tell(result);
}

/** For commands that somebody waits for. */
const FOR_THE_USER = {
  say: (line: string) => void process.stderr.write(`${line}\n`),
  sleep: SYSTEM_TIME.sleep,
  now: SYSTEM_TIME.now,
};

function tell(result: { readonly done: string } | { readonly failed: string }): void {
  if ('failed' in result) throw new Error(result.failed);
  process.stdout.write(`${result.done}\n`);
}

/** Offered by the runtime with --expose-gc. The last resort also gives back what the runtime keeps in stock. */
function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function readConfig(file: string | undefined): Config {
  let text = '';
  if (file !== undefined) {
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new Refusal(`${file} cannot be read: ${code}`);
    }
  }
  const loaded = loadConfig(text, file ?? 'defaults');
  if ('config' in loaded) return loaded.config;
  throw new Refusal(loaded.problems.map(describeProblem).join('\n'));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof Refusal) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  process.stderr.write(`pullpass: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exit(1);
});
