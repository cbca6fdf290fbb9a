// `pullpass serve` out of the command line and what it runs in.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type CommandSpec, choiceOf, numberOf, parse } from '../command-line/command.ts';
import { readConfig } from '../command-line/config-file.ts';
import { DOCKER_CONFIG } from '../command-line/docker-config-option.ts';
import type { Runtime } from '../command-line/runtime.ts';
import { serve } from '../serve/serve.ts';
import { openLogDestination } from '../telemetry/log-destination.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';

export const SERVE = {
  name: 'serve',
  usage: '[options]',
  summary: 'the admission webhook',
  options: {
    config: { type: 'string', value: 'FILE', text: 'configuration file (default: all settings at their defaults)' },
    'docker-config': DOCKER_CONFIG,
    kubeconfig: {
      type: 'string',
      value: 'FILE',
      text: "default: the Pod's ServiceAccount, $KUBECONFIG, ~/.kube/config",
    },
    namespace: {
      type: 'string',
      value: 'NAME',
      text: "Pullpass's own namespace (default: that of the Pod or context)",
    },
    service: { type: 'string', default: 'pullpass', value: 'NAME', text: 'the Service that the API server calls' },
    'webhook-configuration': {
      type: 'string',
      default: 'pullpass',
      value: 'NAME',
      text: 'the MutatingWebhookConfiguration',
    },
    host: { type: 'string', default: '0.0.0.0', value: 'ADDRESS', text: 'address to listen on' },
    port: { type: 'string', default: '8443', value: 'PORT', text: 'admission, HTTPS' },
    'health-port': { type: 'string', default: '8080', value: 'PORT', text: 'health and metrics, plain HTTP' },
    'status-port': {
      type: 'string',
      default: '8081',
      value: 'PORT',
      text: 'for `pullpass status`, on loopback only; 0 for none',
    },
    drain: { type: 'string', default: '15', value: 'SECONDS', text: 'serves on so long after SIGTERM' },
    'log-level': { type: 'string', default: 'info', value: 'LEVEL', text: 'debug, info, warn or error' },
  },
  examples: [
    'pullpass serve --docker-config ~/.docker/config.json',
    'pullpass serve --config /etc/pullpass/pullpass.yaml',
  ],
} as const satisfies CommandSpec;

const STANDARD_ERROR = 2;

/** @throws Refusal */
export function serveOptions(args: readonly string[]) {
  const { values } = parse(SERVE, args);
  return {
    ...values,
    port: numberOf(values.port, 'port', 65_535),
    healthPort: numberOf(values['health-port'], 'health-port', 65_535),
    statusPort: numberOf(values['status-port'], 'status-port', 65_535),
    drainMs: numberOf(values.drain, 'drain', 3_600) * 1_000,
    logLevel: choiceOf(values['log-level'], 'log-level', ['debug', 'info', 'warn', 'error'] as const),
  };
}

/** Ends when it is told to, with an exit code of its own. */
export async function run(runtime: Runtime, args: readonly string[]): Promise<undefined> {
  const { config: configFile, kubeconfig, namespace, ...values } = serveOptions(args);
  const config = readConfig(configFile);
  const destination = openLogDestination(STANDARD_ERROR);
  runtime.onExit(destination.flush);
  const serving = await serve({
    ...values,
    config,
    ...(configFile === undefined ? {} : { configFile }),
    // The name of the Pod, by which the elected replica is found; a host name is not always that: it is the node's, or cut.
    identity: `${runtime.env.POD_NAME || hostname()}-${randomUUID().slice(0, 8)}`,
    environment: runtime.env,
    dockerConfigs: values['docker-config'],
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(namespace === undefined ? {} : { namespace }),
    webhookConfiguration: values['webhook-configuration'],
    ...(runtime.collectGarbage === undefined ? {} : { collectGarbage: runtime.collectGarbage }),
    log: createLogger(values.logLevel, destination),
    metrics: createMetrics(),
  });
  let asked = false;
  runtime.onSignal(() => {
    // Whoever asks twice does not want to wait for the drain.
    if (asked) runtime.exit(1);
    asked = true;
    serving.stop().then(
      () => runtime.exit(0),
      () => runtime.exit(1),
    );
  });
}
