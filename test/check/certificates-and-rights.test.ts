// Certificates of another issuer, with `failurePolicy: Fail`: one that nobody follows up expires, and the bundle that somebody else keeps
// is swapped for a stranger's. The page names each, and quotes what the API server says of it. And what people with few rights see.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { makeCa, signLeaf } from '../../src/certificates/issue.ts';
import { makeCredential, makeNamespace, OWN_NAMESPACE, PULL_SECRET, WEBHOOK } from '../serve/installation.ts';
import { checkAs, firstScreen, inOneLine, kubeconfigWith, openCheckSite } from './site.ts';

t.setTimeout(300_000);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Long enough to be taken on a busy machine. */
const LEAF_MS = 10_000;
const BUNDLE = '/webhooks/0/clientConfig/caBundle';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const ca = await makeCa(Date.now(), 30 * DAY_MS);
const name = `${WEBHOOK}.${OWN_NAMESPACE}.svc`;
let expires = 0;

async function putLeaf(folder: string, life: number): Promise<void> {
  const leaf = await signLeaf(ca, [name], Date.now(), life);
  expires = Date.now() + life;
  writeFileSync(join(folder, 'tls.crt'), leaf.cert);
  writeFileSync(join(folder, 'tls.key'), leaf.key);
}

const site = await openCheckSite({
  failurePolicy: 'Fail',
  replicas: 2,
  bundle: ca.cert,
  async config(folder) {
    await putLeaf(folder, DAY_MS);
    return 'certificate: { files: { cert: tls.crt, key: tls.key } }\n';
  },
});
t.teardown(() => site.end());
await makeCredential(site.plane.api, 'acme', { 'registry.acme.example': { username: 'robot', password: 'fake' } });
await makeNamespace(site.plane.api, 'shop');

/** One that is new: a connection that is open goes on with the certificate that it began with. */
const reconnect = (pem: string) => site.rewrite([{ op: 'replace', path: BUNDLE, value: base64(pem) }]);

async function finds(cause: RegExp): Promise<{ readonly code: number | undefined; readonly text: string }> {
  for (let i = 0; ; i++) {
    const { page, code } = await site.check();
    const text = inOneLine(firstScreen(page));
    if (cause.test(text) || i === 60) return { code, text };
    await sleep(200);
  }
}

t.test('a certificate that will expire within hours is a warning', async (t) => {
  await putLeaf(site.folder, HOUR_MS);
  const cause = /warn the certificate in use expires on \S+Z \[certificate-expiry\] another should have followed/;
  const { text, code } = await finds(cause);
  t.match(text, cause);
  t.match(text, /0 failed/);
  t.equal(code, 0);
});

t.test('the leaf has expired', async (t) => {
  await putLeaf(site.folder, LEAF_MS);
  await sleep(Math.max(0, expires - Date.now()));
  await reconnect(`${ca.cert}\n`);
  const cause = /fail the certificate in use expired on \S+Z: every call fails/;
  const { text, code } = await finds(cause);
  t.match(text, cause);
  t.equal(code, 1);
  const dryRun =
    /the API server cannot call Pullpass: tls: failed to verify certificate: x509: certificate has expired/;
  t.match((await finds(dryRun)).text, dryRun, 'and what the API server says');
});

t.test('the bundle is of a stranger, while nobody mends it', async (t) => {
  await putLeaf(site.folder, DAY_MS);
  const well = /\b0 failed/;
  t.match((await finds(well)).text, well, 'another certificate is taken without a restart');
  await reconnect((await makeCa(Date.now(), 30 * DAY_MS)).cert);
  const cause = /fail the caBundle does not trust the certificate in use: every call fails/;
  const { text, code } = await finds(cause);
  t.match(text, cause);
  t.equal(code, 1);
  t.match(text, /the API server cannot call Pullpass: .*certificate signed by unknown authority/);
  await site.rewrite([{ op: 'remove', path: BUNDLE }]);
  const none = /fail the caBundle holds no certificate: the API server trusts nobody/;
  t.match((await finds(none)).text, none);
});

t.test('whoever has few rights gets a page that says which are missing, and no failure for it', async (t) => {
  for (const [name, rules, missing] of [
    ['viewer', 'view', /you may not create subjectaccessreviews/],
    ['nobody', [], /you may not list pods in pullpass-system/],
  ] as const) {
    const kubeconfig = await kubeconfigWith(site.plane, name, rules);
    const after = await checkAs(kubeconfig);
    t.equal(after.code, 0, name);
    t.match(inOneLine(after.page), missing);
    t.notMatch(after.page, /^fail {2}(?!Service)/m);
    const before = await checkAs(kubeconfig, '--pre');
    t.equal(before.code, 1, 'but to install takes rights');
    t.match(inOneLine(before.page), /fail you may not create namespaces/);
  }
});

t.test('the rights of the document are enough for all of it', async (t) => {
  const core = (resources: string[], ...verbs: string[]) => ({ apiGroups: [''], resources, verbs });
  const of = (group: string, resource: string, ...verbs: string[]) => ({
    apiGroups: [group],
    resources: [resource],
    verbs,
  });
  const kubeconfig = await kubeconfigWith(site.plane, 'checker', [
    core(['namespaces', 'services', 'serviceaccounts', 'pods', 'nodes'], 'get', 'list'),
    of('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'get', 'list'),
    of('discovery.k8s.io', 'endpointslices', 'list'),
    of('coordination.k8s.io', 'leases', 'get'),
    core(['pods/portforward'], 'get', 'create'),
    of('authorization.k8s.io', 'subjectaccessreviews', 'create'),
    { ...core(['secrets'], 'get', 'list'), resourceNames: ['pullpass-ca', PULL_SECRET] },
    core(['pods'], 'create'),
    of('apps', 'deployments', 'list'),
    of('apps', 'daemonsets', 'get'),
    of('admissionregistration.k8s.io', 'mutatingadmissionpolicies', 'list'),
    of('kyverno.io', '*', 'list'),
  ]);
  const { page } = await checkAs(kubeconfig, '--verbose');
  t.notMatch(inOneLine(page), /cannot tell|may not/);
  t.match(page, /\[dry-run\]/);
});
