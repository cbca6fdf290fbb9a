// `helm upgrade` and `helm uninstall` while Pods are created all the time, with `failurePolicy: Fail`, so that each request that is lost
// is a create that failed. There is no earlier release yet, so the chart as it stands is packed as one; the real controllers roll
// its Deployment over.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { nested } from '../chart/render.ts';
import { describeLoad, type Load, startLoad } from '../faults/load.ts';
import { OFFERED, REACHED } from '../faults/site.ts';
import { FULL } from '../full.ts';
import {
  eventually,
  expectOk,
  makeCredential,
  makeNamespace,
  OWN_NAMESPACE,
  PULL_SECRET,
  pod,
} from '../serve/installation.ts';
import { watchBundles } from './bundle-watch.ts';
import { openCluster } from './cluster.ts';
import { addedSince, inventory } from './inventory.ts';

t.setTimeout(600_000);
const DRAIN_S = FULL ? 15 : 3;
const TEAMS = ['team-a', 'team-b', 'team-c'];
const HARBOR = { 'harbor.example.test': { username: 'robot', password: 'fake' } };

const cluster = await openCluster();
t.teardown(() => cluster.end());
const { plane, node, run } = cluster;
const { api } = plane;
const folder = mkdtempSync(join(tmpdir(), 'releases-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

await makeNamespace(api, OWN_NAMESPACE, {});
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });
await expectOk(
  api.call('POST', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets`, {
    metadata: { name: 'harbor' },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths: HARBOR }) },
  }),
);
for (const team of TEAMS) await makeNamespace(api, team);

/** Of the file that helm reads. */
function valuesFile(name: string, values: Readonly<Record<string, unknown>>): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(nested(values)));
  return `--values charts/pullpass/values-ha.yaml --values ${file}`;
}

// A busy machine may well take longer than the chart has the API server wait.
const PACE = { drainSeconds: DRAIN_S, 'webhook.timeoutSeconds': FULL ? 3 : 10 };
const PREVIOUS = valuesFile('previous.json', { ...PACE, 'image.tag': 'previous' });
// What a running replica takes, what it does not, and what only a new Pod has.
const NEXT = {
  ...PACE,
  'image.tag': 'next',
  'config.pullSecret.annotations': { 'example.test/release': 'next' },
  'config.workloads': ['Deployment', 'StatefulSet'],
  'config.credentials': [
    {
      name: 'harbor',
      match: ['harbor.example.test'],
      source: { dockerConfig: '/etc/pullpass-harbor/.dockerconfigjson' },
    },
  ],
  extraVolumes: [{ name: 'harbor', secret: { secretName: 'harbor' } }],
  extraVolumeMounts: [{ name: 'harbor', mountPath: '/etc/pullpass-harbor', readOnly: true }],
};

const authority = async () =>
  (await expectOk(api.call('GET', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/pullpass-ca`))).body;
const pullSecret = (team: string) => api.call('GET', `/api/v1/namespaces/${team}/secrets/${PULL_SECRET}`);
const images = (): readonly string[] => node.running().map(({ image }) => image.replace(/^.*:/, ''));

async function install(way: string): Promise<void> {
  await run(`helm package charts/pullpass --version 0.0.9 --app-version 0.0.9 --destination ${folder}`);
  await run(`helm install pullpass ${folder}/pullpass-0.0.9.tgz -n ${OWN_NAMESPACE} ${PREVIOUS} ${way} --wait`);
  for (const team of TEAMS) {
    const first = pod(`first-${Date.now()}`, 'ghcr.io/acme/app:1');
    await expectOk(api.call('POST', `/api/v1/namespaces/${team}/pods`, first));
  }
}

function load(t: Test): Load {
  const running = startLoad(plane, { perSecond: OFFERED, namespaces: TEAMS, inFlightMax: FULL ? 40 : 8 });
  t.teardown(() => running.stop());
  return running;
}

/** Under load, until nothing of the release before runs any more. */
async function upgrade(t: Test, way: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  const before = await authority();
  const bundles = await watchBundles(plane);
  t.teardown(() => bundles.stop().catch(() => undefined));
  const creates = load(t);
  await run(
    `helm upgrade pullpass charts/pullpass -n ${OWN_NAMESPACE} ${valuesFile('next.json', values)} ${way} --wait`,
  );
  await eventually('the last one has drained', async () => (images().includes('previous') ? undefined : true), 60);
  const report = await creates.stop();
  await bundles.stop();
  t.comment(describeLoad(report));
  t.equal(report.failed, 0, 'no create failed');
  t.equal(report.unserved, 0, 'none is without its pull Secret');
  t.ok(report.created > 0 && report.perSecond >= REACHED, `${report.perSecond.toFixed(0)} creates/s`);
  const { data, metadata } = await authority();
  t.same([data, metadata.uid], [before.data, before.metadata.uid], 'the CA is the same');
  const [ca] = bundles.versions[0] ?? [];
  t.ok(ca && bundles.versions.length > 1, 'helm changed the webhook configuration');
  for (const version of bundles.versions) t.same(version, [ca], 'the caBundle was never empty, nor another');
  t.same(images(), ['next', 'next', 'next']);
}

async function newConfigurationIsInForce(t: Test): Promise<void> {
  const template = { metadata: { labels: { app: 'db' } }, spec: {} };
  Object.assign(template.spec, { containers: [{ name: 'db', image: 'harbor.example.test/acme/db:1' }] });
  const spec = { serviceName: 'db', replicas: 0, selector: { matchLabels: { app: 'db' } }, template };
  const sets = '/apis/apps/v1/namespaces/team-a/statefulsets?dryRun=All';
  const { body } = await expectOk(api.call('POST', sets, { metadata: { name: 'db' }, spec }));
  t.same(body.spec.template.spec.imagePullSecrets, [{ name: PULL_SECRET }]);
  await eventually('the pull Secret has the new annotation', async () =>
    (await pullSecret('team-a')).body.metadata.annotations['example.test/release'] === 'next' ? true : undefined,
  );
}

async function uninstall(t: Test): Promise<void> {
  const creates = load(t);
  await run(`helm uninstall pullpass -n ${OWN_NAMESPACE}`);
  const report = await creates.stop();
  t.comment(describeLoad(report));
  t.equal(report.failed, 0, 'no create failed');
  t.ok(report.unserved > 0, 'the last ones were not served');
  t.same(images(), []);
}

/** Without the Pods of the load. */
async function left(before: ReadonlySet<string>): Promise<readonly string[]> {
  return (await addedSince(before, api)).filter((line) => !/^pods team-/.test(line));
}

// Helm before 4 has one way to write only; with FULL=1 both of those after it.
const newWays = FULL ? ['--server-side=true', '--server-side=false'] : ['--server-side=true'];
const ways = /^v3/.test(await run('helm version --short')) ? [''] : newWays;
for (const [index, way] of ways.entries()) {
  const before = await inventory(api);
  const removing = index === ways.length - 1;
  t.test(`helm upgrade ${way} loses no request and no trust`, async (t) => {
    await install(way);
    await upgrade(t, way, { ...NEXT, 'uninstall.removePullSecrets': removing });
    await newConfigurationIsInForce(t);
  });
  t.test(
    `helm uninstall loses no request, and pull Secrets ${removing ? 'go, as it was asked' : 'stay'}`,
    async (t) => {
      await uninstall(t);
      t.same(await left(before), removing ? [] : TEAMS.map((team) => `secrets ${team}/${PULL_SECRET}`));
      for (const { name, code } of node.ended) t.equal(code, 0, `${name} ended as it should`);
    },
  );
}
