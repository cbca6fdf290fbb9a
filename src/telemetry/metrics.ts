// Every metric, declared once. Reasons come from the closed sets of core/reason.ts, so no label can grow with what users send.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createTally } from './tally.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** Bounds in seconds: an admission answered from memory takes well under a millisecond, one that writes a few. */
const ADMISSION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'pullpass_' });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `pullpass_${name}`, help, labelNames: [...labelNames], registers });
  const tally = (name: string, help: string) => createTally(`pullpass_${name}`, help, registry);
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: `pullpass_${name}`, help, labelNames: [...labelNames], registers });
  return {
    registry,
    admissions: tally('admissions_total', 'Answered reviews by reason'),
    images: tally('images_total', 'Images of answered reviews by reason'),
    ensures: tally('ensures_total', 'What became of the pull Secret while an admission waited for it'),
    rejected: counter('reviews_rejected_total', 'Requests not answered with a review, by reason and HTTP status', [
      'reason',
      'status',
    ]),
    duration: new Histogram({
      name: 'pullpass_admission_duration_seconds',
      help: 'Time from the whole request read to the answer',
      buckets: ADMISSION_BUCKETS,
      registers,
    }),
    apiCalls: counter('api_calls_total', 'Calls to the API server', ['verb', 'resource', 'code']),
    credentials: gauge('credentials', 'Credentials in force', []),
    credentialProblems: gauge('credential_problems', 'Problems of credentials as they are now, by kind', ['kind']),
    loginObtained: gauge('login_obtained_timestamp_seconds', 'When a program gave the login of a credential', [
      'credential',
    ]),
    loginExpiry: gauge('login_expiry_timestamp_seconds', 'When the first login of a credential expires', [
      'credential',
    ]),
    sourceFailures: counter('source_failures_total', 'Programs that gave no login, by credential and reason', [
      'credential',
      'reason',
    ]),
    loginsKept: counter('logins_kept_total', 'Writes of the Secret that keeps the logins, by outcome', ['outcome']),
    credentialHealth: gauge('credential_health', 'Result of the last try of a login at its registry', [
      'credential',
      'host',
      'result',
    ]),
    elected: gauge('elected', 'Whether this replica is the elected one', []),
    passes: counter('sync_passes_total', 'Passes of sync by scope', ['scope']),
    passDuration: new Histogram({
      name: 'pullpass_sync_pass_duration_seconds',
      help: 'Time of a pass, its writes included',
      labelNames: ['scope'],
      buckets: [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
      registers,
    }),
    lastPass: gauge('sync_last_full_pass_timestamp_seconds', 'When all namespaces were last looked at', []),
    changes: counter('sync_changes_total', 'Changes of pull Secrets by what, why and outcome', [
      'act',
      'reason',
      'outcome',
    ]),
    contested: counter(
      'sync_contested_total',
      'Namespaces left to the interval because somebody undoes each write',
      [],
    ),
    pullSecrets: gauge('pull_secrets', 'Pull Secrets of ours', []),
    refused: gauge('pull_secrets_refused', 'Pull Secrets that are not what they should be and are left so, by reason', [
      'reason',
    ]),
    refusedIn: gauge('pull_secret_refused', 'The same by namespace, only if switched on', ['namespace', 'reason']),
    heldRemovals: gauge('sync_removals_held', 'Pull Secrets that are not deleted or emptied until it is confirmed', []),
    pendingPods: gauge('pending_pods', 'Pending Pods at the last look', []),
    missedPods: gauge('missed_pods', 'Pending Pods that should list the pull Secret and do not', []),
    missedPodsIn: gauge('missed_pods_by_namespace', 'The same by namespace, only if switched on', ['namespace']),
    podRestarts: counter('pod_restarts_total', 'Missed Pods that were to be made anew, by outcome', ['outcome']),
    events: counter('events_total', 'Kubernetes Events by outcome', ['outcome']),
    configReloads: counter('config_reloads_total', 'Changes of the configuration file by outcome', ['outcome']),
    configRefused: gauge('config_refused', 'Whether the configuration file as it is now is refused', []),
    webhookDiffers: gauge(
      'webhook_configuration_differs',
      'Whether a setting is not what the webhook configuration in the cluster says',
      ['setting'],
    ),
    caBundleWrites: counter(
      'ca_bundle_writes_total',
      'Writes of the caBundle of the webhook configuration by outcome',
      ['outcome'],
    ),
    caBundleTrue: gauge(
      'ca_bundle_true',
      'Whether every entry of the webhook configuration trusts the certificate in use',
      [],
    ),
    certificateExpiry: gauge('certificate_expiry_timestamp_seconds', 'When the certificate in use expires', []),
    certificateChanges: counter('certificate_changes_total', 'Changes of the serving certificate by outcome', [
      'outcome',
    ]),
    caExpiry: gauge('ca_expiry_timestamp_seconds', 'When our own CA expires, if there is one', []),
    ready: gauge('ready', 'Whether this replica is ready', []),
  };
}
