// Builds `serve` out of its parts: the cluster, the credentials in force, the admission door, the health port and what the
// elected replica does, and takes them down in the order that loses no request. It decides nothing; it is the one place
// where everything meets.
import { isTrustedBy } from '../certificates/serving-certificate.ts';
import { keepBundle } from '../cluster/bundle-keeper.ts';
import { connect } from '../cluster/client.ts';
import { lookup } from '../cluster/lookup.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { Config } from '../config/schema.ts';
import { selectWorkloads } from '../core/workload.ts';
import { createAdmissionReport } from '../telemetry/admissions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createAdmission } from '../webhook/admission.ts';
import { createEnsure } from '../webhook/ensure.ts';
import { createHealthServer } from '../webhook/health.ts';
import { openWalk } from '../webhook/json-walk.ts';
import { createReviewReader } from '../webhook/review.ts';
import { createServer } from '../webhook/server.ts';
import { keepCertificate } from './certificate.ts';
import { openCluster } from './cluster-ports.ts';
import { openConfigurationFile } from './configuration-file.ts';
import { followCredentials } from './credentials-in-force.ts';
import { createElected } from './elected.ts';
import { createReadiness } from './readiness.ts';
import { openStatusPort } from './status-port.ts';
import { watchTraffic } from './traffic.ts';

export interface ServeOptions {
  readonly config: Config;
  /** Where the configuration was read from, to be followed; absent: all defaults. */
  readonly configFile?: string;
  /** Docker config files, of which every entry is a credential. */
  readonly dockerConfigs: readonly string[];
  readonly kubeconfig?: string;
  /** Pullpass's own namespace; absent: that of the kubeconfig's context or of the Pod. */
  readonly namespace?: string;
  /** Unique among the replicas. */
  readonly identity: string;
  /** What programs that are asked for logins may see of. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Name of the Service that the API server calls. */
  readonly service: string;
  /** Name of the MutatingWebhookConfiguration. */
  readonly webhookConfiguration: string;
  readonly host: string;
  readonly port: number;
  readonly healthPort: number;
  /** On loopback only; 0: none. */
  readonly statusPort: number;
  /** How long it goes on serving after it was asked to stop. */
  readonly drainMs: number;
  /** Gives back the memory that the lists at the start needed; absent where the runtime does not offer it. */
  readonly collectGarbage?: () => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Serving {
  /** Resolves when the replica is ready for the first time. */
  readonly ready: Promise<void>;
  /** Not ready at once, then goes on serving until the endpoint has drained, then closes. */
  stop(): Promise<void>;
}

/** What is under way when the drain is over has its time-out, 10 s unless somebody says otherwise. */
const DISMISS_MS = 10_000;
const CLOSE_MS = 2_000;
/** So long after the start everything is as it will be. */
const SETTLED_MS = 5_000;

export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, log, metrics, service } = options;
  const time = SYSTEM_TIME;
  const client = connect({
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    onCall: (verb, resource, code) => metrics.apiCalls.inc({ verb, resource, code: String(code) }),
  });
  const own = options.namespace ?? client.namespace;
  const cluster = openCluster({ client, pullSecret: config.pullSecret, own, log });
  const credentials = followCredentials({ ...options, client, own });
  const admission = createAdmission(
    {
      participation: { namespaces: config.namespaces, own },
      pullSecretName: config.pullSecret.name,
      formerNames: config.pullSecret.formerNames,
    },
    { ...lookup({ ...cluster, time }), pullSecret: cluster.view.pullSecret },
    createEnsure(cluster.ensurePorts),
    credentials.inForce,
    () => performance.now(),
  );
  const { admit, isDense } = watchTraffic(admission, () => performance.now());
  const stopping = new AbortController();
  const readiness = createReadiness(
    () => stopping.signal.aborted,
    () => (certificate.inUse()?.expires ?? 0) <= time.now(),
  );
  const walk = openWalk();
  if (walk === undefined) log.warn({}, 'there is no WebAssembly here: reviews take several times as long to read');
  const minVersion = config.certificate.minTlsVersion === '1.2' ? 'TLSv1.2' : 'TLSv1.3';
  const door = await createServer({
    tls: { minVersion },
    admit,
    readReview: createReviewReader(selectWorkloads(config.workloads), walk),
    canTell: () => !readiness.waitsFor('view') && !readiness.waitsFor('credentials'),
    draining: () => stopping.signal.aborted,
    observe: createAdmissionReport({ log, metrics, now: () => performance.now() }),
    now: () => performance.now(),
  });
  const certificate = keepCertificate({
    ...{ config: config.certificate, client, own, service, log, metrics },
    bundles: () => bundle.live(),
    use(next) {
      door.swap({ cert: next.cert, key: next.key, minVersion });
      judgeTrust();
    },
    onWanted: () => bundle.nudge(),
  });
  const bundle = keepBundle({
    ...{ client, name: options.webhookConfiguration, wanted: certificate.wanted, time, log: cluster.log },
    onWrite: (outcome) => metrics.caBundleWrites.inc({ outcome }),
  });
  const isTrusted = (): boolean => isTrustedBy(bundle.live(), certificate.inUse()?.cert ?? '', time.now());
  let trusted = false;
  function judgeTrust(): void {
    trusted = isTrusted();
    if (trusted) readiness.arrived('certificate');
  }
  bundle.onLive(() => {
    certificate.nudge();
    judgeTrust();
  });
  certificate.nudge();
  // Certificates become good and bad by the clock, without any news.
  function notReady(): string | undefined {
    judgeTrust();
    return readiness.missing();
  }
  const health = await createHealthServer({
    notReady,
    metrics() {
      judgeTrust();
      metrics.ready.set(readiness.missing() === undefined ? 1 : 0);
      metrics.caBundleTrue.set(trusted ? 1 : 0);
      return metrics.registry.metrics();
    },
  });
  await door.app.listen({ host: options.host, port: options.port });
  await health.listen({ host: options.host, port: options.healthPort });
  log.info({ port: options.port, healthPort: options.healthPort, namespace: own }, 'listening');
  const serves = (): boolean => readiness.missing() === undefined;
  const around = { client, cluster, credentials, own, serves, live: bundle };
  const elected = createElected({ ...options, ...around, isCrowded: isDense });
  const configuration = openConfigurationFile(options, credentials);
  const status = await openStatusPort({
    ...options,
    ...{ replica: options.identity, port: options.statusPort, own, credentials, live: bundle, view: cluster.view },
    ...{ notReady, insight: elected.insight, refusedConfiguration: configuration.problems },
    ...{ expires: () => certificate.inUse()?.expires, isTrusted },
  });
  const known = Promise.all([
    cluster.view.whenSynced.then(() => readiness.arrived('view')),
    credentials.ready.then(() => readiness.arrived('credentials')),
  ]);
  // Sync needs no certificate: what is wrong with the door must not keep the Secrets from being true.
  void known.then(async () => {
    if (!stopping.signal.aborted) elected.stand();
    // The first pass has been made by then, if this replica is elected.
    await time.sleep(SETTLED_MS, stopping.signal);
    options.collectGarbage?.();
  });
  const ready = readiness.ready.then(() => {
    log.info('ready');
    // Not before: it takes a tenth of a second, and it takes longer until somebody asks.
    options.collectGarbage?.();
  });

  async function stop(): Promise<void> {
    stopping.abort();
    log.info({ drainMs: options.drainMs }, 'draining');
    configuration.stop();
    const resigned = elected.stop();
    await time.sleep(options.drainMs);
    await door.dismiss(DISMISS_MS);
    credentials.close();
    status.close();
    await Promise.race([Promise.all([door.app.close(), health.close()]), time.sleep(CLOSE_MS)]);
    const watches = [resigned, cluster.view.stop(), bundle.stop(), certificate.stop(), client.close()];
    await Promise.race([Promise.all(watches), time.sleep(CLOSE_MS)]);
    log.info('stopped');
  }
  return { ready, stop };
}
