// From facts to an answer: the findings in the order of an admission, the first of them that is a fault as the cause, and what the
// reason of it says. Pure.
import { aboutImages } from './about-images.ts';
import { aboutNamespace } from './about-namespace.ts';
import { aboutObject, anewCommand, ownReason } from './about-object.ts';
import { aboutPods, isFault } from './about-pods.ts';
import { aboutReplicas } from './about-replicas.ts';
import { aboutLogins, aboutSecret } from './about-secret.ts';
import { aboutAttempt, aboutWebhook } from './about-webhook.ts';
import { type Advice, ANEW, adviceOn, fill, type Names, type Reason } from './advice.ts';
import type { Facts } from './facts.ts';
import { type Case, type Finding, openCase } from './finding.ts';
import { labelOf } from './kinds.ts';
import { shellWord } from './words.ts';

export interface Explanation {
  /** `pod/web`. */
  readonly object: string;
  readonly namespace: string;
  readonly findings: readonly Finding[];
  /** The one of them that is the cause, if any is. */
  readonly cause: Finding | undefined;
  readonly reason: Reason;
  /** fine: it has, or would get, what it needs. */
  readonly is: 'fine' | 'wrong' | 'unknown';
  /** One sentence. */
  readonly verdict: string;
  /** The steps of the command that mends it, or, where all is fine, of one for an image that is private all the same. */
  readonly fix: readonly string[];
}

export function explain(facts: Facts): Explanation {
  const opened = openCase(facts);
  const findings = findingsOf(opened);
  const cause = findings.find(isFault);
  const reason = cause?.reason ?? fineReason(opened, findings);
  const advice = adviceOn(reason);
  const names = { ...namesOf(opened), ...(reason === 'could-not-tell' ? doubtOf(opened) : {}), ...cause?.names };
  return {
    ...{ object: objectOf(facts), namespace: facts.namespace.name, findings, cause, reason, is: advice.is },
    verdict: fill(advice.says, names) ?? advice.says.replace(/ ?\([^()]*\{[^()]*\)/g, '').replace(/\{\w+\}/g, '…'),
    fix: cause === undefined && reason === 'no-private-image' ? ifPrivate(opened, findings) : stepsOf(advice, names),
  };
}

/** Nobody knows whether an image is public. What would give it a login is said where somebody seems to have meant it to have one. */
function ifPrivate(opened: Case, findings: readonly Finding[]): readonly string[] {
  const left = findings.find(
    ({ reason, names }) =>
      reason === 'no-credential' && (opened.facts.target.form === 'image' || names?.widen !== undefined),
  );
  return left === undefined ? [] : stepsOf(adviceOn('no-credential'), { ...namesOf(opened), ...left.names });
}

/** What is a whole command, or made fit for a shell where it is made. All else may be anything: a manifest names it, or an owner. */
const READY: ReadonlySet<string> = new Set(['anew', 'optIn', 'admit', 'widen', 'setImage', 'labels', 'patch']);

function inShell(names: Names): Names {
  const words = Object.entries(names).map(([name, value]) => [
    name,
    READY.has(name) || !value ? value : shellWord(value),
  ]);
  return Object.fromEntries(words);
}

/** Making Pods anew alone mends nothing where something else should have come first. */
function stepsOf({ fix }: Advice, names: Names): readonly string[] {
  const words = inShell(names);
  const filled = fix.map((step) => fill(step, words));
  const mends = filled.some((step, i) => step !== undefined && (fix[i] !== ANEW || fix.length === 1));
  return mends ? filled.flatMap((step) => step ?? []) : [];
}

function findingsOf(opened: Case): readonly Finding[] {
  const before = [...aboutNamespace(opened), ...aboutWebhook(opened), ...aboutReplicas(opened), ...aboutObject(opened)];
  const images = aboutImages(opened);
  const secret = aboutSecret(opened);
  const attempt = aboutAttempt(opened, [...before, ...images, ...secret]);
  return [...before, ...attempt, ...images, ...secret, ...aboutLogins(opened), ...aboutPods(opened)];
}

/** Nothing is wrong: what is said then. */
function fineReason(opened: Case, findings: readonly Finding[]): Reason {
  const { is, decision, facts, pullSecret } = opened;
  const gets = 'lists' in facts.attempt && facts.attempt.lists.includes(pullSecret);
  if (is === 'lists') return 'already-listed';
  const isBlind = is !== 'nothing' && 'missing' in facts.namespace.read;
  if (decision === undefined || isBlind) {
    if (findings.some(({ state }) => state === 'fail') || facts.pods.length > 0 || !gets) return 'could-not-tell';
    return 'injected';
  }
  const isPod = facts.kind.kind === 'Pod' && facts.kind.group === '';
  if (is === 'nothing') return decision.pod === 'no-images' ? 'no-images' : 'no-private-image';
  return (isPod ? undefined : ownReason(opened)) ?? decision.pod;
}

function doubtOf({ facts, blame }: Case): Names {
  const asked = 'unavailable' in facts.replica ? 'no replica of Pullpass could be asked' : 'the answers do not agree';
  return { problem: blame === 'warn' ? `${asked}, but its Pods run` : asked };
}

function objectOf({ target, kind }: Facts): string {
  return target.form === 'image' ? `image ${target.image}` : labelOf(kind, target.name);
}

function namesOf(opened: Case): Names {
  const { facts, pullSecret } = opened;
  return {
    object: objectOf(facts),
    namespace: facts.namespace.name,
    own: facts.own,
    webhook: facts.webhook.name,
    account: facts.serviceAccount.name,
    resource: facts.kind.resource,
    pullSecret,
    managers: 'somebody else',
    anew: anewCommand(opened),
  };
}
