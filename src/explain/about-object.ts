// What of the object itself decides: opted out, a mirror Pod, who owns it, what its ServiceAccount demands, and whether its kind
// is one whose template is patched. Most of it can be told without asking a replica.
import { LABEL_INJECT } from '../core/names.ts';
import type { ObjectReason } from '../core/reason.ts';
import { readSubject } from '../core/subject.ts';
import { KNOWN_WORKLOADS, selectWorkloads } from '../core/workload.ts';
import type { Names } from './advice.ts';
import { type Facts, found, type OwnerFact } from './facts.ts';
import { at, fieldsOf, listOf, textOf, textsOf } from './fields.ts';
import type { Case, Finding } from './finding.ts';
import { labelOf } from './kinds.ts';
import { shellWord } from './words.ts';

/** Reasons that stand in the way of the Pod, not only of a template. */
const KEEPS_PODS_AWAY: ReadonlySet<ObjectReason> = new Set([
  'opted-out',
  'mirror-pod',
  'malformed-object',
  'enforcing-service-account',
]);

export function aboutObject(opened: Case): readonly Finding[] {
  const { facts, blame, decision } = opened;
  const findings: Finding[] = [];
  const podReason = decision?.pod ?? podReasonAlone(opened);
  const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): void => {
    findings.push({ state, about: 'object', text, ...more });
  };
  if (podReason !== undefined && KEEPS_PODS_AWAY.has(podReason)) {
    const state = podReason === 'malformed-object' ? 'fail' : blame;
    say(state, WORDS[podReason] ?? podReason, { reason: podReason, names: namesFor(podReason, facts) });
  }
  if (facts.kind.kind === 'Pod' && facts.kind.group === '') return findings;
  const own = ownReason(opened);
  if (own !== undefined && !KEEPS_PODS_AWAY.has(own)) say('-', WORDS[own] ?? own, { reason: own });
  return findings;
}

const WORDS: Partial<Readonly<Record<ObjectReason, string>>> = {
  'opted-out': `carries the label ${LABEL_INJECT}: disabled`,
  'mirror-pod': 'is the mirror of a static Pod, which may use no Secret',
  'malformed-object': 'has no pod spec of the expected form',
  'enforcing-service-account': 'its ServiceAccount lets Pods list only Secrets that it names',
  'controller-owned': 'belongs to a controller, so it is left alone, not its Pods',
  'not-a-workload': 'its kind is not in `workloads`, so it is left alone, not its Pods',
  'service-account-secrets': 'its ServiceAccount has Secrets, so the template is left alone, not its Pods',
  'template-unchanged': 'its template does not list it: made before, and left as it is',
  'template-immutable': 'its template does not list it: made before, and cannot change',
};

/** Why the template of a workload does not list it although its Pods will; undefined: it does, or nothing is to be said. */
export function ownReason({ facts, decision, pullSecret }: Case): ObjectReason | undefined {
  if (decision === undefined) return undefined;
  const { object } = decision;
  if (object !== 'injected')
    return ['already-listed', 'no-private-image', 'foreign-secret', 'no-images'].includes(object) ? undefined : object;
  if (facts.target.form !== 'live' || decision.namespace !== undefined) return undefined;
  const listed = listOf(at(facts.pod, 'spec', 'imagePullSecrets')).some(({ name }) => name === pullSecret);
  if (listed) return undefined;
  const known = KNOWN_WORKLOADS.find(({ kind, group }) => kind === facts.kind.kind && group === facts.kind.group);
  return known === undefined || known.role === 'create-only' ? 'template-immutable' : 'template-unchanged';
}

/** What can be told of the Pod without any credential. */
function podReasonAlone({ facts, pullSecret }: Case): ObjectReason | undefined {
  if (facts.pod === undefined) return 'malformed-object';
  const review = { kind: { group: '', kind: 'Pod' }, operation: 'CREATE', object: facts.pod };
  const subject = readSubject(review, selectWorkloads([]));
  if (typeof subject === 'string') return subject;
  const account = found(facts.serviceAccount.read);
  const enforces = account?.enforcesMountable === true && !account.pullSecrets.includes(pullSecret);
  return enforces ? 'enforcing-service-account' : undefined;
}

function namesFor(reason: ObjectReason, facts: Facts): Names {
  if (reason !== 'opted-out') return {};
  // To change a template is a rollout already.
  const isRollout = facts.owner?.template !== undefined && isRestarted(facts.owner);
  return { optIn: optInCommand(facts), ...(isRollout && { anew: undefined }) };
}

/** Takes the label off where it comes from: the template of whoever makes the Pod, else the Pod. */
function optInCommand({ target, owner, namespace, pod }: Facts): string | undefined {
  if (target.form !== 'live') return undefined;
  if (owner?.template !== undefined) {
    const labels = ['', ...owner.template, 'metadata', 'labels', LABEL_INJECT.replace('/', '~1')].join('/');
    const patch = JSON.stringify([{ op: 'remove', path: labels }]);
    return `kubectl -n ${namespace.name} patch ${shellWord(labelOf(owner.kind, owner.name))} --type=json -p '${patch}'`;
  }
  const isPod = target.kind.kind === 'Pod' && Object.hasOwn(textsOf(at(pod, 'metadata', 'labels')), LABEL_INJECT);
  return isPod && owner === undefined
    ? `kubectl -n ${namespace.name} label pod ${target.name} ${LABEL_INJECT}-`
    : undefined;
}

/** The command after which there are Pods that came through admission; undefined where there are none to be made anew. */
export function anewCommand({ facts, pullSecret }: Pick<Case, 'facts' | 'pullSecret'>): string | undefined {
  const { target, owner, namespace, pods } = facts;
  const lacking = pods.filter(({ lists }) => !lists.includes(pullSecret)).map(({ name }) => name);
  if (target.form !== 'live' || lacking.length === 0) return undefined;
  if (owner !== undefined && isRestarted(owner)) {
    return `kubectl -n ${namespace.name} rollout restart ${shellWord(labelOf(owner.kind, owner.name))}`;
  }
  if (owner !== undefined) return `kubectl -n ${namespace.name} delete pod ${lacking.map(shellWord).join(' ')}`;
  return `kubectl -n ${namespace.name} get pod ${target.name} -o json | kubectl replace --force -f -`;
}

function isRestarted({ kind }: OwnerFact): boolean {
  return kind.group === 'apps' && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind.kind);
}

/** The name of a container whose image this is. */
export function containerWith(pod: unknown, image: string): string | undefined {
  const containers = listOf(at(fieldsOf(pod), 'spec', 'containers'));
  return textOf(containers.find((container) => container.image === image)?.name) || undefined;
}
