// Compares what the configuration says with what the live webhook configuration lets reach us. The API server goes by the
// latter, so a difference is never ours to mend here: it is said, and how to mend it.
import type { LabelSelector, Requirement } from '../core/selector.ts';
import { requirementsOf, requirementText, selectorText } from '../core/selector-gap.ts';

/** The parts of a MutatingWebhook (admissionregistration/v1) that say what reaches us. */
export interface WebhookScope {
  readonly namespaceSelector?: LabelSelector | null;
  readonly rules?: readonly WebhookRule[] | null;
}

interface WebhookRule {
  readonly apiGroups?: readonly string[] | null;
  readonly resources?: readonly string[] | null;
  readonly operations?: readonly string[] | null;
}

export interface ExpectedScope {
  readonly namespaces: LabelSelector;
  /** API group and kind of every workload that is served. */
  readonly workloads: readonly { readonly group: string; readonly kind: string }[];
}

export interface ScopeDifference {
  readonly setting: 'namespaces' | 'workloads';
  readonly problem: string;
}

/** @param webhooks all of one configuration; a review reaches us if any of them lets it through */
export function compareScope(webhooks: readonly WebhookScope[], expected: ExpectedScope): readonly ScopeDifference[] {
  const differences: ScopeDifference[] = [];
  const wanted = selectorText(expected.namespaces);
  if (!webhooks.some(({ namespaceSelector }) => includesSelector(namespaceSelector, expected.namespaces))) {
    differences.push({
      setting: 'namespaces',
      problem: `the namespaceSelector of the webhook configuration is not the setting "namespaces", ${wanted}`,
    });
  }
  const missing = expected.workloads.filter(({ group, kind }) => !webhooks.some((hook) => reaches(hook, group, kind)));
  for (const { group, kind } of missing) {
    differences.push({
      setting: 'workloads',
      problem: `no rule of the webhook configuration sends CREATE of ${kind}${group === '' ? '' : `.${group}`} here`,
    });
  }
  return differences;
}

/** What keeps system namespaces away: their names, and what the enforcer of AKS puts into every webhook configuration. */
const SYSTEM_KEYS: readonly string[] = [
  'kubernetes.io/metadata.name',
  'control-plane',
  'kubernetes.azure.com/managedby',
];

/** The live selector may be narrower by what excludes system namespaces, but must hold all that the setting says. */
function includesSelector(live: LabelSelector | null | undefined, wanted: LabelSelector): boolean {
  const asked = requirementsOf(wanted).map(textOf);
  const there = requirementsOf(live ?? {});
  const texts = new Set(there.map(textOf));
  const extra = there.filter((requirement) => !asked.includes(textOf(requirement)));
  return asked.every((text) => texts.has(text)) && extra.every(({ key }) => SYSTEM_KEYS.includes(key));
}

/** Equal where they mean the same. */
function textOf({ values, ...requirement }: Requirement): string {
  return requirementText({ ...requirement, ...(values && { values: [...values].sort() }) });
}

/** Rules name resources, the plural of a kind; Kubernetes makes it by these rules in all but a few custom kinds. */
function reaches({ rules }: WebhookScope, group: string, kind: string): boolean {
  const plural = pluralOf(kind);
  return (rules ?? []).some(
    ({ apiGroups, resources, operations }) =>
      has(apiGroups, group) &&
      (has(resources, plural) || (resources ?? []).includes('*/*')) &&
      has(operations, 'CREATE'),
  );
}

function has(list: readonly string[] | null | undefined, value: string): boolean {
  return list?.includes('*') === true || list?.includes(value) === true;
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/(s|x|z|ch|sh)$/.test(name)) return `${name}es`;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}
