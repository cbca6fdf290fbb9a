// What is counted and said of each admission. All are counted. A line has each that changed its object or went not as it should;
// those that left it alone are said at debug, and like rejections, which may come by the thousand a second, only some of each
// reason, with how many were not.
import { type Logger, stackOf, writeLine } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { createSampler } from './sampler.ts';

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
        readonly patch: readonly unknown[];
        readonly warnings: readonly string[];
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

/** Of each reason. */
const REJECTED_SAID = { most: 1, inMs: 1_000 };
const LEFT_ALONE_SAID = { most: 10, inMs: 1_000 };

export function createAdmissionReport({ log, metrics, now }: AdmissionReportOptions): (event: AdmissionEvent) => void {
  const saysRejected = createSampler({ ...REJECTED_SAID, now });
  const saysLeftAlone = createSampler({ ...LEFT_ALONE_SAID, now });

  function observeRejection({ reason, status, problem, error }: Rejected): void {
    metrics.rejected.inc({ reason, status: String(status) });
    const sample = saysRejected(reason);
    if (sample === undefined) return;
    if (status === 500)
      log.error({ reason, stack: stackOf(error), ...sample }, 'an admission failed because of a fault of ours');
    else log.warn({ reason, status, why: problem, ...sample }, 'a request was not answered with a review');
  }

  function observeAnswer({ review, verdict, ms }: Answered): void {
    metrics.admissions.count(verdict.reason);
    metrics.duration.observe(ms / 1_000);
    for (const { reason } of verdict.images) metrics.images.count(reason);
    if (verdict.ensured !== undefined) metrics.ensures.count(verdict.ensured);
    if (isNews(verdict)) {
      writeLine(log, 'info', describe(review, verdict, ms), MESSAGE);
    } else if (log.isLevelEnabled('debug')) {
      const sample = saysLeftAlone(verdict.reason);
      const more = sample?.notLogged === undefined ? '' : `,"notLogged":${sample.notLogged}`;
      if (sample !== undefined) writeLine(log, 'debug', describe(review, verdict, ms) + more, MESSAGE);
    }
  }

  return (event) => (event.kind === 'rejected' ? observeRejection(event) : observeAnswer(event));
}

const MESSAGE = 'admission';
/** What became of the pull Secret where there was nothing to do about it. */
const IN_ORDER: ReadonlySet<string | undefined> = new Set([undefined, 'present', 'dry-run']);

/** Something was changed, or went not as it should. */
function isNews({ patch, warnings, ensured, images }: Answered['verdict']): boolean {
  if (patch.length > 0 || warnings.length > 0 || !IN_ORDER.has(ensured)) return true;
  return images.some(({ reason }) => reason === 'no-login');
}

/** Fields as JSON. All are named here, and none can hold a login. */
function describe(review: Answered['review'], verdict: Answered['verdict'], ms: number): string {
  const text = (value: string): string => JSON.stringify(value.slice(0, NAME_MAX));
  const { reason, credentials, ensured } = verdict;
  const images = verdict.images.slice(0, IMAGES_LOGGED).map(describeImage);
  const about = `"namespace":${text(review.namespace)},"kind":${text(review.kind.kind)},"name":${text(review.name)}`;
  const decided = `"reason":"${reason}","images":${JSON.stringify(images)},"credentials":${JSON.stringify(credentials)}`;
  const secured = ensured === undefined ? '' : `,"ensured":"${ensured}"`;
  return `${about},${decided}${secured},"ms":${Math.round(ms * 1_000) / 1_000}${review.dryRun ? ',"dryRun":true' : ''}`;
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
