// One line of the answer, and what all lines are concluded from. The surprising rule: what keeps the pull Secret away is no
// fault where nothing needs it, and none of today's where every Pod has it already; so the same fact is blamed in one case and
// only mentioned in another.
import type { ReplicaStatus } from '../core/replica-status.ts';
import type { Names, Reason } from './advice.ts';
import { type Decision, decide } from './decision.ts';
import { type Facts, type PodFact, statusOf } from './facts.ts';

export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail' | '-';
  /** What the line is about: `namespace`. */
  readonly about: string;
  readonly text: string;
  readonly reason?: Reason;
  /** For the sentence and the command of the reason. */
  readonly names?: Names;
}

export interface Case {
  readonly facts: Facts;
  /** Undefined where no replica could be asked. */
  readonly status: ReplicaStatus | undefined;
  readonly decision: Decision | undefined;
  readonly pullSecret: string;
  /**
   * lists: every Pod has the pull Secret. needs: something private lacks it. nothing: nothing is private. unknown: no replica
   * said what is private.
   */
  readonly is: 'lists' | 'needs' | 'nothing' | 'unknown';
  /** How what keeps the pull Secret away is to be said. */
  readonly blame: Finding['state'];
}

const PULL_FAILED: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'Failed', 'BackOff']);
const RUNS: ReadonlySet<string> = new Set(['Running', 'Succeeded']);
const REFUSED =
  /\b(401|403)\b|unauthori[sz]ed|authori[sz]ation failed|denied|no basic auth|authentication required|insufficient.scope|forbidden/i;

const IS_BACK_OFF = /^Back-off pulling image "[^"]*"$/;

export function openCase(facts: Facts): Case {
  const status = statusOf(facts.replica);
  const decision = status && decide(facts, status);
  const pullSecret = facts.pullSecret.name;
  const is = situation(facts, decision, pullSecret);
  const isQuiet = facts.pods.length > 0 && facts.pods.every(({ phase }) => RUNS.has(phase));
  const byDoubt = is === 'unknown' && isQuiet ? 'warn' : 'fail';
  const blame = is === 'lists' ? 'warn' : is === 'nothing' ? '-' : byDoubt;
  return { facts, status, decision, pullSecret, is, blame };
}

function situation(facts: Facts, decision: Decision | undefined, pullSecret: string): Case['is'] {
  const { pods } = facts;
  if (pods.length > 0 && pods.every(({ lists }) => lists.includes(pullSecret))) return 'lists';
  if (decision === undefined) return 'unknown';
  const needs = decision.images.some(
    ({ reason, image }) => ['served', 'not-allowed', 'no-login'].includes(reason) || isRefused(facts, image),
  );
  // What is left alone before its images are looked at has none here.
  return needs || (decision.images.length === 0 && decision.pod !== 'no-images') ? 'needs' : 'nothing';
}

export function isPullFailure({ reason }: { readonly reason: string }): boolean {
  return PULL_FAILED.has(reason);
}

export function isStuck({ waiting }: PodFact): boolean {
  return waiting.some(isPullFailure);
}

/** What a kubelet or runtime said of the pull of an image, what tells most; undefined if nothing went wrong. */
export function pullFailure({ pods }: Pick<Facts, 'pods'>, image: string): string | undefined {
  const told = pods.flatMap(({ waiting, events }) => [...waiting, ...events].filter(isPullFailure));
  const about = told.map(({ message }) => message).filter((message) => message.includes(image));
  // A back-off repeats the name of the image alone; what was said before it says why.
  return (
    about.find((message) => refuses(message, image)) ?? about.find((message) => !IS_BACK_OFF.test(message)) ?? about[0]
  );
}

/** Whether a registry said no, rather than that it could not be reached or has no such image. */
export function isRefused(facts: Pick<Facts, 'pods'>, image: string): boolean {
  const failure = pullFailure(facts, image);
  return failure !== undefined && refuses(failure, image);
}

/** The name of an image may hold such words itself. */
function refuses(message: string, image: string): boolean {
  return REFUSED.test(message.replaceAll(image, ''));
}
