// Facts as a test gives them: all is well, but for what it says.
import type { CredentialStatus, NamespaceStatus, ReplicaStatus } from '../../src/core/replica-status.ts';
import type { Facts, Fields, PodFact } from '../../src/explain/facts.ts';
import { KINDS, kindOf } from '../../src/explain/kinds.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const PULL_SECRET = 'pullpass-dockercfg';
export const ENABLED = { 'pullpass.dev/inject': 'enabled' };

export function credentialStatus(
  name: string,
  texts: readonly string[],
  more: Partial<CredentialStatus> = {},
): CredentialStatus {
  const patterns = texts.map((text) => ({ text, hasLogin: true }));
  return { name, where: `Secret ${name}`, patterns, except: [], admits: 1, problems: [], health: [], ...more };
}

export function statusOf(more: Partial<ReplicaStatus> = {}, shop: Partial<NamespaceStatus> = {}): ReplicaStatus {
  const pullSecret = { name: PULL_SECRET, formerNames: [], type: 'kubernetes.io/dockerconfigjson', graceMs: 0 };
  const namespace = { name: 'shop', takesPart: true, missedPods: [], moreMissedPods: 0, ...shop };
  return {
    version: 1,
    replica: 'pullpass-a',
    certificate: { trusted: true },
    settings: {
      ...{ own: 'pullpass-system', webhookConfiguration: 'pullpass', service: 'pullpass' },
      namespaces: { matchLabels: ENABLED },
      workloads: ['Deployment'],
      pullSecret: { ...pullSecret, distribution: 'on-demand' },
      ...{ requireNamespaces: false, credentialHealth: false, repair: 'off' },
    },
    ...{ refusedConfiguration: [], webhookDifferences: [], problems: [] },
    credentials: [credentialStatus('ghcr', ['ghcr.io/acme/'])],
    sync: { held: 0, takingPart: 1, namespaces: [namespace], more: 0 },
    ...more,
  };
}

export function podObject(images: readonly string[], lists: readonly string[] = []): Fields {
  const containers = images.map((image, i) => ({ name: `c${i}`, image }));
  return { metadata: { name: 'web' }, spec: { containers, imagePullSecrets: lists.map((name) => ({ name })) } };
}

export function podFact(more: Partial<PodFact> = {}): PodFact {
  return { name: 'web', created: NOW - 300_000, lists: [], phase: 'Pending', waiting: [], events: [], ...more };
}

const RULES = [{ apiGroups: [''], resources: ['pods'], operations: ['CREATE'] }];
export const ENTRY = { namespaceSelector: { matchLabels: ENABLED }, rules: RULES, failurePolicy: 'Ignore' };

/** A Pod `web` in `shop` with one image that `ghcr` serves, which is not there yet: a manifest. */
export function factsOf(more: Partial<Facts> = {}, images: readonly string[] = ['ghcr.io/acme/app:1']): Facts {
  const kind = kindOf('', 'Pod') ?? KINDS[0];
  if (kind === undefined) throw new Error('there is no Pod');
  const pod = more.pod ?? podObject(images);
  return {
    now: NOW,
    target: { form: 'manifest', kind, name: 'web', where: 'web.yaml' },
    ...{ object: pod, kind, pod, own: 'pullpass-system' },
    namespace: { name: 'shop', read: { found: { labels: ENABLED, terminating: false } } },
    webhook: { name: 'pullpass', read: { found: { entries: [ENTRY], trusted: 1 } } },
    replica: { status: statusOf() },
    endpoints: { found: 2 },
    serviceAccount: { name: 'default', read: { found: { pullSecrets: [], enforcesMountable: false } } },
    pullSecret: {
      name: PULL_SECRET,
      read: { found: { ours: true, credentials: ['ghcr'], keys: ['ghcr.io/acme/'], managers: ['pullpass'] } },
    },
    attempt: { lists: [PULL_SECRET] },
    plainAttempt: undefined,
    pods: [],
    owner: undefined,
    quotas: [],
    ...more,
  };
}

/** The same Pod, in the cluster. */
export function liveFacts(more: Partial<Facts> = {}, images?: readonly string[]): Facts {
  const facts = factsOf(more, images);
  return { ...facts, target: { form: 'live', kind: facts.kind, name: 'web' }, pods: more.pods ?? [podFact()] };
}
