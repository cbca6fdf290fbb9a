// Compares what the configuration says with what the webhook configuration in the cluster lets reach us, whenever either of
// them changes. A difference means Pods that are never reviewed, or reviews for nothing; it is said and counted, and mended
// where it belongs.
import { compareScope, type ScopeDifference, type WebhookScope } from '../cluster/webhook-rules.ts';
import type { Config } from '../config/schema.ts';
import { selectWorkloads } from '../core/workload.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Credentials } from './credentials-in-force.ts';

/** The webhook configuration in the cluster. */
export interface LiveWebhooks {
  /** As last seen; undefined while it is not there, or not known yet. */
  webhooks(): readonly WebhookScope[] | undefined;
  onLive(listener: () => void): void;
}

export interface WebhookScopeOptions {
  readonly live: LiveWebhooks;
  readonly credentials: Pick<Credentials, 'inForce' | 'onChange'>;
  /** Name of the MutatingWebhookConfiguration. */
  readonly webhookConfiguration: string;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'webhookDiffers'>;
}

export function createWebhookScope({ live, credentials, webhookConfiguration, log, metrics }: WebhookScopeOptions) {
  let active = false;
  let said = '';

  function compare(): void {
    const webhooks = live.webhooks();
    // One that is gone says nothing new: nothing reaches us at all, which is said by whoever writes our CA into it.
    if (webhooks === undefined) return;
    const differences = scopeDifferences(webhooks, credentials.inForce().config);
    metrics.webhookDiffers.reset();
    for (const { setting } of differences) metrics.webhookDiffers.set({ setting }, 1);
    const problems = differences.map(({ problem }) => problem);
    if (problems.length > 0 && problems.join() !== said) {
      log.warn({ name: webhookConfiguration, problems }, 'the webhook configuration does not agree with the settings');
    }
    said = problems.join();
  }

  function look(): void {
    if (!active) return;
    try {
      compare();
    } catch (error) {
      log.error({ stack: stackOf(error) }, 'the webhook configuration is malformed');
    }
  }

  live.onLive(look);
  credentials.onChange(look);
  return {
    start(): void {
      active = true;
      look();
    },
    async stop(): Promise<void> {
      active = false;
      metrics.webhookDiffers.reset();
    },
  };
}

/** @throws Error if the webhook configuration is malformed */
export function scopeDifferences(
  webhooks: readonly WebhookScope[],
  { namespaces, workloads }: Pick<Config, 'namespaces' | 'workloads'>,
): readonly ScopeDifference[] {
  return compareScope(webhooks, { namespaces, workloads: [...selectWorkloads(workloads).values()] });
}
