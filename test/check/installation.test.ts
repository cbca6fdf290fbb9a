// One installation, well and then broken in one way after the other, each brought about for real: the page names the cause on its first
// screen. What only an installation with other certificates shows is in certificates-and-rights.test.ts.
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeCa } from '../../src/certificates/issue.ts';
import { freePorts } from '../control-plane/control-plane.ts';
import { read } from '../docs/documents.ts';
import { expectOk, makeCredential, makeNamespace, OWN_NAMESPACE, PULL_SECRET } from '../serve/installation.ts';
import { CONFIGURATION, type Found, firstScreen, inOneLine, openCheckSite, shown } from './site.ts';

t.setTimeout(300_000);
const PASSWORD = 'fake-password-of-a-test';
/** Gives a login for some seconds, and once it is told to, none any more. */
const PROVIDER = `#!/bin/sh
[ -e "$0.off" ] && exit 1
echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry",
"cacheDuration":"3s","auth":{"r.acme.example":{"username":"robot","password":"${PASSWORD}"}}}'
`;
const site = await openCheckSite({
  failurePolicy: 'Ignore',
  config(folder) {
    writeFileSync(join(folder, 'provider'), PROVIDER);
    chmodSync(join(folder, 'provider'), 0o755);
    return '{}\n';
  },
});
t.teardown(() => site.end());
const { plane, check } = site;
const { api } = plane;
const own = `/api/v1/namespaces/${OWN_NAMESPACE}`;
const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles/pullpass';
const pages: string[] = [];

/** Once the page says so: replicas and API server learn of a change by watches. */
async function finds(t: Test, cause: RegExp, ...args: readonly string[]): Promise<Found> {
  let found = await check(...args);
  for (let i = 0; i < 100 && !cause.test(inOneLine(found.page)); i++) {
    await sleep(150);
    found = await check(...args);
  }
  pages.push(found.page);
  t.match(inOneLine(firstScreen(found.page)), cause, 'on the first screen');
  for (const line of found.page.split('\n')) t.ok(line.length <= 80, line);
  return found;
}

const isWell = (t: Test): Promise<Found> => finds(t, /\b0 warnings, 0 failed/);

t.test('without credentials and namespaces it works, and says what is to do next', async (t) => {
  const { code, page } = await finds(t, /there is no credential yet/);
  t.equal(code, 0);
  t.match(page, /no namespace takes part, so no Pod is served \[namespaces\]\n {8}kubectl label namespace NAMESPACE/);
  t.match(page, /no Pod was tried: no namespace takes part yet/);
  t.equal((await check('--strict')).code, 1, 'a warning is a failure to those who say so');
});

/** What is another one each time. */
const steady = (page: string): string =>
  page.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\dZ/g, 'TIME').replaceAll(/v1\.\d+\.\d+/g, 'v1.37.2');

t.test('a healthy installation: the page is short, and as the document shows it', async (t) => {
  await makeCredential(api, 'acme', { 'registry.acme.example': { username: 'robot', password: PASSWORD } });
  await makeNamespace(api, 'shop');
  const { code, page } = await isWell(t);
  t.equal(code, 0);
  t.equal(page, shown('## What it says'));
  t.ok(page.split('\n').length <= 8, 'a few lines');
});

t.test('each check by its name and sentence, if that is asked for', async (t) => {
  const { page } = await check('--verbose');
  t.equal(steady(page), steady(read('test/check/healthy.txt')));
});

t.test('as JSON, for programs', async (t) => {
  const { page, code } = await check('-o', 'json');
  const all: readonly Record<string, string>[] = JSON.parse(page);
  t.equal(code, 0);
  t.same(
    all.find(({ check }) => check === 'dry-run'),
    {
      group: 'End to end',
      check: 'dry-run',
      state: 'ok',
      text: 'a Pod in shop with registry.acme.example/pullpass/pullpass-check gets the pull Secret',
      docs: 'https://github.com/pullpass/pullpass/blob/main/docs/check.md#end-to-end',
    },
  );
});

t.test('the program ends with the code', async (t) => {
  const program = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');
  const args = [program, 'check', '--kubeconfig', plane.kubeconfig];
  t.match((await promisify(execFile)(process.execPath, args)).stdout, /\b0 failed\n$/);
  const elsewhere = promisify(execFile)(process.execPath, [...args, '-n', 'nowhere']);
  await t.rejects(elsewhere, { code: 1, stdout: /there is no namespace nowhere/ });
});

t.test('the webhook configuration is deleted, and made again while the command waits', async (t) => {
  const { body } = await expectOk(api.call('GET', CONFIGURATION));
  await expectOk(api.call('DELETE', CONFIGURATION));
  const { code, page } = await finds(
    t,
    /^Webhook configuration fail there is no MutatingWebhookConfiguration pullpass/,
  );
  t.equal(code, 1);
  t.match(inOneLine(page), /does not get the pull Secret .*most likely because of what webhook-configuration/);
  t.equal(steady(page), shown('## When something is wrong'));
  const waiting = check('--wait', '60');
  await sleep(1_000);
  const { name, annotations } = body.metadata;
  await expectOk(
    api.call('POST', CONFIGURATION.replace(/\/[^/]+$/, ''), {
      metadata: { name, annotations },
      webhooks: body.webhooks,
    }),
  );
  const found = await waiting;
  t.equal(found.code, 0);
  t.match(found.said[0], /^not yet: .*webhook-configuration/);
});

t.test('the selector is rewritten', async (t) => {
  const path = '/webhooks/0/namespaceSelector';
  await site.rewrite([{ op: 'replace', path, value: { matchLabels: { team: 'payments' } } }]);
  const { code, page } = await finds(
    t,
    /the namespaceSelector of the webhook configuration is not the setting "namespaces"/,
  );
  t.equal(code, 1);
  t.match(inOneLine(page), /does not get the pull Secret .*most likely because of what webhook-scope/);
  await site.rewrite([{ op: 'replace', path, value: { matchLabels: { 'pullpass.dev/inject': 'enabled' } } }]);
  await isWell(t);
});

t.test('the caBundle is of a stranger, and the right to mend it was taken away', async (t) => {
  const { body } = await expectOk(api.call('GET', ROLES));
  const rules = body.rules.map((rule: { resources: string[]; verbs: string[] }) =>
    rule.resources.includes('mutatingwebhookconfigurations') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule,
  );
  await expectOk(api.call('PUT', ROLES, { ...body, metadata: { name: 'pullpass' }, rules }));
  const right = await finds(
    t,
    /Pullpass may not patch mutatingwebhookconfigurations pullpass: the API server does not learn of its CA/,
  );
  t.equal(right.code, 1, 'a rule that is missing is found before it is missed');
  t.match(right.page, /^1 failed|, 1 failed$/m);
  const stranger = Buffer.from((await makeCa(Date.now(), 900 * 86_400_000)).cert).toString('base64');
  await site.rewrite([{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: stranger }]);
  await finds(t, /the caBundle does not trust the certificate in use: every call fails/);
  await expectOk(api.call('PUT', ROLES, { ...body, metadata: { name: 'pullpass' } }));
  await isWell(t);
});

t.test('another rule is missing', async (t) => {
  const { body } = await expectOk(api.call('GET', ROLES));
  const rules = body.rules.filter(({ resources }: { resources: string[] }) => !resources.includes('events'));
  await expectOk(api.call('PUT', ROLES, { ...body, metadata: { name: 'pullpass' }, rules }));
  await finds(t, /Pullpass may not create events: users see nothing in `kubectl describe`/);
  await expectOk(api.call('PUT', ROLES, { ...body, metadata: { name: 'pullpass' } }));
  await isWell(t);
});

t.test("a Secret of the pull Secret's name is not ours", async (t) => {
  await makeNamespace(api, 'stranger');
  await expectOk(api.call('POST', '/api/v1/namespaces/stranger/secrets', { metadata: { name: PULL_SECRET } }));
  const { code, page } = await finds(
    t,
    /1 Secret of the pull Secret's name is not ours, so nothing is served there: stranger\/pullpass-dockercfg/,
  );
  t.equal(code, 1);
  t.match(page, /kubectl -n stranger describe secret pullpass-dockercfg/);
  const before = await check('--pre');
  t.match(inOneLine(before.page), /1 Secret of the pull Secret's name that no Pullpass of pullpass-system made/);
  await expectOk(api.call('DELETE', '/api/v1/namespaces/stranger'));
  await isWell(t);
});

t.test('the configuration is refused', async (t) => {
  site.configure('pullSecret: { nam: other }\n');
  const { code, page } = await finds(
    t,
    /the configuration file is refused, and the one before stays in force: .*pullSecret/,
  );
  t.equal(code, 1);
  t.match(page, /did you mean "name"/);
  const { page: before, code: refused } = await check('--pre', '--config', join(site.folder, 'pullpass.yaml'));
  t.match(inOneLine(before), /pullpass.yaml would be refused: .*pullSecret/);
  t.equal(refused, 1);
  site.configure('{}\n');
  await isWell(t);
});

t.test('a registry refuses a login', async (t) => {
  const [port = 0] = await freePorts(1);
  const registry = createServer((_, answer) =>
    answer.writeHead(401, { 'www-authenticate': 'Basic realm="tests"' }).end(),
  );
  await new Promise<void>((resolve) => registry.listen(port, '127.0.0.1', resolve));
  t.teardown(() => registry.close());
  const host = `127.0.0.1:${port}`;
  await makeCredential(
    api,
    'wrong',
    { [host]: { username: 'robot', password: PASSWORD } },
    { 'pullpass.dev/namespaces': 'none=here' },
  );
  site.configure('credentialHealth: { enabled: true }\n');
  const { code } = await finds(t, new RegExp(`${host} does not take the login of wrong: refused`));
  t.equal(code, 1);
  site.configure('{}\n');
  await expectOk(api.call('DELETE', `${own}/secrets/wrong`));
});

t.test('a login has expired, and its source gives no other', async (t) => {
  const source = '{ credentialProvider: { command: ./provider } }';
  site.configure(
    `credentials: [{ name: vendor, match: [r.acme.example], source: ${source.replace('.', site.folder)} }]\n`,
  );
  const obtained = () => site.serve.metric('pullpass_login_obtained_timestamp_seconds', { credential: 'vendor' });
  while ((await obtained()) === 0) await sleep(100);
  writeFileSync(join(site.folder, 'provider.off'), '');
  const { code } = await finds(t, /the login of vendor for r.acme.example expired on/);
  t.equal(code, 1);
  site.configure('{}\n');
});

t.test('the Service has no endpoint; with one, but no way to it, what is left is said', async (t) => {
  await expectOk(api.call('DELETE', `${own}/services/pullpass`));
  await finds(t, /there is no Service pullpass, so the API server calls nobody/);
  const { body } = await expectOk(api.call('GET', CONFIGURATION));
  const { port } = body.webhooks[0].clientConfig.service;
  const make = (selector: object) =>
    expectOk(
      api.call('POST', `${own}/services`, { metadata: { name: 'pullpass' }, spec: { selector, ports: [{ port }] } }),
    );
  await make({ app: 'other' });
  await finds(
    t,
    /has no ready endpoint, so the API server reaches nobody .*selects none of the Pods that run: its selector is app=other/,
  );
  await expectOk(api.call('DELETE', `${own}/services/pullpass`));
  await make({ 'app.kubernetes.io/name': 'pullpass' });
  await finds(
    t,
    /Service pullpass has no ready endpoint, so the API server reaches nobody .*kubectl .* get endpointslices/,
  );
  // As the controller of a cluster would; there is none here.
  const slices = `${own.replace('/api/v1', '/apis/discovery.k8s.io/v1')}/endpointslices`;
  const labels = { 'kubernetes.io/service-name': 'pullpass' };
  const slice = (ready: boolean) => ({
    ...{ metadata: { name: 'pullpass-1', labels }, addressType: 'IPv4', ports: [{ port }] },
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }],
  });
  await expectOk(api.call('POST', slices, slice(false)));
  await finds(t, /Service pullpass has no ready endpoint/);
  await expectOk(api.call('PUT', `${slices}/pullpass-1`, slice(true)));
  const { page } = await finds(t, /does not get the pull Secret \[dry-run\] nothing else is found wrong/);
  t.notMatch(page, '[endpoints]');
});

t.test('no page has shown a login', async (t) => {
  t.ok(pages.length > 20);
  t.notMatch(pages.join('\n'), PASSWORD);
  t.notMatch(pages.join('\n'), /PRIVATE KEY|BEGIN CERT/);
});
