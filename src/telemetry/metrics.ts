// The logger and every metric, declared once. A log line is a fixed message plus fields; it must never hold a login or a
// whole object. Reasons come from the closed set of core/reason.ts, so no label can grow with what users send.
import { type DestinationStream, type Logger, pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The last net: fields that could hold a login are removed even if somebody logs them by mistake. */
const REDACTED = ['password', 'auth', 'username', 'data', 'stringData', 'token', 'authorization', 'login', 'logins'];

export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  const paths = REDACTED.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const timestamp = (): string => `,"time":"${new Date().toISOString()}"`;
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, timestamp, formatters, redact: { paths, remove: true } }, destination);
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Bounds in seconds: an admission answered from memory takes well under a millisecond, one that writes a few. */
const ADMISSION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'pullpass_' });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `pullpass_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: `pullpass_${name}`, help, labelNames: [...labelNames], registers });
  return {
    registry,
    admissions: counter('admissions_total', 'Answered reviews by reason', ['reason']),
    images: counter('images_total', 'Images of answered reviews by reason', ['reason']),
    ensures: counter('ensures_total', 'What became of the pull Secret while an admission waited for it', ['reason']),
    rejected: counter('reviews_rejected_total', 'Requests not answered with a review, by HTTP status', ['status']),
    duration: new Histogram({
      name: 'pullpass_admission_duration_seconds',
      help: 'Time from the whole request read to the answer',
      buckets: ADMISSION_BUCKETS,
      registers,
    }),
    apiCalls: counter('api_calls_total', 'Calls to the API server', ['verb', 'resource', 'code']),
    credentials: gauge('credentials', 'Credentials in force', []),
    credentialProblems: gauge('credential_problems', 'Problems of credentials as they are now, by kind', ['kind']),
    certificateExpiry: gauge('certificate_expiry_timestamp_seconds', 'When the serving certificate expires', []),
    ready: gauge('ready', 'Whether this replica has been ready and is not draining', []),
  };
}

/** What the admission door reports of one request; only what is read here. */
export type AdmissionEvent =
  | {
      readonly kind: 'answered';
      readonly ms: number;
      readonly review: {
        readonly namespace: string;
        readonly name: string;
        readonly kind: { readonly kind: string };
        readonly dryRun: boolean;
      };
      readonly verdict: {
        readonly reason: string;
        readonly ensured?: string;
        readonly credentials: readonly string[];
        readonly images: readonly {
          readonly place: string;
          readonly image: string;
          readonly reason: string;
          readonly credential?: string;
        }[];
      };
    }
  | { readonly kind: 'rejected'; readonly status: number; readonly problem: string; readonly error?: unknown };

export function observeAdmission(event: AdmissionEvent, log: Logger, metrics: Metrics): void {
  if (event.kind === 'rejected') {
    metrics.rejected.inc({ status: String(event.status) });
    if (event.status === 500)
      log.error({ stack: stackOf(event.error) }, 'an admission failed because of a fault of ours');
    else log.warn({ status: event.status, why: event.problem }, 'a request was not answered with a review');
    return;
  }
  const { review, verdict, ms } = event;
  metrics.admissions.inc({ reason: verdict.reason });
  metrics.duration.observe(ms / 1_000);
  for (const { reason } of verdict.images) metrics.images.inc({ reason });
  if (verdict.ensured !== undefined) metrics.ensures.inc({ reason: verdict.ensured });
  const { dryRun } = review;
  const [namespace, name, kind] = [review.namespace, review.name, review.kind.kind].map((text) =>
    text.slice(0, NAME_MAX),
  );
  const { reason, credentials, ensured } = verdict;
  const images = verdict.images.slice(0, IMAGES_LOGGED).map(describeImage);
  const spent = Math.round(ms * 1_000) / 1_000;
  const fields = { namespace, kind, name, reason, images, credentials, ensured, ms: spent };
  log.info(dryRun ? { ...fields, dryRun } : fields, 'admission');
}

/** A line answers "why (not)?" for every image of a usual Pod, and stays a line for one that somebody made to be long. */
const IMAGES_LOGGED = 20;
const IMAGE_LENGTH_LOGGED = 200;
/** What Kubernetes allows; a stranger may send more. */
const NAME_MAX = 253;

function describeImage(decision: {
  readonly place: string;
  readonly image: string;
  readonly reason: string;
  readonly credential?: string;
}): string {
  const { place, image, reason, credential } = decision;
  // What is no image reference may be a mistake of the kind `user:password@host`: it is not repeated.
  if (reason === 'invalid-reference') return `${place}: ${reason}`;
  return `${image.slice(0, IMAGE_LENGTH_LOGGED)}: ${reason}${credential === undefined ? '' : ` by ${credential}`}`;
}

/** Where, not what: a message may quote what it stumbled over. */
function stackOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return [error instanceof Error ? error.name : 'unknown', ...lines.filter((line) => /^\s+at /.test(line)).slice(0, 8)];
}

/** What is in force of the credentials, and what is wrong with them. */
export function observeCatalog(
  catalog: {
    readonly credentials: readonly { readonly name: string }[];
    readonly problems: readonly {
      readonly credential: string;
      readonly kind: string;
      readonly where: string;
      readonly problem: string;
    }[];
  },
  log: Logger,
  metrics: Metrics,
): void {
  metrics.credentials.set(catalog.credentials.length);
  metrics.credentialProblems.reset();
  for (const { kind } of catalog.problems) metrics.credentialProblems.inc({ kind });
  log.info({ credentials: catalog.credentials.map(({ name }) => name) }, 'credentials in force');
  for (const { credential, kind, where, problem } of catalog.problems) {
    log.warn({ credential, kind, where, problem }, 'a credential has a problem');
  }
}
