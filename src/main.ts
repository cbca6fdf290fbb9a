// Chooses the command and builds its edges. It alone owns arguments, environment, signals and exit codes:
// 0 done, 1 failed, 2 wrong usage or a configuration that is refused. stdout is only for results; everything said goes to stderr.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { loadConfig } from './config/load.ts';
import { suggestion } from './config/nearest.ts';
import { describeProblem } from './config/problem.ts';
import type { Config } from './config/schema.ts';
import { serve } from './serve/serve.ts';
import { createLogger, type LogLevel } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';

const HELP = `pullpass: private images just pull

Usage:
  pullpass serve [options]     the admission webhook

Options of serve:
  --config FILE                configuration file (default: all settings at their defaults)
  --docker-config FILE         a docker config file, each entry a credential; may be given again
  --kubeconfig FILE            default: the Pod's ServiceAccount, $KUBECONFIG, ~/.kube/config
  --namespace NAME             Pullpass's own namespace (default: that of the Pod or context)
  --service NAME               the Service that the API server calls (default: pullpass)
  --webhook-configuration NAME the MutatingWebhookConfiguration (default: pullpass)
  --host ADDRESS               address to listen on (default: 0.0.0.0)
  --port PORT                  admission, HTTPS (default: 8443)
  --health-port PORT           health and metrics, plain HTTP (default: 8080)
  --drain SECONDS              serves on so long after SIGTERM (default: 15)
  --log-level LEVEL            debug, info, warn or error (default: info)

Examples:
  pullpass serve --docker-config ~/.docker/config.json
  pullpass serve --config /etc/pullpass/pullpass.yaml
`;

const OPTIONS = {
  config: { type: 'string' },
  'docker-config': { type: 'string', multiple: true },
  kubeconfig: { type: 'string' },
  namespace: { type: 'string' },
  service: { type: 'string', default: 'pullpass' },
  'webhook-configuration': { type: 'string', default: 'pullpass' },
  host: { type: 'string', default: '0.0.0.0' },
  port: { type: 'string', default: '8443' },
  'health-port': { type: 'string', default: '8080' },
  drain: { type: 'string', default: '15' },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Ends the program with a sentence and a code, from wherever the mistake was found. */
class Refusal extends Error {}

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  if (command === undefined || command === 'help' || argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  if (command !== 'serve')
    throw new Refusal(`unknown command "${command}"${suggestion(command, ['serve'])}; see pullpass --help`);
  await runServe(rest);
}

async function runServe(args: readonly string[]): Promise<void> {
  const values = readOptions(args);
  const port = numberOf(values.port, 'port', 65_535);
  const healthPort = numberOf(values['health-port'], 'health-port', 65_535);
  const drainMs = numberOf(values.drain, 'drain', 3_600) * 1_000;
  const config = readConfig(values.config);
  const destination = pino.destination({ fd: 2, sync: true });
  const log = createLogger(levelOf(values['log-level']), destination);
  const serving = await serve({
    config,
    ...(values.config === undefined ? {} : { configFile: values.config }),
    identity: `${hostname()}-${randomUUID().slice(0, 8)}`,
    environment: process.env,
    dockerConfigs: values['docker-config'] ?? [],
    ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }),
    ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
    service: values.service,
    webhookConfiguration: values['webhook-configuration'],
    host: values.host,
    port,
    healthPort,
    drainMs,
    ...(globalThis.gc === undefined ? {} : { collectGarbage }),
    log,
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

/** Offered by the runtime with --expose-gc. The last resort also gives back what the runtime keeps in stock. */
function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : 'wrong arguments';
    const unknown = /Unknown option '--([^' ]+)/.exec(message)?.[1];
    if (unknown === undefined) throw new Refusal(message.split('.')[0] ?? message);
    throw new Refusal(`unknown option --${unknown}${suggestion(unknown, Object.keys(OPTIONS))}; see pullpass --help`);
  }
}

function numberOf(text: string, option: string, max: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value <= max) return value;
  throw new Refusal(`--${option} "${text}": wanted a whole number from 0 to ${max}`);
}

function levelOf(text: string): LogLevel {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text;
  throw new Refusal(`--log-level "${text}": wanted debug, info, warn or error`);
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
