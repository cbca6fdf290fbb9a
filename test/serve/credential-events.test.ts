// What an administrator is told of credentials where he looks: Events on the labelled Secrets, and metrics of what is kept, of
// what a program gave and of settings that the webhook configuration does not share. With the rights of an installation.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  OWN_NAMESPACE,
  type ServeProcess,
  says,
  startServe,
} from './installation.ts';

t.setTimeout(300_000);
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const kubeconfig = await limitedKubeconfig(plane);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-credential-events-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const PASSWORD = 'fake-and-in-no-event';
const LOGIN = { username: 'robot', password: PASSWORD };
const HOUR = 3_600;
const SECRETS = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets`;
const LOGINS = `${SECRETS}/pullpass-logins`;

const config = join(folder, 'pullpass.yaml');
const provider = join(folder, 'provider');
const answer = {
  kind: 'CredentialProviderResponse',
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  cacheKeyType: 'Registry',
  cacheDuration: '1h',
  auth: { 'exec.example.com': LOGIN },
};
writeFileSync(provider, `#!/bin/sh\ncat > /dev/null\necho '${JSON.stringify(answer)}'\n`);
chmodSync(provider, 0o755);
// The webhook configuration has no rule for Jobs.
writeFileSync(
  config,
  `workloads: [Deployment, Job]
credentials:
  - { name: exec, match: [exec.example.com], source: { credentialProvider: { command: ${provider} } } }
`,
);

let serve: ServeProcess;
async function restart(): Promise<void> {
  await serve?.stop();
  serve = await startServe(plane, ['--config', config], { port, kubeconfig });
}
t.teardown(() => serve?.stop('SIGKILL'));

interface Said {
  readonly reason: string;
  readonly type: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid: string };
}

async function events(): Promise<readonly Said[]> {
  const { body } = await expectOk(api.call('GET', `/api/v1/namespaces/${OWN_NAMESPACE}/events`));
  return body.items.filter(({ involvedObject }: Said) => involvedObject.kind === 'Secret');
}

/** Polls until a metric is what it should be. */
async function becomes(name: string, labels: Record<string, string>, isRight: (value: number) => boolean) {
  await eventually(`${name} ${JSON.stringify(labels)}`, async () =>
    isRight(await serve.metric(name, labels)) ? true : undefined,
  );
}

t.test('a stranger in the place of the kept logins stays as he is, and that is counted', async (t) => {
  const stranger = { metadata: { name: 'pullpass-logins' }, stringData: { mine: 'not yours' } };
  const { body: before } = await expectOk(api.call('POST', SECRETS, stranger));
  await makeCredential(api, 'good', { 'good.example.com': LOGIN });
  await restart();
  await becomes('pullpass_logins_kept_total', { outcome: 'foreign' }, (value) => value > 0);
  await says(serve, /"why":"a Secret of that name is there that is not ours.*"msg":"the logins could not be kept"/);
  t.equal(await serve.metric('pullpass_logins_kept_total', { outcome: 'kept' }), 0);
  t.same((await api.call('GET', LOGINS)).body, before);
  await expectOk(api.call('DELETE', LOGINS));
  await becomes('pullpass_logins_kept_total', { outcome: 'kept' }, (value) => value > 0);
  const { data } = (await api.call('GET', LOGINS)).body;
  t.match(Buffer.from(data.good, 'base64').toString(), PASSWORD);
});

t.test('when a program gave a login, and when that expires', async (t) => {
  const labels = { credential: 'exec' };
  const now = Date.now() / 1_000;
  await becomes('pullpass_login_obtained_timestamp_seconds', labels, (value) => Math.abs(value - now) < 60);
  const obtained = await serve.metric('pullpass_login_obtained_timestamp_seconds', labels);
  t.equal(await serve.metric('pullpass_login_expiry_timestamp_seconds', labels), obtained + HOUR);
  t.equal(
    await serve.metric('pullpass_login_expiry_timestamp_seconds', { credential: 'good' }),
    0,
    'a Secret says none',
  );
});

t.test('a setting that the webhook configuration does not share', async (t) => {
  await becomes('pullpass_webhook_configuration_differs', { setting: 'workloads' }, (value) => value === 1);
  t.equal(await serve.metric('pullpass_webhook_configuration_differs', { setting: 'namespaces' }), 0);
  await says(serve, /no rule of the webhook configuration sends CREATE of Job\.batch here/);
});

t.test('a Secret that is refused or shadowed has an Event that says why, once', async (t) => {
  await makeCredential(api, 'misspelt', { 'a.example.com': LOGIN }, { 'pullpass.dev/mach': 'a.example.com' });
  await makeCredential(api, 'zweiter', { 'good.example.com': LOGIN });
  const said = await eventually('both Events', async () => {
    const all = await events();
    return all.length >= 2 ? all : undefined;
  });
  t.match(
    [...said].sort((a, b) => (a.reason < b.reason ? -1 : 1)),
    [
      {
        reason: 'CredentialRefused',
        type: 'Warning',
        message: /annotation pullpass\.dev\/mach is unknown, did you mean "pullpass\.dev\/match"\?/,
        involvedObject: { name: 'misspelt' },
      },
      {
        reason: 'CredentialShadowed',
        type: 'Warning',
        message: 'pattern "good.example.com" is served by credential "good"',
        involvedObject: { name: 'zweiter' },
      },
    ],
  );
  for (const { involvedObject } of said) {
    const { metadata } = (await api.call('GET', `${SECRETS}/${involvedObject.name}`)).body;
    t.equal(involvedObject.uid, metadata.uid, `${involvedObject.name}: so that kubectl describe shows it`);
  }
  t.notMatch(JSON.stringify(said), PASSWORD);
  await becomes('pullpass_credential_problems', { kind: 'refused' }, (value) => value === 1);
  await becomes('pullpass_credential_problems', { kind: 'shadowed' }, (value) => value === 1);
  t.equal(await serve.metric('pullpass_events_total', { outcome: 'written' }), 2);
});

t.test('a restart says it again, which makes no further Event', async (t) => {
  const before = await events();
  await restart();
  await becomes('pullpass_events_total', { outcome: 'written' }, (value) => value === 2);
  t.same(await events(), before);
  t.equal(await serve.metric('pullpass_events_total', { outcome: 'forbidden' }), 0);
});
