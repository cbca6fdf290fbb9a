// The rights that are asked about, as tables: what `pullpass serve` needs, rule by rule as in examples/rbac.yaml and with what goes
// wrong without it, and what whoever installs the chart needs. A test holds the first to that file.
import { AUTHORITY_SECRET_NAME, LEASE_NAME, LOGINS_SECRET_NAME } from '../core/names.ts';
import type { Act } from './ports.ts';

export interface Right {
  readonly scope: 'cluster' | 'own namespace';
  readonly group: string;
  readonly resources: readonly string[];
  /** `$pull-secret` and `$webhook` stand for names that depend on the settings. */
  readonly name?: string;
  readonly verbs: readonly string[];
  readonly without: string;
  /** Needed only with `missedPods.repair: restart`, or only with a CA of our own. */
  readonly when?: 'restart' | 'own-ca';
}

const WEBHOOKS = 'mutatingwebhookconfigurations';

export const SERVE_RIGHTS: readonly Right[] = [
  {
    ...{ scope: 'cluster', group: '', resources: ['namespaces', 'serviceaccounts'], verbs: ['get', 'list', 'watch'] },
    without: 'no replica becomes ready',
  },
  {
    ...{ scope: 'cluster', group: '', resources: ['secrets'], name: '$pull-secret' },
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    without: 'pull Secrets are not made, or not kept true',
  },
  { scope: 'cluster', group: '', resources: ['pods'], verbs: ['list'], without: 'missed Pods are not found' },
  {
    ...{ scope: 'cluster', group: '', resources: ['pods'], verbs: ['delete'], when: 'restart' },
    without: 'missed Pods are not made anew, although `missedPods.repair` says so',
  },
  {
    ...{ scope: 'cluster', group: '', resources: ['events'], verbs: ['create'] },
    without: 'users see nothing in `kubectl describe`',
  },
  {
    ...{ scope: 'cluster', group: 'admissionregistration.k8s.io', resources: [WEBHOOKS], name: '$webhook' },
    verbs: ['get', 'list', 'watch', 'patch'],
    without: 'the API server does not learn of its CA',
  },
  {
    ...{ scope: 'own namespace', group: '', resources: ['secrets'], verbs: ['list', 'watch'] },
    without: 'labelled Secrets, the kept logins and the CA are not read',
  },
  {
    ...{ scope: 'own namespace', group: '', resources: ['secrets'], name: LOGINS_SECRET_NAME },
    verbs: ['create', 'patch'],
    without: 'a restart forgets logins',
  },
  {
    ...{ scope: 'own namespace', group: '', resources: ['secrets'], name: AUTHORITY_SECRET_NAME, when: 'own-ca' },
    verbs: ['get', 'create', 'patch'],
    without: 'there is no certificate, or none that follows it',
  },
  {
    ...{ scope: 'own namespace', group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'] },
    without: 'no replica is elected, so nobody syncs',
  },
  {
    ...{ scope: 'own namespace', group: 'coordination.k8s.io', resources: ['leases'], name: LEASE_NAME },
    verbs: ['get', 'update'],
    without: 'no replica is elected, so nobody syncs',
  },
];

export interface Names {
  /** Pullpass's own namespace. */
  readonly namespace: string;
  readonly webhookConfiguration: string;
  /** The name of the pull Secret, and those that it had before. */
  readonly pullSecrets: readonly string[];
}

/** Each act under these names, in the order of the table. */
export function actsOf(rights: readonly Right[], names: Names): readonly (Act & { readonly right: Right })[] {
  return rights.flatMap((right) =>
    right.resources.flatMap((resource) =>
      namesOf(right, names).flatMap((name) =>
        right.verbs.map((verb) => ({
          ...{ right, verb, group: right.group, resource },
          ...(right.scope === 'own namespace' && { namespace: names.namespace }),
          ...(name !== undefined && { name }),
        })),
      ),
    ),
  );
}

function namesOf({ name }: Right, { pullSecrets, webhookConfiguration }: Names): readonly (string | undefined)[] {
  if (name === '$pull-secret') return pullSecrets;
  return [name === '$webhook' ? webhookConfiguration : name];
}

/** What the chart makes with its values at their defaults, and Helm's own record of it. */
export function installActs(namespace: string): readonly Act[] {
  const create = { verb: 'create' } as const;
  const rbac = 'rbac.authorization.k8s.io';
  const admission = 'admissionregistration.k8s.io';
  const inCluster = [
    ['', 'namespaces'],
    [rbac, 'clusterroles'],
    [rbac, 'clusterrolebindings'],
    [admission, WEBHOOKS],
    [admission, 'validatingadmissionpolicies'],
    [admission, 'validatingadmissionpolicybindings'],
  ] as const;
  const inNamespace = [
    ['apps', 'deployments'],
    ['', 'services'],
    ['', 'configmaps'],
    ['', 'serviceaccounts'],
    ['', 'secrets'],
    [rbac, 'roles'],
    [rbac, 'rolebindings'],
    ['policy', 'poddisruptionbudgets'],
  ] as const;
  return [
    ...inCluster.map(([group, resource]) => ({ ...create, group, resource })),
    ...inNamespace.map(([group, resource]) => ({ ...create, group, resource, namespace })),
  ];
}

const IN_CLUSTER = /^(namespaces|nodes|cluster.*|.*configurations|.*policies|.*policybindings|.*reviews)$/;

/** As `kubectl auth can-i` takes it. */
export function canI({ verb, group, resource, namespace, name }: Act): string {
  const kind = group === '' ? resource : `${resource}.${group}`;
  const which = name === undefined ? kind : `${kind}/${name}`;
  const where = namespace === undefined ? (IN_CLUSTER.test(resource) ? '' : ' -A') : ` -n ${namespace}`;
  return `${verb} ${which}${where}`;
}

/** Acts on one kind of objects, in words. */
export function describeActs(acts: readonly Act[]): string {
  const verbs = [...new Set(acts.map(({ verb }) => verb))];
  const objects = [
    ...new Set(acts.map(({ resource, name }) => (name === undefined ? resource : `${resource} ${name}`))),
  ];
  const where = acts[0]?.namespace;
  return `${verbs.join(', ')} ${objects.join(', ')}${where === undefined ? '' : ` in ${where}`}`;
}
