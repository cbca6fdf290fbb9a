// The command line: from arguments to values, with a sentence for whoever mistyped. Pure: where they come from
// is for `main.ts` alone to know.
import { parseArgs } from 'node:util';
import { suggestion } from './config/nearest.ts';
import type { LogLevel } from './telemetry/logger.ts';

/** Ends the program with a sentence and the code for wrong usage, from wherever the mistake was found. */
export class Refusal extends Error {}

export const HELP = `pullpass: private images just pull

Usage:
  pullpass serve [options]       the admission webhook
  pullpass rotate-ca [options]   a new CA, without a moment in which nobody trusts it
  pullpass uninstall [options]   takes away what Pullpass made itself, once no replica runs any more

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

Options of rotate-ca:
  --kubeconfig FILE            as above
  --namespace NAME             Pullpass's own namespace (default: pullpass-system)

Options of uninstall:
  --kubeconfig FILE            as above
  --namespace NAME             Pullpass's own namespace (default: pullpass-system)
  --replicas SELECTOR          labels of the replicas' Pods (default: app.kubernetes.io/name=pullpass)
  --pull-secret NAME           also the pull Secrets of this name, everywhere; may be given again (default: they stay)

Examples:
  pullpass serve --docker-config ~/.docker/config.json
  pullpass serve --config /etc/pullpass/pullpass.yaml
  pullpass rotate-ca --namespace pullpass-system
`;

const COMMANDS = ['serve', 'rotate-ca', 'uninstall'] as const;
export type Command = (typeof COMMANDS)[number] | 'help';

const SERVE = {
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

const ROTATE_CA = {
  kubeconfig: { type: 'string' },
  namespace: { type: 'string', default: 'pullpass-system' },
  help: { type: 'boolean', short: 'h' },
} as const;

const UNINSTALL = {
  kubeconfig: { type: 'string' },
  namespace: { type: 'string', default: 'pullpass-system' },
  replicas: { type: 'string', default: 'app.kubernetes.io/name=pullpass' },
  'pull-secret': { type: 'string', multiple: true, default: [] as string[] },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws Refusal for a command that is none */
export function commandOf([command, ...rest]: readonly string[]): Command {
  const wantsHelp = [command, ...rest].some((argument) => argument === '--help' || argument === '-h');
  if (command === undefined || command === 'help' || wantsHelp) return 'help';
  const known = COMMANDS.find((name) => name === command);
  if (known !== undefined) return known;
  throw new Refusal(`unknown command "${command}"${suggestion(command, COMMANDS)}; see pullpass --help`);
}

/** @throws Refusal */
export function serveOptions(args: readonly string[]) {
  const values = parse(args, SERVE);
  return {
    ...values,
    port: numberOf(values.port, 'port', 65_535),
    healthPort: numberOf(values['health-port'], 'health-port', 65_535),
    drainMs: numberOf(values.drain, 'drain', 3_600) * 1_000,
    logLevel: levelOf(values['log-level']),
  };
}

/** @throws Refusal */
export function rotateCaOptions(args: readonly string[]) {
  return parse(args, ROTATE_CA);
}

/** @throws Refusal */
export function uninstallOptions(args: readonly string[]) {
  return parse(args, UNINSTALL);
}

function parse<T extends typeof SERVE | typeof ROTATE_CA | typeof UNINSTALL>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : 'wrong arguments';
    const unknown = /Unknown option '--([^' ]+)/.exec(message)?.[1];
    if (unknown === undefined) throw new Refusal(message.split('.')[0] ?? message);
    throw new Refusal(`unknown option --${unknown}${suggestion(unknown, Object.keys(options))}; see pullpass --help`);
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
