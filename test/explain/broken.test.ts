// Broken installations, and people with few rights: the cause is on the first screen. Every registry here is on loopback, since
// the logins are tried.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { registryWithPassword } from '../registry/real-registry.ts';
import { eventually, expectOk, makeNamespace, OWN_NAMESPACE, pod } from '../serve/installation.ts';
import { deployment } from '../serve/story.ts';
import { testManual } from './manual.ts';
import { explainRights } from './rights.ts';
import { CANARY, openSite, type Ran, WEBHOOK_PATH } from './site.ts';
import { placeFor } from './story.ts';

t.setTimeout(600_000);

const folder = mkdtempSync(join(tmpdir(), 'pullpass-explain-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const registry = await registryWithPassword(t, 'robot', CANARY);
const strict = await registryWithPassword(t, 'robot', 'another');
const PRIVATE = `${registry.host}/acme/app:1`;

/** Gives a login for two seconds, and never again. */
const once = join(folder, 'once');
const answer = {
  ...{ kind: 'CredentialProviderResponse', apiVersion: 'credentialprovider.kubelet.k8s.io/v1' },
  ...{ cacheKeyType: 'Registry', cacheDuration: '2s' },
  auth: { 'expired.invalid': { username: 'robot', password: CANARY } },
};
writeFileSync(
  once,
  `#!/bin/sh
cat > /dev/null
[ -e ${folder}/asked ] && { echo "error: no identity" >&2; exit 1; }
touch ${folder}/asked
echo '${JSON.stringify(answer)}'
`,
);
chmodSync(once, 0o755);

const site = await openSite({
  teardown: (stop) => t.teardown(stop),
  config: `credentialHealth: { enabled: true }
credentials:
  - { name: once, match: [expired.invalid], source: { credentialProvider: { command: ${once} } } }
`,
  credentials: { local: { host: registry.host }, wrong: { host: strict.host, username: 'somebody' } },
});
const { api } = site.plane;
const jsonPatch = (patch: object): Promise<unknown> =>
  expectOk(api.call('PATCH', WEBHOOK_PATH, patch, 'application/json-patch+json'));

const SCREEN = 24;

/** @returns what stands above the verdict */
function head({ stdout }: Ran): string {
  const lines = stdout.split('\n');
  return lines.slice(0, SCREEN).join('\n');
}

function mustTell(t: Tap, ran: Ran, reason: string, cause: RegExp): void {
  const [first = ''] = ran.stdout.split('\nFix:');
  t.ok(first.trimEnd().split('\n').length <= SCREEN, `fits on a screen:\n${ran.stdout}${ran.stderr}`);
  t.match(head(ran), cause, `the cause is marked:\n${ran.stdout}${ran.stderr}`);
  t.match(ran.stdout.replace(/\n/g, ' '), new RegExp(`\\(${reason}\\)\\.`));
  t.equal(ran.code, 1);
  t.notMatch(ran.stdout + ran.stderr, CANARY);
}

type Tap = Pick<typeof t, 'ok' | 'equal' | 'match' | 'notMatch'>;

await makeNamespace(api, 'shop');
await makeNamespace(api, 'bare', {});

t.test('all is well: every line says so', async (t) => {
  await expectOk(api.call('POST', '/api/v1/namespaces/shop/pods', pod('web', PRIVATE)));
  const ran = await eventually('the login was tried', async () => {
    const now = await site.explain(['pod/web', '-n', 'shop']);
    return now.stdout.includes('accepted') ? now : undefined;
  });
  t.equal(ran.code, 0, ran.stdout);
  t.notMatch(ran.stdout, /^. (fail|warn)/m);
  t.match(ran.stdout, `accepted by ${registry.host}`);
  t.notMatch(ran.stdout, '\u001b', 'no colours without a terminal');
});

t.test('a login that the registry refuses', async (t) => {
  const args = ['image', `${strict.host}/acme/app:1`, '-n', 'shop'];
  const ran = await eventually('it was tried', async () => {
    const now = await site.explain(args);
    return now.code === 1 ? now : undefined;
  });
  mustTell(t, ran, 'login-refused', /^> fail {2}login +wrong: refused by 127/m);
  t.match(ran.stdout, `kubectl -n ${OWN_NAMESPACE} create secret docker-registry wrong --docker-server=${strict.host}`);
});

t.test('that command, with the right login, mends it', async (t) => {
  const args = ['image', `${strict.host}/acme/app:1`, '-n', 'shop'];
  const [, fix = ''] = (await site.explain(args)).stdout.split('\nFix:\n');
  const ran = await site.shell(`TOKEN=another; ${fix.replace('USER', 'robot')}`);
  t.equal(ran.code, 0, ran.stderr);
  await eventually('it is accepted', async () => ((await site.explain(args)).code === 0 ? true : undefined));
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/wrong`;
  const { body } = await api.call('GET', path);
  t.notMatch(JSON.stringify(body.metadata.annotations ?? {}), Buffer.from('another').toString('base64'));
});

t.test('a login that has expired, as its program gives none any more', async (t) => {
  const ran = await eventually('it has expired', async () => {
    const now = await site.explain(['image', 'expired.invalid/app:1', '-n', 'shop']);
    return now.stdout.includes('expired ') && now.code === 1 ? now : undefined;
  });
  mustTell(t, ran, 'login-expired', /^> fail {2}login +once: expired \d+ s ago/m);
  t.notMatch(ran.stdout, 'Fix:', 'no command puts a login into a program');
});

t.test('a namespaceSelector that somebody else wrote', async (t) => {
  await jsonPatch([{ op: 'replace', path: '/webhooks/0/namespaceSelector', value: { matchLabels: { team: 'a' } } }]);
  const ran = await eventually('the API server goes by it', async () => {
    const now = await site.explain(['pod/web', '-n', 'shop']);
    return now.stdout.includes('made now does not get') ? now : undefined;
  });
  t.equal(ran.code, 0, 'what runs has it');
  t.match(ran.stdout, /^ {2}warn {2}webhook +pullpass sends no Pods of shop: namespaceSelector/m);
  const missed = await missedPod('selector');
  mustTell(t, missed, 'webhook-selector', /^> fail {2}webhook +pullpass sends no Pods of shop/m);
  await mends(t, missed, ['pod/selector', '-n', 'shop']);
});

t.test('a rule that somebody took out', async (t) => {
  await jsonPatch([{ op: 'remove', path: '/webhooks/0/rules/0' }]);
  const missed = await missedPod('rules');
  mustTell(t, missed, 'webhook-selector', /^> fail {2}webhook .*: rules wants/m);
  await mends(t, missed, ['pod/rules', '-n', 'shop']);
});

t.test('a condition of somebody else, which is told by asking the API server', async (t) => {
  const expression = "has(object.metadata.labels) && 'blue' in object.metadata.labels";
  await jsonPatch([{ op: 'add', path: '/webhooks/0/matchConditions/-', value: { name: 'blue', expression } }]);
  const missed = await missedPod('condition');
  mustTell(t, missed, 'webhook-condition', /^> fail {2}dry run +a copy of it made now does not get/m);
  await mends(t, missed, ['pod/condition', '-n', 'shop']);
});

/** Makes Pods until one is missed, since what was just written is not in force at once. */
async function missedPod(name: string): Promise<Ran> {
  return eventually(`a missed Pod ${name}`, async () => {
    const path = '/api/v1/namespaces/shop/pods';
    const { body } = await expectOk(api.call('POST', path, pod(name, PRIVATE)));
    if (body.spec.imagePullSecrets === undefined) return site.explain([`pod/${name}`, '-n', 'shop']);
    await expectOk(api.call('DELETE', `${path}/${name}?gracePeriodSeconds=0`));
    return undefined;
  });
}

/** The last step may come before the first is in force. */
async function mends(t: Tap, ran: Ran, args: readonly string[]): Promise<void> {
  const [, fix = 'false'] = ran.stdout.split('\nFix:\n');
  const done = await site.shell(fix);
  t.equal(done.code, 0, done.stderr);
  const [, anew] = fix.split('&& \\\n');
  const mended = await eventually('it is mended', async () => {
    const now = await site.explain(args);
    if (now.code === 0) return true;
    await site.shell(anew ?? 'true');
    return undefined;
  });
  t.ok(mended, 'nothing is wrong any more');
}

await testManual(t, site, PRIVATE);

t.test('somebody who may only look at his own namespace', async (t) => {
  const place = await placeFor(site, 'dev', {});
  await place.deployment(deployment('web', PRIVATE, 1), 1);
  const kubeconfig = await account('dev', 'viewer');
  const asViewer = (...args: string[]): Promise<Ran> =>
    site.explain([...args, '-n', 'dev', '--kubeconfig', kubeconfig]);
  const unlabelled = await asViewer('deploy/web');
  mustTell(t, unlabelled, 'namespace-not-enabled', /^> fail {2}namespace/m);
  await place.label({ 'pullpass.dev/inject': 'enabled' });
  const doubtful = await asViewer('deploy/web');
  t.equal(doubtful.code, 1);
  t.match(doubtful.stdout, /^ {2}- {5}replicas +not asked: you may neither read the Lease/m);
  t.match(doubtful.stdout, /^ {2}- {5}dry run +you may not create Pods here/m);
  // The missed Pod may have been reported already, and then it can be told.
  t.match(doubtful.stdout, /\((?:could-not-tell|pod-immutable)\)/);
  const told = await eventually(
    'the missed Pod was reported',
    async () => {
      const now = await asViewer('deploy/web');
      return now.stdout.includes('(pod-immutable)') ? now : undefined;
    },
    40,
  );
  mustTell(t, told, 'pod-immutable', /^> fail {2}Pod +does not list/m);
  t.match(told.stdout, 'kubectl -n dev rollout restart deployment/web');
});

t.test('the rights that the document names are enough for every line', async (t) => {
  const kubeconfig = await account('shop', 'explainer', explainRights('shop'));
  const asAdmin = await site.explain(['pod/web', '-n', 'shop', '-o', 'json']);
  const limited = await site.explain(['pod/web', '-n', 'shop', '-o', 'json', '--kubeconfig', kubeconfig]);
  t.same(JSON.parse(limited.stdout), JSON.parse(asAdmin.stdout), limited.stdout);
});

/** What the ClusterRole `view` is made of; the controller that does so does not run here. */
const VIEW = 'system:aggregate-to-view';

/** A kubeconfig of a new ServiceAccount that may look at its namespace. */
async function account(namespace: string, name: string, more = ''): Promise<string> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await expectOk(api.call('POST', accounts, { metadata: { name } }));
  const binding = [
    '-n',
    namespace,
    'create',
    'rolebinding',
    name,
    `--clusterrole=${VIEW}`,
    `--serviceaccount=${namespace}:${name}`,
  ];
  t.equal((await site.plane.kubectl(binding)).code, 0);
  if (more !== '') {
    const applied = await site.plane.kubectl(
      ['apply', '-f', '-'],
      more.replaceAll('USER', `system:serviceaccount:${namespace}:${name}`),
    );
    t.equal(applied.code, 0, applied.stderr);
  }
  const { body } = await expectOk(api.call('POST', `${accounts}/${name}/token`, { spec: {} }));
  return site.plane.kubeconfigFor(body.status.token, name);
}

t.test('the webhook configuration is gone', async (t) => {
  const { body } = await api.call('GET', WEBHOOK_PATH);
  await expectOk(api.call('DELETE', WEBHOOK_PATH));
  const missed = await missedPod('deleted');
  mustTell(t, missed, 'webhook-missing', /^> fail {2}webhook +there is no webhook configuration pullpass/m);
  t.match(missed.stdout, 'helm upgrade pullpass');
  const { name, labels, annotations } = body.metadata;
  const again = { metadata: { name, labels, annotations }, webhooks: body.webhooks };
  await expectOk(api.call('POST', WEBHOOK_PATH.replace(/\/[^/]+$/, ''), again));
});

t.test('no replica answers, and Pods pass without one', async (t) => {
  await site.serve.stop('SIGKILL');
  const missed = await missedPod('alone');
  t.equal(missed.code, 1);
  t.match(missed.stdout, /^ {2}- {5}replicas +not asked/m);
  t.match(missed.stdout, /\(could-not-tell\)/);
  await jsonPatch([{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Fail' }]);
  const held = await eventually('the API server goes by it', async () => {
    const now = await site.explain(['image', PRIVATE, '-n', 'shop']);
    return now.stdout.includes('(not-answered)') ? now : undefined;
  });
  mustTell(t, held, 'not-answered', /^> fail {2}dry run +no answer: Internal error occurred: failed calling webhook/m);
  t.match(held.stdout, `pullpass check --namespace ${OWN_NAMESPACE}`);
});
