// The options of every command that talks to a cluster about an installation of Pullpass.
import type { CommandSpec } from './command.ts';

export const CLUSTER_OPTIONS = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    text: "default: the Pod's ServiceAccount, $KUBECONFIG, ~/.kube/config",
  },
  context: { type: 'string', value: 'NAME', text: 'a context of the kubeconfig (default: the current one)' },
  namespace: {
    type: 'string',
    short: 'n',
    default: 'pullpass-system',
    value: 'NAME',
    text: "Pullpass's own namespace",
  },
} as const satisfies CommandSpec['options'];

/** As `connect` takes them. */
export function choiceOfCluster(values: { readonly kubeconfig?: string; readonly context?: string }) {
  const { kubeconfig, context } = values;
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) };
}
