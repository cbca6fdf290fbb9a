// Each check before an installation, by what is found: what it says, and that nothing else speaks up.
import t from 'tap';
import type { FactsBefore } from '../../src/check/facts.ts';
import { before, ENTRY, notWell } from './given.ts';

const NOT_ALLOWED = { forbidden: { verb: 'list', group: 'apps', resource: 'deployments' } } as const;
const AWAY = { unavailable: 'list secrets: no answer in time' } as const;
const cannot = { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' };
const entryAt = (namespace: string) => ({
  found: [{ metadata: { name: 'pullpass' }, webhooks: [{ ...ENTRY, clientConfig: { service: { namespace } } }] }],
});
const cloud = { seen: [], privateNodes: false, ownNetwork: false };

t.test('all is well', async (t) => {
  t.same(notWell(before({})), []);
  t.ok(before({}).length >= 7);
});

const rows: readonly (readonly [string, Partial<FactsBefore>, readonly RegExp[]])[] = [
  [
    'an old Kubernetes',
    { version: { found: 'v1.29.1' } },
    [/^fail kubernetes-version: Kubernetes v1.29.1 is too old; 1.30 to 1.37/],
  ],
  ['the oldest that is supported', { version: { found: 'v1.30.0-eks-1234' } }, []],
  ['a newer Kubernetes', { version: { found: 'v1.38.0' } }, [/^warn kubernetes-version: .* is newer than was tested/]],
  [
    'something else',
    { version: { found: 'main' } },
    [/^warn kubernetes-version: cannot tell which Kubernetes "main" is/],
  ],
  ['no admission API', { admissionResources: { absent: true } }, [/^fail admission-policies: /]],
  [
    'no policies',
    { admissionResources: { found: [] } },
    [/^fail admission-policies: .*policies.ownWrites.enabled: false/],
  ],
  [
    'no right to install',
    { cannotInstall: { found: [cannot] } },
    [/^fail install-rights: you may not create clusterroles \| .*can-i create clusterroles.rbac/],
  ],
  [
    'no right to grant',
    { cannotGrant: { found: [cannot, cannot] } },
    [/^fail install-rights: you may not give .*, and 1 more/],
  ],
  [
    'no right to ask',
    { cannotInstall: NOT_ALLOWED },
    [/^warn install-rights: cannot tell .* you may not list deployments/],
  ],
  [
    'another Pullpass',
    { webhooks: entryAt('other') },
    [/^warn other-installation: another Pullpass is installed in other/],
  ],
  [
    'it is here already',
    { webhooks: entryAt('pullpass-system'), service: { found: {} } },
    [/^warn other-installation: Pullpass is installed in pullpass-system already \| \$ pullpass check$/],
  ],
  [
    'only its webhook configuration is',
    { webhooks: entryAt('pullpass-system') },
    [/^warn other-installation: .* left over.*\$ kubectl delete mutatingwebhookconfiguration pullpass$/],
  ],
  [
    'only its ClusterRole is',
    { clusterRole: { found: {} } },
    [/^warn other-installation: ClusterRole pullpass is there/],
  ],
  [
    "Secrets of the pull Secret's name",
    { secrets: { found: ['a', 'b', 'c', 'd', 'e'].map((namespace) => ({ namespace, name: 'x' })) } },
    [/^warn foreign-secrets: 5 Secrets .*: a\/x, b\/x, c\/x, d\/x and 1 more/],
  ],
  [
    'of another installation',
    { secrets: { found: [{ namespace: 'a', name: 'x', instance: 'other' }] } },
    [/^warn foreign-secrets: 1 Secret/],
  ],
  ['Secrets cannot be listed', { secrets: AWAY }, [/^warn foreign-secrets: cannot tell .*no answer in time$/]],
  [
    'a controller that is known',
    { competitors: [{ found: [{ what: 'Deployment a/b', guess: true }] }] },
    [/^warn competition: Deployment a\/b .*\(a guess, by its name\)/],
  ],
  [
    'a policy that names the list',
    { competitors: [{ found: [{ what: 'Kyverno policy x', guess: false }] }] },
    [/^warn competition: Kyverno policy x may write imagePullSecrets too \|/],
  ],
  [
    'others cannot be listed',
    { competitors: [NOT_ALLOWED, NOT_ALLOWED] },
    [/^warn competition: cannot tell .*deployments/],
  ],
  [
    'GKE, private',
    { clouds: { ...cloud, seen: ['GKE'], privateNodes: true } },
    [/^warn cloud: this looks like GKE \| .*443 and 10250.*`port`/],
  ],
  ['GKE', { clouds: { ...cloud, seen: ['GKE'] } }, []],
  [
    'EKS with a network of its own',
    { clouds: { ...cloud, seen: ['EKS'], ownNetwork: true } },
    [/^warn cloud: .*`hostNetwork: true`/],
  ],
  ['AKS', { clouds: { ...cloud, seen: ['AKS'] } }, []],
  ['OpenShift', { clouds: { ...cloud, seen: ['OpenShift'] } }, [/^warn cloud: .*`podSecurityContext.runAsUser`/]],
  ['a good file', { configuration: { file: 'p.yaml', problems: [] } }, []],
  [
    'a bad file',
    { configuration: { file: 'p.yaml', problems: ['one', 'two'] } },
    [/^fail configuration-file: p.yaml would be refused: one \| two$/],
  ],
];
for (const [why, change, expected] of rows) {
  t.test(why, async (t) => {
    const found = notWell(before(change));
    t.equal(found.length, expected.length, found.join('\n'));
    for (const [i, pattern] of expected.entries()) t.match(found[i], pattern);
  });
}
