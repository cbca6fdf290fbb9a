// What the tests of `pullpass status` start from: a replica of which nothing bad can be said, and what is changed of it.
import type {
  CredentialStatus,
  NamespaceStatus,
  PullSecretStatus,
  ReplicaStatus,
} from '../../src/core/replica-status.ts';

export const NOW = Date.UTC(2030, 0, 1);
export const HOUR_MS = 3_600_000;

export function credentialOf(name: string, more: Partial<CredentialStatus> = {}): CredentialStatus {
  const patterns = [{ text: `${name}.example/`, hasLogin: true }];
  return { name, where: `Secret ${name}`, patterns, except: [], admits: 2, problems: [], health: [], ...more };
}

export function pullSecretOf(more: Partial<PullSecretStatus> = {}): PullSecretStatus {
  const created = NOW - 12 * 24 * HOUR_MS;
  return { ours: true, credentials: ['ghcr'], keys: ['ghcr.example/'], fresh: true, created, ...more };
}

export function namespaceOf(name: string, more: Partial<NamespaceStatus> = {}): NamespaceStatus {
  return { name, takesPart: true, pullSecret: pullSecretOf(), missedPods: [], moreMissedPods: 0, ...more };
}

export function statusOf(more: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return {
    version: 1,
    replica: 'pullpass-1-0123abcd',
    certificate: { expires: NOW + 6 * 24 * HOUR_MS, trusted: true },
    settings: {
      own: 'pullpass-system',
      webhookConfiguration: 'pullpass',
      service: 'pullpass',
      namespaces: { matchLabels: { 'pullpass.dev/inject': 'enabled' } },
      workloads: ['Deployment'],
      pullSecret: {
        name: 'pullpass-dockercfg',
        formerNames: [],
        type: 'kubernetes.io/dockerconfigjson',
        distribution: 'on-demand',
        graceMs: 24 * HOUR_MS,
      },
      requireNamespaces: false,
      credentialHealth: false,
      repair: 'off',
    },
    refusedConfiguration: [],
    webhookDifferences: [],
    credentials: [credentialOf('ghcr')],
    problems: [],
    sync: syncOf([namespaceOf('shop')]),
    ...more,
  };
}

export function syncOf(
  namespaces: readonly NamespaceStatus[],
  more: Partial<NonNullable<ReplicaStatus['sync']>> = {},
): NonNullable<ReplicaStatus['sync']> {
  return { lastPass: NOW - 12_000, held: 0, takingPart: 3, namespaces, more: 0, ...more };
}
