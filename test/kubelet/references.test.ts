// Who names the pull Secret, by the rights of whoever asks: every kind is looked at, in pages, and one that may not be listed hides
// no other.
import t from 'tap';
import { connect } from '../../src/cluster/client.ts';
import { findReferences } from '../../src/cluster/references.ts';
import { ApiUnavailable } from '../../src/cluster/unavailable.ts';
import { KNOWN_WORKLOADS } from '../../src/core/workload.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { objectOf } from '../core/given.ts';
import { expectOk, makeNamespace } from '../serve/installation.ts';

t.setTimeout(120_000);
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const NAME = 'pullpass-dockercfg';
const listing = [{ name: 'other' }, { name: NAME }];
const labels = { app: 'x' };

/** The object of a kind that lists the pull Secret. */
function objectFor(workload: (typeof KNOWN_WORKLOADS)[number]): Record<string, unknown> {
  const { kind, role, podSpec } = workload;
  const restartPolicy = podSpec.includes('jobTemplate') || kind === 'Job' ? { restartPolicy: 'Never' } : {};
  const spec = { containers: [{ name: 'c', image: 'c' }], imagePullSecrets: listing, ...restartPolicy };
  const object = objectOf(workload, spec, role === 'pod' ? {} : { metadata: { labels } });
  const outer = object.spec as Record<string, unknown> | undefined;
  if (kind === 'ReplicationController') Object.assign(outer ?? {}, { selector: labels, replicas: 0 });
  else if (workload.group === 'apps') {
    const replicas = kind === 'DaemonSet' ? {} : { replicas: 0 };
    const service = kind === 'StatefulSet' ? { serviceName: 'x' } : {};
    Object.assign(outer ?? {}, { selector: { matchLabels: labels }, ...replicas, ...service });
  } else if (kind === 'Job') Object.assign(outer ?? {}, { suspend: true });
  else if (kind === 'CronJob') Object.assign(outer ?? {}, { schedule: '0 0 1 1 *' });
  return { ...object, metadata: { name: 'x' } };
}

for (const namespace of ['shop', 'stock']) await makeNamespace(api, namespace, {});
for (const workload of KNOWN_WORKLOADS) {
  const { group, kind } = workload;
  const path = `${group === '' ? '/api/v1' : `/apis/${group}/v1`}/namespaces/shop/${kind.toLowerCase()}s`;
  await expectOk(api.call('POST', path, objectFor(workload)));
}
const accounts = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts`;
await expectOk(api.call('POST', accounts('shop'), { metadata: { name: 'x' }, imagePullSecrets: listing }));
await expectOk(
  api.call('POST', accounts('stock'), { metadata: { name: 'y' }, imagePullSecrets: [{ name: 'former' }] }),
);
const client = connect({ kubeconfig: plane.kubeconfig });
t.teardown(() => client.close());
const ALL = ['ServiceAccount', ...KNOWN_WORKLOADS.map(({ kind }) => kind)];

t.test('every kind is looked at', async (t) => {
  const looked: string[] = [];
  const { found, unlisted } = await findReferences({ client, names: [NAME], onKind: (kind) => looked.push(kind) });
  const own = found.filter(({ name }) => name === 'x');
  t.same(own.map(({ kind }) => kind).sort(), [...ALL].sort());
  for (const { namespace, pullSecret } of own) t.same([namespace, pullSecret], ['shop', NAME]);
  t.same([unlisted, looked.length], [[], ALL.length]);
});

t.test('what a controller made says so; other names and namespaces are others', async (t) => {
  const onKind = (): void => undefined;
  const { found } = await findReferences({ client, names: [NAME], namespace: 'shop', onKind });
  const made = found.find(({ kind, name }) => kind === 'ReplicaSet' && name !== 'x');
  t.equal(made?.controller, 'Deployment x');
  t.notOk('controller' in (found.find(({ kind }) => kind === 'Deployment') ?? {}));
  t.same((await findReferences({ client, names: [NAME], namespace: 'stock', onKind })).found, []);
  const both = await findReferences({ client, names: [NAME, 'former'], onKind });
  t.match(
    both.found.find(({ namespace }) => namespace === 'stock'),
    { name: 'y', pullSecret: 'former' },
  );
});

t.test('a kind that may not be listed is told, and hides no other', async (t) => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const metadata = { name: 'lister' };
  const rules = [{ apiGroups: ['', 'batch'], resources: ['serviceaccounts', 'cronjobs'], verbs: ['list'] }];
  await expectOk(api.call('POST', accounts('stock'), { metadata }));
  await expectOk(api.call('POST', `${rbac}/clusterroles`, { metadata, rules }));
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'lister' };
  const subjects = [{ kind: 'ServiceAccount', name: 'lister', namespace: 'stock' }];
  await expectOk(api.call('POST', `${rbac}/clusterrolebindings`, { metadata, roleRef, subjects }));
  const { body } = await expectOk(api.call('POST', `${accounts('stock')}/lister/token`, { spec: {} }));
  const limited = connect({ kubeconfig: plane.kubeconfigFor(body.status.token, 'lister') });
  t.teardown(() => limited.close());
  const { found, unlisted } = await findReferences({ client: limited, names: [NAME], onKind: () => undefined });
  t.same(found.map(({ kind }) => kind).sort(), ['CronJob', 'ServiceAccount']);
  t.equal(unlisted.length, ALL.length - 2);
  t.match(unlisted, [{ kind: 'pods', why: 'you may not list them' }]);
});

t.test('a cluster that does not answer is asked once', async (t) => {
  let calls = 0;
  const silent = {
    async call(): Promise<never> {
      calls += 1;
      throw new ApiUnavailable('timeout', 'list serviceaccounts: no answer in time');
    },
  };
  const { unlisted } = await findReferences({ client: silent, names: [NAME], onKind: () => undefined });
  t.equal(calls, 1);
  t.same(new Set(unlisted.map(({ why }) => why)), new Set(['list serviceaccounts: no answer in time']));
  t.equal(unlisted.length, ALL.length);
});
