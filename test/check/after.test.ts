// Each check after an installation, by what is found: what it says first, and how grave it is. That it is found in a real cluster is seen in
// installation.test.ts and certificates-and-rights.test.ts.
import t from 'tap';
import type { FactsAfter } from '../../src/check/facts.ts';
import { DEFAULT_SETTINGS } from '../../src/check/gather.ts';
import { SERVE_RIGHTS } from '../../src/check/rights.ts';
import { caUntil } from '../cluster/certificates.ts';
import {
  after,
  base64,
  CREDENTIAL,
  DAY_MS,
  ENTRY,
  entryWith,
  MINUTE_MS,
  NOW,
  namespaceWith,
  notWell,
  replica,
  STATUS,
  slice,
  statusWith,
  syncWith,
} from './given.ts';

type Change = Partial<FactsAfter>;
const NOT_ALLOWED = { forbidden: { verb: 'get', group: '', resource: 'pods', namespace: 'x' } } as const;
const bundle = (pem: string): Change => entryWith({ clientConfig: { ...ENTRY.clientConfig, caBundle: base64(pem) } });
const credential = (change: object): Change => statusWith({ credentials: [{ ...CREDENTIAL, ...change }] });
const login = (change: object): Change =>
  credential({ patterns: [{ text: 'r.acme.example', hasLogin: true, ...change }] });
const problem = (kind: 'refused' | 'shadowed' | 'no-login' | 'source' | 'leaving'): Change =>
  statusWith({ problems: [{ kind, credential: 'acme', where: 'Secret acme', problem: 'so it is' }] });
const health = (result: string): Change => ({
  ...statusWith({
    settings: { ...STATUS.settings, credentialHealth: true },
    credentials: [{ ...CREDENTIAL, health: [{ host: 'r.acme.example', result }] }],
  }),
});
const aks = { seen: ['AKS'], privateNodes: false, ownNetwork: false } as const;
const unread: Change = { replica: { unavailable: 'nobody answers' }, trial: { nothing: 'nobody says' } };
const [, , podsRight] = SERVE_RIGHTS;
const caRight = SERVE_RIGHTS.find(({ when }) => when === 'own-ca');

t.test('all is well', async (t) => {
  t.same(notWell(after({})), []);
  t.ok(after({}).length > 25);
});

/** The first of what is not well; none: all stays well. */
const rows: readonly (readonly [string, Change, RegExp?])[] = [
  [
    'no namespace',
    { own: { absent: true } },
    /^fail own-namespace: there is no namespace pullpass-system .*helm install/,
  ],
  ['no Pods', { pods: { found: [] } }, /^fail replicas: no Pod of Pullpass runs/],
  [
    'no Pods on OpenShift',
    { pods: { found: [] }, clouds: { ...aks, seen: ['OpenShift'] } },
    /^fail replicas: .*runAsUser/,
  ],
  ['one is not ready', { pods: { found: [replica(true), replica(false)] } }, /^warn replicas: 1 of 2 replicas ready/],
  [
    'none is ready, and why',
    {
      pods: {
        found: [
          replica(false, { status: { containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] } }),
        ],
      },
    },
    /^fail replicas: 0 of 1 replicas ready: ImagePullBackOff/,
  ],
  [
    'none fits',
    {
      pods: {
        found: [
          replica(false, { status: { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no nodes' }] } }),
        ],
      },
    },
    /^fail replicas: .*not scheduled: no nodes/,
  ],
  ['one that leaves', { pods: { found: [replica(true), replica(false, { metadata: { deletionTimestamp: 'now' } })] } }],
  ['no Service', { service: { absent: true } }, /^fail service: there is no Service pullpass/],
  [
    'another port',
    { service: { found: { spec: { ports: [{ port: 8443 }] } } } },
    /^fail service: .*calls port 443 of Service pullpass, which has 8443/,
  ],
  ['no endpoints', { slices: { found: [] } }, /^fail endpoints: Service pullpass has no ready endpoint/],
  ['none ready', { slices: slice(false) }, /^fail endpoints: /],
  [
    'slices without ports',
    { slices: { found: [{ ports: [], endpoints: [{ conditions: { ready: true } }] }] } },
    /^fail endpoints: /,
  ],
  ['endpoints that do not say', { slices: { found: [{ ports: [{ port: 1 }], endpoints: [{}] }] } }],
  [
    'Fail with one replica',
    { ...entryWith({ failurePolicy: 'Fail' }), pods: { found: [replica(true)] } },
    /^warn failure-policy: .*`replicas` to 2/,
  ],
  ['Fail with two', entryWith({ failurePolicy: 'Fail' })],
  ['no webhook configuration', { webhook: { absent: true } }, /^fail webhook-configuration: there is no/],
  ['no entries', { webhook: { found: { webhooks: [] } } }, /^fail webhook-configuration: .*has no entries/],
  [
    'it may not be read',
    { webhook: NOT_ALLOWED },
    /^warn webhook-configuration: cannot tell .*you may not get pods in x \| \$ kubectl auth can-i get pods -n x/,
  ],
  [
    'a URL',
    entryWith({ clientConfig: { caBundle: ENTRY.clientConfig?.caBundle ?? '', url: 'https://x' } }),
    /^fail webhook-target: it calls the address https:\/\/x/,
  ],
  [
    'another path',
    entryWith({ clientConfig: { ...ENTRY.clientConfig, service: { namespace: 'pullpass-system', name: 'pullpass' } } }),
    /^fail webhook-target: .* at \/,/,
  ],
  ['another scope', { scopeDifferences: ['too narrow'] }, /^fail webhook-scope: too narrow/],
  [
    'another than the defaults',
    {
      scopeDifferences: ['too narrow'],
      settings: { from: 'defaults', namespaces: {}, workloads: [], pullSecrets: ['pullpass-dockercfg'] },
    },
    /^warn webhook-scope: compared with the defaults/,
  ],
  [
    'side effects',
    entryWith({ sideEffects: 'Some' }),
    /^warn webhook-settings: sideEffects Some: dry runs are refused/,
  ],
  ['never again', entryWith({ reinvocationPolicy: 'Never' }), /^warn webhook-settings: reinvocationPolicy/],
  ['no time', entryWith({ timeoutSeconds: 1 }), /^warn webhook-settings: timeoutSeconds 1/],
  [
    'an older review',
    entryWith({ admissionReviewVersions: ['v1beta1'] }),
    /^warn webhook-settings: admissionReviewVersions/,
  ],
  [
    'an object selector',
    entryWith({ objectSelector: { matchLabels: { a: 'b' } } }),
    /^warn webhook-settings: an objectSelector/,
  ],
  ['an empty object selector', entryWith({ objectSelector: {} })],
  [
    'conditions of others',
    entryWith({ matchConditions: [{ name: 'mine' }] }),
    /^warn webhook-settings: .*not of the chart .*mine/,
  ],
  ['AKS', { clouds: aks }, /^warn aks-enforcer: /],
  [
    'AKS that was told',
    {
      clouds: aks,
      webhook: { found: { metadata: { annotations: { 'admissions.enforcer/disabled': 'true' } }, webhooks: [ENTRY] } },
    },
  ],
  ['no bundle', bundle(''), /^fail ca-bundle: the caBundle holds no certificate/],
  ['an expired bundle', bundle(await caUntil('old', NOW - 1)), /^fail ca-bundle: all certificates .* have expired/],
  [
    'a bundle that ends',
    bundle(await caUntil('old', NOW + DAY_MS)),
    /^warn ca-bundle: .*trusts nobody after 2030-01-02T00:00Z/,
  ],
  [
    'no trust',
    statusWith({ certificate: { expires: NOW + DAY_MS, trusted: false } }),
    /^fail certificate-trusted: the caBundle does not trust/,
  ],
  [
    'an expired certificate is one thing',
    statusWith({ certificate: { expires: NOW - 1, trusted: false } }),
    /^fail certificate-expiry: .*expired on 2029-12-31T23:59Z/,
  ],
  ['none', statusWith({ certificate: { trusted: false } }), /^fail certificate-expiry: the replica has no certificate/],
  [
    'one that ends',
    statusWith({ certificate: { expires: NOW + 60 * MINUTE_MS, trusted: true } }),
    /^warn certificate-expiry: /,
  ],
  [
    'no replica, and another CA',
    { ...unread, ca: { found: await caUntil('x', NOW + DAY_MS) } },
    /^fail certificate-trusted: the caBundle does not hold the CA of Secret/,
  ],
  ['no replica, and no CA', { ...unread, ca: { absent: true } }, /^warn certificate-trusted: cannot tell/],
  ['no replica, and no right', { ...unread, ca: NOT_ALLOWED }, /^warn certificate-trusted: cannot tell/],
  [
    'a right is missing',
    { missingRights: { found: [{ ...{ verb: 'list', group: '', resource: 'pods' }, right: podsRight } as never] } },
    /^fail rights: Pullpass may not list pods: missed Pods are not found/,
  ],
  [
    'all of them are',
    { missingRights: { found: SERVE_RIGHTS.map((right) => ({ verb: 'get', group: '', resource: 'x', right })) } },
    /^fail rights: ServiceAccount pullpass has none of the rights .*--service-account/,
  ],
  [
    'that of a CA, which there may be no need for',
    {
      ca: { absent: true },
      missingRights: { found: [{ verb: 'get', group: '', resource: 'secrets', right: caRight } as never] },
    },
    /^warn rights: Pullpass may not get secrets: .*, unless `certificate.files` is set/,
  ],
  ['rights cannot be asked for', { missingRights: NOT_ALLOWED }, /^warn rights: cannot tell/],
  ['no replica', unread, /^warn replica-status: .*nobody answers$/],
  ['not ready', statusWith({ notReady: 'certificate' }), /^fail replica-ready: the replica is not ready: certificate/],
  [
    'a refused configuration',
    statusWith({ refusedConfiguration: ['one', 'two'] }),
    /^fail configuration: .*in force: one \| two \| .*check --pre --config/,
  ],
  [
    'an old pass',
    syncWith({ lastPass: NOW - 6 * MINUTE_MS }),
    /^fail sync: sync has stopped: the last pass was 6 minutes ago/,
  ],
  ['no credentials', statusWith({ credentials: [] }), /^warn credentials: .*create secret docker-registry/],
  [
    'a refused one',
    problem('refused'),
    /^fail credential-problems: credential acme is refused: so it is \| \$ kubectl .*describe secret acme/,
  ],
  ['without login', problem('no-login'), /^fail credential-problems: credential acme is without a login/],
  ['shadowed', problem('shadowed'), /^warn credential-problems: credential acme is shadowed/],
  ['a source', problem('source'), /^warn credential-problems: .*its source cannot be read/],
  ['leaving', problem('leaving'), /^warn credential-problems: credential acme is leaving: so it is$/],
  ['an expired login', login({ expires: NOW - 1 }), /^fail logins: the login of acme for r.acme.example expired on/],
  ['one that ends', login({ obtained: NOW - 10 * 3_600_000, expires: NOW + 5 * MINUTE_MS }), /^warn logins: /],
  ['one that is young', login({ obtained: NOW - MINUTE_MS, expires: NOW + 5 * MINUTE_MS })],
  ['accepted', health('accepted')],
  [
    'refused by its registry',
    health('refused'),
    /^fail login-health: r.acme.example does not take the login of acme: refused/,
  ],
  ['held back', health('held-back'), /^fail login-health: /],
  ['not reached', health('unreachable'), /^warn login-health: .*is not known: unreachable/],
  [
    'nobody takes part',
    syncWith({ takingPart: 0 }),
    /^warn namespaces: .*\$ kubectl label namespace NAMESPACE pullpass.dev\/inject=enabled/,
  ],
  [
    'a foreign Secret',
    { secrets: { found: [{ namespace: 'shop', name: 'x' }] } },
    /^fail foreign-secrets: 1 Secret .*shop\/x .*\$ kubectl -n shop describe secret x/,
  ],
  [
    'one under a former name',
    {
      settings: { ...DEFAULT_SETTINGS, pullSecrets: [...DEFAULT_SETTINGS.pullSecrets, 'x'] },
      secrets: { found: [{ namespace: 'shop', name: 'x' }] },
    },
  ],
  ['one where nobody takes part', { secrets: { found: [{ namespace: 'else', name: 'x' }] } }],
  [
    'a pull Secret that is too large',
    namespaceWith({ refused: 'too-large' }),
    /^fail foreign-secrets: the pull Secret of shop would be too large/,
  ],
  ['a write that failed', namespaceWith({ failed: 'quota' }), /^warn writes: .*shop could not be written: quota/],
  [
    'a missed Pod',
    namespaceWith({ missedPods: ['web'] }),
    /^warn missed-pods: 1 Pod lacks .*shop\/web .*\$ pullpass explain pod\/web -n shop/,
  ],
  ['many', namespaceWith({ missedPods: ['a', 'b'], moreMissedPods: 7 }), /^warn missed-pods: 9 Pods lack/],
  [
    'held removals',
    syncWith({ held: 12, confirm: 'kubectl annotate' }),
    /^warn held-removals: 12 removals .*\$ kubectl annotate/,
  ],
];
for (const [why, change, expected] of rows) {
  t.test(why, async (t) => {
    const [first, ...others] = notWell(after(change));
    if (expected === undefined) t.same([first, ...others], [undefined]);
    else t.match(first, expected);
    // What is known to be one thing alone is said once.
    if (/warn|expired on/.test(first ?? '') && change.replica === undefined) t.same(others, []);
  });
}
