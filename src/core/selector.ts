// Label selectors with the full semantics of Kubernetes (k8s.io/apimachinery pkg/apis/meta/v1 and pkg/labels), in both
// spellings: the object form of manifests and the text form of `kubectl -l`. The surprising rule: `NotIn` and `!=` also
// match where the label is absent, and an empty selector matches everything.

export type Labels = Readonly<Record<string, string>>;

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Requirement[];
}

export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** A parsed value, or what is wrong with the text in one lower-case sentence with a hint. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export function selects(selector: LabelSelector, labels: Labels): boolean {
  for (const key in selector.matchLabels) {
    if (labels[key] !== selector.matchLabels[key]) return false;
  }
  return selector.matchExpressions?.every((requirement) => meets(requirement, labels)) ?? true;
}

function meets({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && (values?.includes(value) ?? false);
    case 'NotIn':
      return value === undefined || !(values?.includes(value) ?? false);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

const NAME = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)$/;
const PREFIX = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** What is wrong with a label key (`[prefix/]name`), or undefined. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== undefined && (prefix.length > 253 || !PREFIX.test(prefix))) {
    return `"${key}" is not a label key: the part before "/" must be a DNS name`;
  }
  if (name.length > 63 || !NAME.test(name)) {
    return `"${key}" is not a label key: letters, digits, "-", "_" and "." with a letter or digit at both ends, at most 63`;
  }
  return undefined;
}

/** What is wrong with a label value, or undefined. The empty value is legal. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '' || (value.length <= 63 && NAME.test(value))) return undefined;
  return `"${value}" is not a label value: letters, digits, "-", "_" and "." with a letter or digit at both ends, at most 63`;
}

/** What is wrong with one requirement of `matchExpressions`, or undefined. */
export function requirementProblem({ key, operator, values }: Requirement): string | undefined {
  const wantsValues = operator === 'In' || operator === 'NotIn';
  if (wantsValues && !values?.length) return `operator ${operator} needs at least one value`;
  if (!wantsValues && values?.length) return `operator ${operator} takes no values`;
  return labelKeyProblem(key) ?? values?.map(labelValueProblem).find((problem) => problem !== undefined);
}

/** Reads the text form of `kubectl -l`: `a=b, c!=d, e in (x,y), f notin (x), g, !h`. */
export function parseSelector(text: string): Parsed<LabelSelector> {
  const requirements: Requirement[] = [];
  for (const part of text.split(/,(?![^()]*\))/)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) {
      return {
        ok: false,
        problem: `"${part.trim()}" is not a label requirement, write it like "team=payments" or "stage!=dev"`,
      };
    }
    const problem = requirementProblem(requirement);
    if (problem !== undefined) return { ok: false, problem };
    requirements.push(requirement);
  }
  return { ok: true, value: { matchExpressions: requirements } };
}

const SET_BASED = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY = /^([^\s=!,()]+)\s*(==|=|!=)\s*([^\s=!,()]*)$/;
const EXISTENCE = /^(!?)\s*([^\s=!,()]+)$/;

function parseRequirement(text: string): Requirement | undefined {
  const set = SET_BASED.exec(text);
  if (set?.[1] && set[3] !== undefined) {
    const values = set[3].split(',').map((value) => value.trim());
    return { key: set[1], operator: set[2] === 'in' ? 'In' : 'NotIn', values };
  }
  const equality = EQUALITY.exec(text);
  if (equality?.[1] && equality[3] !== undefined) {
    return { key: equality[1], operator: equality[2] === '!=' ? 'NotIn' : 'In', values: [equality[3]] };
  }
  const existence = EXISTENCE.exec(text);
  if (existence?.[2]) return { key: existence[2], operator: existence[1] === '!' ? 'DoesNotExist' : 'Exists' };
  return undefined;
}
