// From the body of a request to what goes back, whichever way the request came in. A review that is one is always answered with 200;
// the rest gets the status that lets the administrator's failurePolicy decide. It knows nothing of sockets.
import type { RejectReason } from '../core/reason.ts';
import type { Admission, Admit, Verdict } from './admission.ts';
import { formatAnswer } from './answer.ts';
import { deadlineOf } from './deadline.ts';
import type { Ticket } from './gate.ts';
import { mayComeAgain, REJECT_PROBLEM, REJECT_STATUS, RETRY_AFTER_S } from './rejection.ts';
import type { Response } from './response.ts';
import { rememberReturning } from './returning.ts';
import type { ReadReview, ReviewRequest } from './review.ts';
import type { Soon } from './soon.ts';
import type { Step, Turn } from './turn.ts';

/** A review without the objects in it. */
export type ReviewHead = Pick<ReviewRequest, 'uid' | 'namespace' | 'name' | 'kind' | 'dryRun'>;

export type ServerEvent =
  | {
      readonly kind: 'answered';
      readonly review: ReviewHead;
      readonly verdict: Admission;
      readonly ms: number;
    }
  | ({ readonly kind: 'rejected'; readonly status: number; readonly problem: string } & Rejection);

export interface Rejection {
  readonly reason: RejectReason;
  readonly problem?: string;
  readonly error?: unknown;
}

export interface AnsweringOptions {
  readonly admit: Admit;
  readonly readReview: (pieces: readonly Buffer[]) => ReadReview;
  /** False until every watch has delivered once: then nothing can be told yet. */
  readonly canTell: () => boolean;
  readonly observe: (event: ServerEvent) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A request that has come as a whole. */
export interface Arrived {
  /** Of the body. */
  readonly pieces: readonly Buffer[];
  /** It says how long the answer may take. */
  readonly url: string;
  readonly ticket: Ticket;
}

export interface Answering {
  /** Calls back once, perhaps before it returns. */
  answer(request: Arrived, done: (response: Response) => void): void;
  /** Tells of it, too. */
  reject(rejection: Rejection): Response;
}

type Asked = { readonly review: ReviewHead; readonly first: number; readonly verdict: Soon<Verdict> };
type Done = (response: Response) => void;

export function createAnswering(options: AnsweringOptions, turn: Turn): Answering {
  const { now } = options;
  const returning = rememberReturning();

  /** An answer is worth more than what is counted and said of it. */
  function tell(event: ServerEvent): void {
    try {
      options.observe(event);
    } catch {}
  }

  function reject({ reason, problem = REJECT_PROBLEM[reason], error }: Rejection): Response {
    const status = REJECT_STATUS[reason];
    tell({ kind: 'rejected', reason, status, problem, ...(reason === 'fault' ? { error } : {}) });
    return {
      ...{ status, type: 'text/plain', text: `${problem}\n` },
      ...(mayComeAgain(reason) ? { retryAfter: RETRY_AFTER_S } : {}),
      // Who sends so much is not the API server, and may go on sending.
      ...(reason === 'too-large' ? { closes: true } : {}),
    };
  }

  /** Nothing of the body lives on while the verdict is waited for: it may be megabytes, and many may wait. */
  function ask({ pieces, url, ticket }: Arrived): Asked | Rejection {
    const overloaded = ticket.begin();
    if (overloaded !== undefined) return { reason: overloaded };
    const read = options.readReview(pieces);
    if (!read.ok) return { reason: 'malformed', problem: read.problem };
    if (!options.canTell()) return { reason: 'not-synced' };
    const { uid, namespace, name, kind, dryRun } = read.review;
    const first = returning.first(uid, ticket.arrived);
    const timeoutMs = deadlineOf(url) - (now() - first);
    return { review: { uid, namespace, name, kind, dryRun }, first, verdict: options.admit(read.review, timeoutMs) };
  }

  /** What is told of an answer is the next step, after the answers to all that came together. */
  function settle({ review, first }: Asked, verdict: Verdict, came: number, done: Done): Step | undefined {
    if ('couldNotTell' in verdict) {
      returning.sentAway(review.uid, first);
      done(reject({ reason: 'could-not-tell', problem: verdict.couldNotTell }));
      return undefined;
    }
    const ms = now() - came;
    const text = orFault(formatAnswer, review.uid, verdict);
    if (typeof text !== 'string') {
      done(reject(text));
      return undefined;
    }
    done({ status: 200, type: 'application/json', text });
    return () => void tell({ kind: 'answered', review, verdict, ms });
  }

  function begin(request: Arrived, came: number, done: Done): Step | undefined {
    const asked = orFault(ask, request);
    if ('reason' in asked) {
      done(reject(asked));
      return undefined;
    }
    const { verdict } = asked;
    if (!(verdict instanceof Promise)) return () => settle(asked, verdict, came, done);
    // No longer a step of this turn.
    verdict.then(
      (late) => void settle(asked, late, came, done)?.(),
      (error) => done(reject({ reason: 'fault', error })),
    );
    return undefined;
  }

  return {
    answer(request, done) {
      const came = now();
      turn.afterReading(() => begin(request, came, done));
    },
    reject,
  };
}

/** Without a function made for the call: it would keep the body of the request for as long as others made beside it live. */
function orFault<A extends unknown[], T>(make: (...given: A) => T, ...given: A): T | Rejection {
  try {
    return make(...given);
  } catch (error) {
    return { reason: 'fault', error };
  }
}
