// One admission, from a review to its answer: read the subject, look up what stands around it, decide, make sure of the
// pull Secret, answer. It must never fail a deploy: every way ends in an answer that lets the object through, or in
// "could not tell", which leaves the choice to the administrator's failurePolicy.
import {
  decideImages,
  type ImageDecision,
  type Injection,
  needsSurroundings,
  planInjection,
} from '../core/injection.ts';
import { namespaceRefusal, type Participation } from '../core/participation.ts';
import { type PatchOperation, planPatch } from '../core/patch.ts';
import type { Policy } from '../core/policy.ts';
import type { EnsureReason, ObjectReason } from '../core/reason.ts';
import type { Labels } from '../core/selector.ts';
import type { Subject } from '../core/subject.ts';
import { PLAIN_SERVICE_ACCOUNT, type PullSecretState, type ServiceAccountState } from '../core/surroundings.ts';
import { lookUpTime } from './deadline.ts';
import type { CredentialsInForce, Ensure } from './ensure.ts';
import type { ReviewRequest } from './review.ts';
import { andThen, type Soon } from './soon.ts';
import { warningsFor } from './warning.ts';

/** Absent and could not tell are different answers. */
export type Found<T> = { readonly found: T } | { readonly absent: true } | { readonly unknown: string };

/** The cluster as an admission sees it: from memory and at once, or within so many milliseconds by a live read where memory does not know. */
export interface AdmissionView {
  namespace(
    name: string,
    takesPart: (labels: Labels) => boolean,
    withinMs: number,
  ): Soon<Found<{ readonly labels: Labels }>>;
  serviceAccount(namespace: string, name: string, withinMs: number): Soon<Found<ServiceAccountState>>;
  pullSecret(namespace: string): PullSecretState | undefined;
}

export interface AdmissionSettings {
  readonly participation: Participation;
  readonly pullSecretName: string;
  /** Those that the pull Secret had before. */
  readonly formerNames?: readonly string[];
}

export interface Admission {
  readonly reason: ObjectReason;
  readonly images: readonly ImageDecision[];
  readonly credentials: readonly string[];
  readonly ensured?: EnsureReason;
  readonly patch: readonly PatchOperation[];
  readonly warnings: readonly string[];
}

interface Decided {
  /** Of the namespace, by which it was decided. */
  readonly labels: Labels;
  readonly images: readonly ImageDecision[];
}

/** How it was decided, and how long another look may take. */
interface Place extends Decided {
  readonly namespace: string;
  readonly withinMs: number;
}

export type Verdict = Admission | { readonly couldNotTell: string };

/** @param timeoutMs what is left of the request's time-out, less a margin; everything stays within it */
export type Admit = (review: ReviewRequest, timeoutMs: number) => Soon<Verdict>;

export function createAdmission(
  settings: AdmissionSettings,
  view: AdmissionView,
  ensure: Ensure,
  inForce: () => CredentialsInForce,
  now: () => number,
): Admit {
  const { participation, pullSecretName, formerNames = [] } = settings;

  return (review, timeoutMs) => {
    const { subject, namespace, dryRun } = review;
    if (typeof subject === 'string') return leftAlone(subject);
    return admit(subject, { namespace, dryRun }, timeoutMs);
  };

  function admit(
    subject: Subject,
    { namespace, dryRun }: Pick<ReviewRequest, 'namespace' | 'dryRun'>,
    timeoutMs: number,
  ): Soon<Verdict> {
    const started = now();
    const left = (ofMs: number): number => ofMs - (now() - started);
    const lookUpMs = lookUpTime(timeoutMs);
    const takesPart = (labels: Labels): boolean => namespaceRefusal(namespace, labels, participation) === undefined;
    if (namespaceRefusal(namespace, {}, participation) === 'namespace-excluded') return leftAlone('namespace-excluded');

    function decide(known: Found<{ readonly labels: Labels }>): Soon<Verdict> {
      if ('unknown' in known) return { couldNotTell: `namespace: ${known.unknown}` };
      if ('absent' in known || !takesPart(known.found.labels)) return leftAlone('namespace-not-enabled');
      const credentials = inForce();
      const decided = decideFor(subject, known.found.labels, credentials.policy);
      const settled = decided.images.every(isSettled)
        ? decided
        : lookAgain(subject, { ...decided, namespace, withinMs: left(lookUpMs) }, credentials.policy);
      return andThen(settled, (decided) => lookAround(decided, credentials));
    }

    function lookAround({ labels, images }: Decided, credentials: CredentialsInForce): Soon<Verdict> {
      if (!needsSurroundings(subject, images, pullSecretName, formerNames)) {
        return leftAlone('no-private-image', images);
      }
      const account = view.serviceAccount(namespace, subject.serviceAccount, left(lookUpMs));
      return andThen(account, (account) => {
        if ('unknown' in account) return { couldNotTell: `ServiceAccount: ${account.unknown}` };
        const serviceAccount = 'found' in account ? account.found : PLAIN_SERVICE_ACCOUNT;
        return inject({ labels, images }, serviceAccount, credentials);
      });
    }

    function inject(
      { labels, images }: Decided,
      serviceAccount: ServiceAccountState,
      credentials: CredentialsInForce,
    ): Soon<Verdict> {
      const plan = (): Injection => {
        const around = { serviceAccount, pullSecret: view.pullSecret(namespace) };
        return planInjection(subject, images, around, pullSecretName, formerNames);
      };
      const injection = plan();
      if (injection.needs.length === 0) return answer(subject, injection);
      if (dryRun) return answer(subject, injection, 'dry-run');
      const ensured = ensure({ namespace, labels, needs: injection.needs, timeoutMs: left(timeoutMs) }, credentials);
      // A Secret that only the write found to be somebody else's must not be listed either: decide again.
      return andThen(ensured, (ensured) =>
        ensured === 'foreign' ? answer(subject, plan()) : answer(subject, injection, ensured),
      );
    }

    return andThen(view.namespace(namespace, takesPart, left(lookUpMs)), decide);
  }

  /** An image that only the labels keep from its credential gets a second look: the namespace may just have been relabelled. */
  async function lookAgain(subject: Subject, place: Place, policy: Policy): Promise<Decided> {
    const isGood = (labels: Labels): boolean => decideFor(subject, labels, policy).images.every(isSettled);
    const fresh = await view.namespace(place.namespace, isGood, place.withinMs);
    // A second look that could not be had changes nothing: what was known of the namespace still stands.
    return 'found' in fresh ? decideFor(subject, fresh.found.labels, policy) : place;
  }

  function answer(subject: Subject, injection: Injection, ensured?: EnsureReason): Admission {
    const { reason, aboutOurs, images, credentials } = injection;
    const context = { pullSecret: pullSecretName, serviceAccount: subject.serviceAccount };
    return {
      reason,
      images,
      credentials,
      ...(ensured === undefined ? {} : { ensured }),
      patch: planPatch(subject, injection),
      warnings: warningsFor(aboutOurs, ensured, context),
    };
  }
}

function decideFor(subject: Subject, labels: Labels, policy: Policy): Decided {
  return { labels, images: decideImages(subject.images, labels, policy) };
}

function isSettled({ reason }: ImageDecision): boolean {
  return reason !== 'not-allowed';
}

function leftAlone(reason: ObjectReason, images: readonly ImageDecision[] = []): Admission {
  return { reason, images, credentials: [], patch: [], warnings: [] };
}
