// Facts of a healthy installation, as plain values, for tests that make one of them otherwise.
import type { FactsAfter, FactsBefore } from '../../src/check/facts.ts';
import { judgeAll, type Result } from '../../src/check/finding.ts';
import { DEFAULT_SETTINGS } from '../../src/check/gather.ts';
import { AFTER, BEFORE } from '../../src/check/groups.ts';
import type { WebhookEntry } from '../../src/check/objects.ts';
import type { CredentialStatus, NamespaceStatus, ReplicaStatus, SyncStatus } from '../../src/core/replica-status.ts';
import { caUntil } from '../cluster/certificates.ts';

export const NOW = Date.UTC(2030, 0, 1);
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
export const CA = await caUntil('a CA', NOW + 300 * DAY_MS);
export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export const ENTRY: WebhookEntry = {
  name: 'inject.pullpass.dev',
  clientConfig: {
    caBundle: base64(CA),
    service: { namespace: 'pullpass-system', name: 'pullpass', path: '/mutate', port: 443 },
  },
  ...{ failurePolicy: 'Ignore', sideEffects: 'NoneOnDryRun', timeoutSeconds: 3, reinvocationPolicy: 'IfNeeded' },
  admissionReviewVersions: ['v1'],
  namespaceSelector: { matchLabels: { 'pullpass.dev/inject': 'enabled' } },
  matchConditions: [{ name: 'not-a-mirror-pod' }, { name: 'not-opted-out' }],
  rules: [{ apiGroups: [''], resources: ['pods'], operations: ['CREATE'] }],
};

export const CREDENTIAL: CredentialStatus = {
  ...{ name: 'acme', where: 'Secret acme', except: [], admits: 1, problems: [], health: [] },
  patterns: [{ text: 'registry.acme.example', hasLogin: true }],
};

const SYNC: SyncStatus = { lastPass: NOW - MINUTE_MS, held: 0, takingPart: 1, namespaces: [], more: 0 };

export const STATUS: ReplicaStatus = {
  version: 1,
  replica: 'pullpass-1-0a1b2c3d',
  certificate: { expires: NOW + 5 * DAY_MS, trusted: true },
  settings: {
    ...{ own: 'pullpass-system', webhookConfiguration: 'pullpass', service: 'pullpass' },
    ...{ namespaces: DEFAULT_SETTINGS.namespaces, workloads: ['Deployment'] },
    pullSecret: {
      ...{ name: 'pullpass-dockercfg', formerNames: [], type: 'kubernetes.io/dockerconfigjson' },
      ...{ distribution: 'on-demand', graceMs: DAY_MS },
    },
    ...{ requireNamespaces: false, credentialHealth: false, repair: 'off' },
  },
  refusedConfiguration: [],
  webhookDifferences: [],
  credentials: [CREDENTIAL],
  problems: [],
  sync: SYNC,
};

export const statusWith = (change: Partial<ReplicaStatus>): Pick<FactsAfter, 'replica'> => ({
  replica: { pod: 'pullpass-1', status: { ...STATUS, ...change } },
});
export const syncWith = (change: Partial<SyncStatus>) => statusWith({ sync: { ...SYNC, ...change } });
export const namespaceWith = (change: Partial<NamespaceStatus>) =>
  syncWith({ namespaces: [{ name: 'shop', takesPart: true, missedPods: [], moreMissedPods: 0, ...change }] });
export const entryWith = (change: Partial<WebhookEntry>): Pick<FactsAfter, 'webhook'> => ({
  webhook: { found: { metadata: { name: 'pullpass' }, webhooks: [{ ...ENTRY, ...change }] } },
});

const COMMON = {
  asked: {
    ...{ namespace: 'pullpass-system', webhookConfiguration: 'pullpass' },
    ...{ service: 'pullpass', serviceAccount: 'pullpass' },
  },
  settings: { ...DEFAULT_SETTINGS, from: 'replica' },
  now: NOW,
  version: { found: 'v1.37.2' },
  clouds: { seen: [], privateNodes: false, ownNetwork: false },
  namespaces: { found: [{ name: 'shop', labels: { 'pullpass.dev/inject': 'enabled' }, leaving: false }] },
  secrets: { found: [{ namespace: 'shop', name: 'pullpass-dockercfg', instance: 'pullpass-system' }] },
  webhooks: { found: [] },
  competitors: [{ found: [] }, { absent: true }],
} as const;

export const BEFORE_IT: FactsBefore = {
  ...COMMON,
  settings: DEFAULT_SETTINGS,
  admissionResources: { found: ['mutatingwebhookconfigurations', 'validatingadmissionpolicies'] },
  cannotInstall: { found: [] },
  cannotGrant: { found: [] },
  clusterRole: { absent: true },
  service: { absent: true },
};

const LABELS = { 'app.kubernetes.io/name': 'pullpass' };
export const replica = (ready: boolean, change: object = {}) => ({
  metadata: { name: 'pullpass-1', labels: LABELS },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  ...change,
});
export const slice = (...ready: readonly boolean[]) => ({
  found: [{ ports: [{ port: 8443 }], endpoints: ready.map((one) => ({ conditions: { ready: one } })) }],
});

export const AFTER_IT: FactsAfter = {
  ...COMMON,
  ...entryWith({}),
  own: { found: {} },
  pods: { found: [replica(true), replica(true)] },
  service: { found: { spec: { type: 'ClusterIP', selector: LABELS, ports: [{ name: 'webhook', port: 443 }] } } },
  slices: slice(true, true),
  scopeDifferences: [],
  ca: { found: CA },
  missingRights: { found: [] },
  ...statusWith({}),
  trial: {
    ...{ namespace: 'shop', image: 'registry.acme.example/pullpass/pullpass-check' },
    created: { spec: { imagePullSecrets: [{ name: 'pullpass-dockercfg' }] } },
  },
};

export const before = (change: Partial<FactsBefore>): readonly Result[] =>
  judgeAll(BEFORE, { ...BEFORE_IT, ...change });
export const after = (change: Partial<FactsAfter>): readonly Result[] => judgeAll(AFTER, { ...AFTER_IT, ...change });

/** What is not well, as `state check: text` and the hints behind it. */
export function notWell(results: readonly Result[]): readonly string[] {
  return results
    .filter(({ state }) => state !== 'ok')
    .map(({ state, check, text, hints }) => {
      const words = hints.map((hint) => (typeof hint === 'string' ? hint : `$ ${hint.run}`));
      return [`${state} ${check}: ${text}`, ...words].join(' | ');
    });
}
