// What is counted and said of each admission. Rejections may come by the thousand a second: all are counted, and of each
// reason at most one a second is said, with how many were not.
import { type Logger, stackOf } from './logger.ts';
import type { Metrics } from './metrics.ts';

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
  | {
      readonly kind: 'rejected';
      readonly reason: string;
      readonly status: number;
      readonly problem: string;
      readonly error?: unknown;
    };

type Answered = Extract<AdmissionEvent, { kind: 'answered' }>;
type Rejected = Extract<AdmissionEvent, { kind: 'rejected' }>;

export interface AdmissionReportOptions {
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'admissions' | 'images' | 'ensures' | 'rejected' | 'duration'>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

const SAY_EVERY_MS = 1_000;

export function createAdmissionReport({ log, metrics, now }: AdmissionReportOptions): (event: AdmissionEvent) => void {
  const said = new Map<string, { at: number; unsaid: number }>();

  function observeRejection({ reason, status, problem, error }: Rejected): void {
    metrics.rejected.inc({ reason, status: String(status) });
    const last = said.get(reason);
    if (last !== undefined && now() - last.at < SAY_EVERY_MS) {
      last.unsaid += 1;
      return;
    }
    const more = last === undefined || last.unsaid === 0 ? {} : { notLogged: last.unsaid };
    said.set(reason, { at: now(), unsaid: 0 });
    if (status === 500)
      log.error({ reason, stack: stackOf(error), ...more }, 'an admission failed because of a fault of ours');
    else log.warn({ reason, status, why: problem, ...more }, 'a request was not answered with a review');
  }

  return (event) => (event.kind === 'rejected' ? observeRejection(event) : observeAnswer(event, log, metrics));
}

function observeAnswer(
  { review, verdict, ms }: Answered,
  log: Logger,
  metrics: AdmissionReportOptions['metrics'],
): void {
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
