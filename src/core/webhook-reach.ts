// Whether an entry of a webhook configuration lets a review through, and which part of it does not, as the API server evaluates
// it (k8s.io/apiserver pkg/admission/plugin/webhook). `matchConditions` are CEL, which is never guessed here: whether they let
// something through is found out by asking the API server.
import type { LabelSelector, Labels } from './selector.ts';
import { requirementText, unmetRequirements } from './selector-gap.ts';

/** The parts of a MutatingWebhook that say what reaches it; each may be missing. */
export interface WebhookEntry {
  readonly name?: string;
  readonly namespaceSelector?: LabelSelector | null;
  readonly objectSelector?: LabelSelector | null;
  readonly rules?: readonly WebhookRule[] | null;
  readonly matchConditions?: readonly { readonly name?: string }[] | null;
  readonly failurePolicy?: string;
}

export interface WebhookRule {
  readonly apiGroups?: readonly string[] | null;
  readonly resources?: readonly string[] | null;
  readonly operations?: readonly string[] | null;
  readonly scope?: string;
}

/** A review that is about to be sent. */
export interface ReviewQuestion {
  readonly namespace: Labels;
  /** Labels of the object itself. */
  readonly object: Labels;
  readonly group: string;
  /** The plural name. */
  readonly resource: string;
  readonly operation: 'CREATE' | 'UPDATE';
}

export type Reach =
  | { readonly reached: true; readonly conditions: readonly string[] }
  | {
      readonly reached: false;
      readonly part: 'namespaceSelector' | 'objectSelector' | 'rules';
      readonly unmet: string;
    };

export function reachOf(entry: WebhookEntry, question: ReviewQuestion): Reach {
  const { group, resource, operation } = question;
  const inNamespace = unmetText(entry.namespaceSelector, question.namespace);
  if (inNamespace !== undefined) return { reached: false, part: 'namespaceSelector', unmet: inNamespace };
  const ofObject = unmetText(entry.objectSelector, question.object);
  if (ofObject !== undefined) return { reached: false, part: 'objectSelector', unmet: ofObject };
  if (!(entry.rules ?? []).some((rule) => ruleMatches(rule, question))) {
    const full = group === '' ? resource : `${resource}.${group}`;
    return { reached: false, part: 'rules', unmet: `${operation} of ${full}` };
  }
  return { reached: true, conditions: (entry.matchConditions ?? []).map(({ name }) => name ?? '') };
}

/** Of all entries of a configuration: the first that lets it through, else why the first does not. */
export function reachOfAny(entries: readonly WebhookEntry[], question: ReviewQuestion): Reach | undefined {
  const all = entries.map((entry) => reachOf(entry, question));
  return all.find(({ reached }) => reached) ?? all[0];
}

function unmetText(selector: LabelSelector | null | undefined, labels: Labels): string | undefined {
  const unmet = unmetRequirements(selector ?? {}, labels);
  return unmet.length === 0 ? undefined : unmet.map(requirementText).join(', ');
}

function ruleMatches(rule: WebhookRule, { group, resource, operation }: ReviewQuestion): boolean {
  return (
    rule.scope !== 'Cluster' &&
    has(rule.apiGroups, group) &&
    has(rule.operations, operation) &&
    // `*` is every resource, `*/*` those and their subresources.
    (has(rule.resources, resource) || (rule.resources ?? []).includes('*/*'))
  );
}

function has(list: readonly string[] | null | undefined, value: string): boolean {
  return list?.includes('*') === true || list?.includes(value) === true;
}
