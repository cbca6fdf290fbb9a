// What is counted and said of each admission.
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
