// Fits the keeper of the serving certificate to the cluster, the files, the log and the metrics: our own CA in its Secret, or
// files of somebody else, as the configuration says.
import { keepFromFiles } from '../certificates/files.ts';
import { keepSelfSigned } from '../certificates/self.ts';
import type { CertificateKeeper, KeeperPorts, ServingCertificate } from '../certificates/serving-certificate.ts';
import { openAuthoritySecret } from '../cluster/authority-secret.ts';
import type { Client } from '../cluster/client.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import type { Config } from '../config/schema.ts';
import { AUTHORITY_SECRET_NAME } from '../core/names.ts';
import { diskFiles, readFailure } from '../credentials/files.ts';
import { type Logger, stackOf } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { clusterLog } from './cluster-ports.ts';
import { later } from './later.ts';

export interface CertificateOptions extends Pick<KeeperPorts, 'bundles' | 'use' | 'onWanted'> {
  readonly config: Config['certificate'];
  readonly client: Client;
  /** Pullpass's own namespace. */
  readonly own: string;
  /** Name of the Service that the API server calls. */
  readonly service: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function keepCertificate(options: CertificateOptions): CertificateKeeper {
  const { own, service, log, metrics } = options;
  const dnsNames = [`${service}.${own}.svc`, `${service}.${own}.svc.cluster.local`, `${service}.${own}`];
  const ports: KeeperPorts = {
    ...options,
    use(certificate) {
      options.use(certificate);
      tellOfUse(certificate, log, metrics);
    },
    onFault: (error) =>
      log.error({ stack: stackOf(error) }, 'a turn of the certificate failed because of a fault of ours'),
    now: SYSTEM_TIME.now,
    later,
  };
  const { files } = options.config;
  return files === undefined
    ? fromSecret(options, ports, dnsNames)
    : fromFiles(options, ports, files, dnsNames[0] ?? '');
}

function tellOfUse({ expires }: ServingCertificate, log: Logger, metrics: Metrics): void {
  metrics.certificateExpiry.set(expires / 1_000);
  metrics.certificateChanges.inc({ outcome: 'swapped' });
  log.info({ expires: new Date(expires).toISOString() }, 'a new certificate is in use');
}

const STEPS = {
  made: 'a CA was made',
  restored: 'the Secret of the CA was gone or damaged, and was written again',
  prepared: 'a new CA was made, and is published before it signs',
  promoted: 'the new CA signs from now on',
} as const;

function fromSecret(options: CertificateOptions, ports: KeeperPorts, dnsNames: readonly string[]): CertificateKeeper {
  const { client, own: namespace, config, log, metrics } = options;
  const secret = openAuthoritySecret({
    client,
    namespace,
    onChange: () => keeper.nudge(),
    time: SYSTEM_TIME,
    log: clusterLog(log),
  });
  const keeper = keepSelfSigned({
    ...ports,
    store: secret,
    dnsNames,
    caMs: config.caLife,
    leafMs: config.leafLife,
    onProblem: sayOnce((problem) => {
      metrics.certificateChanges.inc({ outcome: 'refused' });
      log.error({ name: AUTHORITY_SECRET_NAME, why: problem }, 'the Secret of the CA cannot be used');
    }),
    onStep: (step) => log.info({ name: AUTHORITY_SECRET_NAME }, STEPS[step]),
    onAuthority: (until) => metrics.caExpiry.set(until / 1_000),
  });
  return {
    ...keeper,
    async stop() {
      await Promise.all([keeper.stop(), secret.stop()]);
    },
  };
}

function fromFiles(
  { log, metrics }: CertificateOptions,
  ports: KeeperPorts,
  paths: NonNullable<Config['certificate']['files']>,
  dnsName: string,
): CertificateKeeper {
  const disk = diskFiles();
  let waited = false;
  return keepFromFiles({
    ...ports,
    paths,
    read: disk.read,
    readFailure,
    watch: disk.watch,
    dnsName,
    onProblem: sayOnce((problem) => {
      metrics.certificateChanges.inc({ outcome: 'refused' });
      log.error({ why: problem }, 'the new certificate is refused, the one before stays in use');
    }),
    onWaiting(waiting) {
      if (waiting && !waited) {
        metrics.certificateChanges.inc({ outcome: 'waiting' });
        log.warn('a new certificate waits until the webhook configuration trusts it, the one before stays in use');
      }
      waited = waiting;
    },
  });
}

/** Says a problem when it comes or becomes another one. */
function sayOnce(say: (problem: string) => void): (problem: string | undefined) => void {
  let said: string | undefined;
  return (problem) => {
    if (problem !== undefined && problem !== said) say(problem);
    said = problem;
  };
}
