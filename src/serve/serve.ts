// Builds `serve` out of its parts: the cluster, the credentials in force, the admission door, the health port and what the
// elected replica does, and takes them down in the order that loses no request. It decides nothing; it is the one place
// where everything meets.
import { connect } from '../cluster/client.ts';
import { lookup } from '../cluster/lookup.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { publishCa } from '../cluster/webhook-configuration.ts';
import type { Config } from '../config/schema.ts';
import { selectWorkloads } from '../core/workload.ts';
import { diskFiles } from '../credentials/files.ts';
import { observeAdmission } from '../telemetry/admissions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createAdmission } from '../webhook/admission.ts';
import { makeServingCertificate } from '../webhook/certificate.ts';
import { createEnsure } from '../webhook/ensure.ts';
import { createHealthServer } from '../webhook/health.ts';
import { createServer } from '../webhook/server.ts';
import { openCluster } from './cluster-ports.ts';
import { followConfiguration } from './configuration.ts';
import { type Credentials, followCredentials } from './credentials-in-force.ts';
import { createElected } from './elected.ts';

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

/** How long connections may take to close after the drain. */
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
  const cluster = openCluster({ client, pullSecretName: config.pullSecret.name, own, log });
  const credentials = followCredentials({ ...options, client, own });
  const admit = createAdmission(
    {
      participation: { namespaces: config.namespaces, own },
      workloads: selectWorkloads(config.workloads),
      pullSecretName: config.pullSecret.name,
    },
    { ...lookup({ ...cluster, time }), pullSecret: cluster.view.pullSecret },
    createEnsure(cluster.ensurePorts),
    credentials.inForce,
    () => performance.now(),
  );
  const names = [`${service}.${own}.svc`, `${service}.${own}.svc.cluster.local`, `${service}.${own}`];
  const certificate = await makeServingCertificate(names, new Date());
  metrics.certificateExpiry.set(certificate.expires.getTime() / 1_000);
  const stopping = new AbortController();
  const awaited = new Set(['view', 'credentials', 'ca']);
  const arrived = (what: string) => (): void => void awaited.delete(what);
  const missing = (): string | undefined => {
    if (stopping.signal.aborted) return 'draining';
    return awaited.size === 0 ? undefined : `waiting for ${[...awaited].join(', ')}`;
  };
  const server = await createServer({
    certificate,
    admit,
    canTell: () => !awaited.has('view') && !awaited.has('credentials'),
    draining: () => stopping.signal.aborted,
    observe: (event) => observeAdmission(event, log, metrics),
    now: () => performance.now(),
  });
  const health = await createHealthServer({ notReady: missing, metrics: () => metrics.registry.metrics() });
  await server.listen({ host: options.host, port: options.port });
  await health.listen({ host: options.host, port: options.healthPort });
  log.info({ port: options.port, healthPort: options.healthPort, namespace: own }, 'listening');
  const published = publishCa({
    client,
    name: options.webhookConfiguration,
    caPem: certificate.ca,
    signal: stopping.signal,
    time,
    log: cluster.log,
  });
  const serves = (): boolean => missing() === undefined;
  const elected = createElected({ ...options, client, cluster, credentials, own, serves });
  const known = Promise.all([
    cluster.view.whenSynced.then(arrived('view')),
    credentials.ready.then(arrived('credentials')),
  ]);
  // Sync needs no certificate: what is wrong with the door must not keep the Secrets from being true.
  void known.then(async () => {
    options.collectGarbage?.();
    if (!stopping.signal.aborted) elected.stand();
    // The first pass has been made by then, if this replica is elected.
    await time.sleep(SETTLED_MS, stopping.signal);
    options.collectGarbage?.();
  });
  const ready = Promise.all([
    known,
    published.then((outcome) => (outcome === 'published' ? arrived('ca')() : undefined)),
  ]).then(() => {
    if (awaited.size > 0) return;
    metrics.ready.set(1);
    log.info('ready');
  });
  const unfollow = followFile(options, credentials);

  async function stop(): Promise<void> {
    stopping.abort();
    metrics.ready.set(0);
    log.info({ drainMs: options.drainMs }, 'draining');
    unfollow();
    await Promise.all([elected.stop(), time.sleep(options.drainMs)]);
    credentials.close();
    // The API server keeps idle connections; whoever asked is gone after the drain, so they are not waited for long.
    await Promise.race([Promise.all([server.close(), health.close()]), time.sleep(CLOSE_MS)]);
    await Promise.race([Promise.all([cluster.view.stop(), client.close()]), time.sleep(CLOSE_MS)]);
    log.info('stopped');
  }
  return { ready, stop };
}

function followFile({ configFile, log, metrics }: ServeOptions, credentials: Credentials): () => void {
  if (configFile === undefined) return () => undefined;
  return followConfiguration({
    path: configFile,
    files: diskFiles(),
    current: () => credentials.inForce().config,
    wait: SYSTEM_TIME.sleep,
    apply: credentials.configure,
    log,
    metrics,
  });
}
