// What is known of the cluster without one: what the command line says, and the Namespaces and ServiceAccounts among the
// manifests. An object without a namespace is in the one of the command line.
import type { LabelSelector, Labels } from '../core/selector.ts';
import { readServiceAccount, type ServiceAccountState } from '../core/surroundings.ts';
import type { Around } from './decision.ts';
import { type FoundObject, textOf } from './objects.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

export interface Told {
  /** Empty: not told. */
  readonly namespace: string;
  /** Of every namespace that is not among the manifests. */
  readonly labels: Labels;
  /** The names in `imagePullSecrets` by ServiceAccount. */
  readonly serviceAccounts: ReadonlyMap<string, readonly string[]>;
}

export interface KnownObjects extends Around {
  /** Remembers it if it says something about others. */
  meet(found: FoundObject): void;
}

/** Only documents with one of these words can hold what is remembered. */
export const REMEMBERED = /\b(?:Namespace|ServiceAccount)\b/;

export function rememberObjects(told: Told): KnownObjects {
  const namespaces = new Map<string, Labels>();
  const accounts = new Map<string, ServiceAccountState>();
  const namespaceOf = (found: FoundObject): string => found.namespace ?? told.namespace;
  return {
    meet(found) {
      const { group, kind, name, object } = found;
      if (group !== '' || name === '') return;
      if (kind === 'Namespace') namespaces.set(name, labelsIn(object));
      if (kind === 'ServiceAccount') accounts.set(`${namespaceOf(found)}/${name}`, accountIn(object));
    },
    namespaceOf,
    labelsOf(namespace) {
      const labels = namespaces.get(namespace) ?? told.labels;
      return namespace === '' ? labels : { ...labels, [NAME_LABEL]: namespace };
    },
    serviceAccount(namespace, name) {
      const pullSecrets = told.serviceAccounts.get(name);
      return pullSecrets === undefined
        ? accounts.get(`${namespace}/${name}`)
        : { pullSecrets, enforcesMountable: false };
    },
  };
}

function labelsIn({ metadata }: FoundObject['object']): Labels {
  return textsIn((metadata as { readonly labels?: unknown } | null | undefined)?.labels);
}

function accountIn({ metadata, imagePullSecrets }: FoundObject['object']): ServiceAccountState {
  const annotations = textsIn((metadata as { readonly annotations?: unknown } | null | undefined)?.annotations);
  const entries: readonly unknown[] = Array.isArray(imagePullSecrets) ? imagePullSecrets : [];
  const names = entries.map((entry) => ({ name: textOf((entry as { readonly name?: unknown } | null)?.name) ?? '' }));
  return readServiceAccount({ metadata: { annotations }, imagePullSecrets: names });
}

function textsIn(value: unknown): Labels {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'));
}

/** Labels of a namespace that takes part, as far as a selector says what they are. */
export function labelsThatTakePart({ matchLabels, matchExpressions = [] }: LabelSelector): Labels {
  const wanted = matchExpressions.flatMap(({ key, operator, values }): [string, string][] => {
    if (operator === 'In') return [[key, values?.[0] ?? '']];
    return operator === 'Exists' ? [[key, '']] : [];
  });
  return { ...matchLabels, ...Object.fromEntries(wanted) };
}
