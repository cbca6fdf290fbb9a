// Peculiarities of the big managed clusters, told by marks that those clusters carry. A hint is only given where the mark is seen, and
// says what is a guess: most of such clusters need nothing.
import type { Hint } from './finding.ts';
import type { Reading } from './ports.ts';

export interface NodeSeen {
  readonly labels: Readonly<Record<string, string>>;
  readonly hasExternalAddress: boolean;
}

export interface Marks {
  readonly version: string;
  readonly nodes: Reading<readonly NodeSeen[]>;
  /** Names of the API groups. */
  readonly apiGroups: readonly string[];
  /** The DaemonSet aws-node in kube-system. */
  readonly awsNode: Reading<unknown>;
}

export type Cloud = 'GKE' | 'AKS' | 'EKS' | 'OpenShift';

export interface Clouds {
  readonly seen: readonly Cloud[];
  /** GKE whose nodes have no address outside. */
  readonly privateNodes: boolean;
  /** EKS without the network that its control plane can reach Pods by. */
  readonly ownNetwork: boolean;
}

export const NO_CLOUD: Clouds = { seen: [], privateNodes: false, ownNetwork: false };

export function recognise({ version, nodes, apiGroups, awsNode }: Marks): Clouds {
  const known = 'found' in nodes ? nodes.found : [];
  const hasLabel = (prefix: string): boolean =>
    known.some(({ labels }) => Object.keys(labels).some((key) => key.startsWith(prefix)));
  const isGke = version.includes('-gke.') || hasLabel('cloud.google.com/gke-nodepool');
  const isEks = version.includes('-eks-') || hasLabel('eks.amazonaws.com/');
  const seen: Cloud[] = [
    ...(isGke ? (['GKE'] as const) : []),
    ...(hasLabel('kubernetes.azure.com/') ? (['AKS'] as const) : []),
    ...(isEks ? (['EKS'] as const) : []),
    ...(apiGroups.includes('config.openshift.io') ? (['OpenShift'] as const) : []),
  ];
  return {
    seen,
    privateNodes: isGke && known.length > 0 && !known.some(({ hasExternalAddress }) => hasExternalAddress),
    ownNetwork: isEks && 'absent' in awsNode,
  };
}

/** What may keep the control plane from reaching the replicas there. */
export function reachHints({ privateNodes, ownNetwork }: Clouds): readonly Hint[] {
  return [
    ...(privateNodes
      ? [
          'GKE with private nodes: its control plane reaches ports 443 and 10250 alone, unless a firewall rule adds the port of admissions (value `port`, 8443 by default)',
        ]
      : []),
    ...(ownNetwork
      ? [
          'EKS without aws-node: with another CNI its control plane cannot reach Pods: set the value `hostNetwork: true`, and a free `port`',
        ]
      : []),
  ];
}

export const OPENSHIFT_HINT =
  'OpenShift gives each namespace user ids of its own: set the values `podSecurityContext.runAsUser`, `.runAsGroup` and `.fsGroup` to null';
export const AKS_HINT =
  'the enforcer of AKS then adds conditions to `namespaceSelector`: keep the annotation `admissions.enforcer/disabled: "true"` (value `webhook.annotations`)';
