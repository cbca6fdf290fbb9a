// Whether Pullpass is asked: the live webhook configuration as far as it can be evaluated, and then the API server itself, by a
// copy that it is asked to make without making it. What conditions in CEL mean is never guessed.
import { EXCLUDED_NAMESPACES } from '../core/names.ts';
import { type Reach, reachOfAny } from '../core/webhook-reach.ts';
import { takesPart } from './about-namespace.ts';
import { type Attempt, found, type WebhookFact } from './facts.ts';
import { at, textsOf } from './fields.ts';
import type { Case, Finding } from './finding.ts';
import { quiet } from './words.ts';

export function aboutWebhook(opened: Case): readonly Finding[] {
  const { facts, blame } = opened;
  const { name, read } = facts.webhook;
  const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): readonly Finding[] => [
    { state, about: 'webhook', text, ...more },
  ];
  if ('missing' in read) {
    if (read.missing === 'absent')
      return say(blame, `there is no webhook configuration ${name}`, { reason: 'webhook-missing' });
    return say('-', `configuration ${name}: ${read.missing === 'forbidden' ? 'you may not read it' : quiet(read.why)}`);
  }
  const reach = reachOfPod(opened, read.found);
  if (reach !== undefined && !reach.reached) {
    const text = `${name} sends no Pods of ${facts.namespace.name}: ${reach.part} wants ${reach.unmet}`;
    if (!takesPart(opened)) return say('-', text);
    const names = { part: reach.part, unmet: reach.unmet, patch: mendingPatch(opened, read.found, reach.part) };
    return say(blame, text, { reason: 'webhook-selector', names });
  }
  if (read.found.entries.length === 0 || read.found.trusted === 0) {
    return say(blame, `${name} has no caBundle`, { reason: 'webhook-untrusted' });
  }
  const isTried = 'lists' in facts.attempt && facts.attempt.lists.includes(opened.pullSecret);
  const open = isTried ? 0 : strangeConditions(reach?.conditions ?? []).length;
  const unless = open === 0 ? '' : `, unless one of ${open} further matchConditions keeps it away`;
  return say('ok', `${name} sends Pods of ${facts.namespace.name}${unless}`);
}

function reachOfPod({ facts }: Case, { entries }: WebhookFact): Reach | undefined {
  const namespace = found(facts.namespace.read)?.labels;
  if (namespace === undefined) return undefined;
  const object = textsOf(at(facts.pod, 'metadata', 'labels'));
  return reachOfAny(entries, { namespace, object, group: '', resource: 'pods', operation: 'CREATE' });
}

/** JSON Patch of the first entry, which puts the part back to what the settings say. */
function mendingPatch({ facts, status }: Case, { entries }: WebhookFact, part: string): string | undefined {
  const path = `/webhooks/0/${part}`;
  if (part === 'objectSelector') return JSON.stringify([{ op: 'replace', path, value: {} }]);
  if (part === 'rules') {
    const value = {
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods'],
      operations: ['CREATE'],
      scope: 'Namespaced',
    };
    return JSON.stringify([
      entries[0]?.rules ? { op: 'add', path: `${path}/-`, value } : { op: 'add', path, value: [value] },
    ]);
  }
  if (status === undefined) return undefined;
  const { matchLabels, matchExpressions = [] } = status.settings.namespaces;
  const values = [...EXCLUDED_NAMESPACES, facts.own];
  const excluded = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values };
  const value = { ...(matchLabels && { matchLabels }), matchExpressions: [...matchExpressions, excluded] };
  return JSON.stringify([{ op: 'replace', path, value }]).replaceAll("'", "'\\''");
}

export function aboutAttempt(opened: Case, before: readonly Finding[]): readonly Finding[] {
  const { facts, blame, pullSecret, decision } = opened;
  const { attempt } = facts;
  const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): readonly Finding[] => [
    { state, about: 'dry run', text, ...more },
  ];
  const copy = facts.target.form === 'live' && facts.kind.kind === 'Pod' ? 'a copy of it' : 'a Pod of it';
  if ('not' in attempt) return say('-', attempt.not);
  if ('refused' in attempt) return aboutRefusal(attempt.refused, copy, say);
  if (attempt.lists.includes(pullSecret)) return say('ok', `${copy} made now gets ${pullSecret}`);
  const text = `${copy} made now does not get ${pullSecret}`;
  const isExplained = before.some(({ reason, state }) => reason !== undefined && state === blame);
  const shouldGet = decision?.namespace === undefined && ['injected', 'already-listed'].includes(decision?.pod ?? '');
  if (isExplained || !shouldGet) return say('-', text);
  return say(blame, text, suspicion(opened));
}

/** Those of the chart, which the decision has looked at by itself. */
const KNOWN_CONDITIONS = ['not-a-mirror-pod', 'not-opted-out'];

function strangeConditions(names: readonly string[]): readonly string[] {
  return names.filter((name) => !KNOWN_CONDITIONS.includes(name));
}

/** What is left to suspect when everything that can be read says that it should have got it. */
function suspicion({ facts, status, pullSecret }: Case): Partial<Finding> {
  const entries = found(facts.webhook.read)?.entries ?? [];
  const all = (entries[0]?.matchConditions ?? []).map(({ name }) => name ?? '');
  const strange = strangeConditions(all);
  const plain = facts.plainAttempt;
  const plainGets = plain !== undefined && 'lists' in plain && plain.lists.includes(pullSecret);
  const ignores = entries.some(({ failurePolicy }) => failurePolicy === 'Ignore');
  const answers = status !== undefined && status.notReady === undefined && status.certificate.trusted;
  if (strange.length > 0 && (plainGets || !ignores || answers)) {
    const [only] = strange.length === 1 ? strange : [];
    const path = `/webhooks/0/matchConditions/${all.indexOf(only ?? '')}`;
    const patch = only === undefined ? undefined : JSON.stringify([{ op: 'remove', path }]);
    return { reason: 'webhook-condition', names: { conditions: strange.join(', '), patch } };
  }
  const problem = ignores ? 'with failurePolicy Ignore what gets no answer goes on without it' : 'no answer came';
  return { reason: 'not-asked', names: { problem } };
}

function aboutRefusal(
  refused: Extract<Attempt, { refused: unknown }>['refused'],
  copy: string,
  say: (state: Finding['state'], text: string, more?: Partial<Finding>) => readonly Finding[],
): readonly Finding[] {
  if (refused.byRights) return say('-', 'you may not create Pods here, so nothing was tried');
  const message = quiet(refused.message);
  if (/failed calling webhook/.test(refused.message)) {
    return say('fail', `no answer: ${message}`, { reason: 'not-answered', names: { problem: message } });
  }
  return say('warn', `the API server refuses ${copy}: ${message}`);
}
