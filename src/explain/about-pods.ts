// The Pods that are there: whether they list the pull Secret, and what kubelets say of their pulls.
import { replaceableSource } from './about-images.ts';
import { adviceOn } from './advice.ts';
import type { PodFact } from './facts.ts';
import { type Case, type Finding, isPullFailure, isRefused, isStuck, pullFailure } from './finding.ts';
import { ageOf, few, quiet, quietPull } from './words.ts';

const SHOWN_MAX = 3;

export function aboutPods(opened: Case): readonly Finding[] {
  const { facts, is, pullSecret } = opened;
  const { pods } = facts;
  if (pods.length === 0) return [];
  const lacking = pods.filter(({ lists }) => !lists.includes(pullSecret));
  return [...aboutLists(opened, lacking), ...(is === 'nothing' && !pods.some(isStuck) ? [] : aboutPulls(opened))];
}

function aboutLists({ facts, blame, is, pullSecret }: Case, lacking: readonly PodFact[]): readonly Finding[] {
  const { pods, now } = facts;
  const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): readonly Finding[] => [
    { state, about: pods.length === 1 ? 'Pod' : 'Pods', text, ...more },
  ];
  const [first] = lacking;
  if (first === undefined) return say('ok', `${pods.length === 1 ? 'lists' : `all ${pods.length} list`} ${pullSecret}`);
  const made = `made ${ageOf(now - first.created)} ago`;
  const one = pods.length === 1;
  const text = one
    ? `does not list ${pullSecret}, ${made}`
    : `${lacking.length} of ${pods.length} do not list ${pullSecret}: ${few(lacking.map(({ name }) => name))}`;
  // Without a replica's word only who was told by it knows that the Pod was meant to have it.
  const isMissed = lacking.some(({ events }) => events.some(({ reason }) => reason === 'PullSecretMissed'));
  if (is === 'unknown' && !isMissed) return say(blame === 'fail' ? 'warn' : '-', text);
  const missed = one ? `the Pod ${first.name} was` : `${lacking.length} of ${pods.length} Pods were`;
  return say(is === 'unknown' ? 'fail' : blame, text, { reason: 'pod-immutable', names: { missed } });
}

function aboutPulls(opened: Case): readonly Finding[] {
  const { facts, decision } = opened;
  const stuck = facts.pods.filter(isStuck);
  const findings = stuck.slice(0, SHOWN_MAX).flatMap((pod): readonly Finding[] =>
    pod.waiting
      .filter(isPullFailure)
      .slice(0, 1)
      .map(({ container, reason, message }): Finding => {
        const served = decision?.images.find(({ image, reason: why }) => why === 'served' && message.includes(image));
        const told = quietPull((served && pullFailure(facts, served.image)) ?? pullMessage(pod, message));
        return {
          state: 'fail',
          about: 'pull',
          text: `${pod.name} ${container}: ${reason}: ${told}`,
          ...cause(opened, told),
        };
      }),
  );
  const missing = facts.pods
    .flatMap(({ events }) => events)
    .find(({ reason }) => reason === 'FailedToRetrieveImagePullSecret');
  if (missing === undefined) return findings;
  return [...findings, { state: 'warn', about: 'event', text: quiet(`${missing.reason}: ${missing.message}`) }];
}

/** A back-off says nothing; the event before it says why. */
function pullMessage({ events }: PodFact, message: string): string {
  return events.find(({ reason }) => reason === 'Failed')?.message ?? message;
}

/** Where all of ours is right, whose fault it then is. */
function cause({ facts, is, decision, status }: Case, problem: string): Partial<Finding> {
  if (is !== 'lists' && is !== 'nothing') return {};
  const refused = decision?.images.find(({ image, reason }) => reason === 'served' && isRefused(facts, image));
  const from = status?.credentials.find(({ name }) => name === refused?.credential);
  if (refused === undefined || from === undefined) return { reason: 'pull-failing', names: { problem } };
  const host = refused.image.split('/')[0];
  const source = replaceableSource(from);
  return {
    reason: 'pull-refused',
    names: { image: refused.image, credential: from.name, host, source, where: from.where },
  };
}

/** Whether a reason is one that something is to be mended for. */
export function isFault(finding: Finding): boolean {
  return finding.state === 'fail' && finding.reason !== undefined && adviceOn(finding.reason).is !== 'fine';
}
