// Compares, now and then, what the configuration says with what the webhook configuration in the cluster lets reach us. A
// difference means Pods that are never reviewed, or reviews for nothing; it is said and counted, and mended where it belongs.
import type { Client } from '../cluster/client.ts';
import { readWebhooks } from '../cluster/webhook-configuration.ts';
import { compareScope } from '../cluster/webhook-rules.ts';
import { selectWorkloads } from '../core/workload.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Credentials } from './credentials-in-force.ts';
import { later } from './later.ts';

export interface WebhookScopeOptions {
  readonly client: Client;
  readonly credentials: Credentials;
  /** Name of the MutatingWebhookConfiguration. */
  readonly webhookConfiguration: string;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'webhookDiffers'>;
}

const INTERVAL_MS = 5 * 60_000;

export function createWebhookScope({ client, credentials, webhookConfiguration, log, metrics }: WebhookScopeOptions) {
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  let said = '';

  async function look(): Promise<void> {
    const webhooks = await readWebhooks(client, webhookConfiguration);
    if (webhooks === undefined) return;
    const { namespaces, workloads } = credentials.inForce().config;
    const differences = compareScope(webhooks, { namespaces, workloads: [...selectWorkloads(workloads).values()] });
    metrics.webhookDiffers.reset();
    for (const { setting } of differences) metrics.webhookDiffers.set({ setting }, 1);
    const problems = differences.map(({ problem }) => problem);
    if (problems.length > 0 && problems.join() !== said) {
      log.warn({ name: webhookConfiguration, problems }, 'the webhook configuration does not agree with the settings');
    }
    said = problems.join();
  }

  function turn(): void {
    cancel = later(INTERVAL_MS, turn);
    running = look().catch((error: unknown) =>
      log.error({ stack: stackOf(error) }, 'the webhook configuration is malformed'),
    );
  }

  return {
    start(): void {
      cancel?.();
      turn();
    },
    async stop(): Promise<void> {
      cancel?.();
      await running;
      metrics.webhookDiffers.reset();
    },
  };
}
