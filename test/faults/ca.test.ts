// The CA under load, with `failurePolicy: Fail`: somebody empties the caBundle again and again; a new CA takes over while one of the
// replicas is frozen, which is not used again before it has a certificate of the new one.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { certificatesIn } from '../../src/certificates/bundle.ts';
import { FULL } from '../full.ts';
import { eventually, expectOk, OWN_NAMESPACE, WEBHOOK } from '../serve/installation.ts';
import { isReady } from './endpoints.ts';
import { describeLoad, type LoadReport, startLoad } from './load.ts';
import { OFFERED, openSite, REACHED } from './site.ts';

t.setTimeout(900_000);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-ca-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
// The CA of the full run follows by its age, that of the short one because it is asked for.
const LIVES = FULL ? { ca: 150, leaf: 40 } : { ca: 600, leaf: 10 };
writeFileSync(config, `certificate: { caLife: ${LIVES.ca}s, leafLife: ${LIVES.leaf}s }\n`);
const site = await openSite({ replicas: 3, args: ['--config', config, '--drain', '2'], lagMs: 500 });
t.teardown(() => site.end());
const { plane, fleet, namespaces } = site;
const PATH = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
const BUNDLE = '/webhooks/0/clientConfig/caBundle';

async function bundle(): Promise<string> {
  const { body } = await expectOk(plane.api.call('GET', PATH));
  return Buffer.from(body.webhooks[0].clientConfig.caBundle ?? '', 'base64').toString();
}

async function currentCa(): Promise<string> {
  const { body } = await expectOk(plane.api.call('GET', `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/pullpass-ca`));
  return Buffer.from(body.data['ca.crt'], 'base64').toString().trim();
}

function served(t: Test, report: LoadReport): void {
  t.comment(describeLoad(report));
  t.equal(report.unserved, 0, 'none is without its pull Secret');
  t.ok(report.created > 0 && report.perSecond >= REACHED, `${report.perSecond.toFixed(0)} creates/s`);
}

t.test('the caBundle is emptied again and again: mended at once, and no replica leaves', async (t) => {
  const load = startLoad(plane, { perSecond: OFFERED, namespaces });
  t.teardown(() => load.stop());
  await sleep(1_000);
  let inUse = true;
  const watching = setInterval(() => {
    inUse &&= fleet.members().every(({ endpoint }) => endpoint.inUse());
  }, 20);
  t.teardown(() => clearInterval(watching));
  const gone: number[] = [];
  let late = 0;
  for (let round = 0; round < (FULL ? 20 : 3); round++) {
    const emptied = load.mark();
    const patch = [{ op: 'remove', path: BUNDLE }];
    await expectOk(plane.api.call('PATCH', PATH, patch, 'application/json-patch+json'));
    await eventually('mended', async () => certificatesIn(await bundle()).length > 0 || undefined, 5);
    const mended = load.mark();
    gone.push(mended - emptied);
    await sleep(1_500);
    // The API server learns of it by a watch of its own, and what began before has its time.
    late += load.failures().filter(({ began }) => began > mended + 300).length;
  }
  clearInterval(watching);
  const report = await load.stop();
  served(t, report);
  t.comment(`mended after at most ${Math.max(...gone).toFixed(0)} ms; ${report.failed} creates failed meanwhile`);
  t.ok(inUse, 'every replica stayed in the endpoints');
  t.equal(late, 0, 'nothing fails that began after it was mended');
  t.ok(Math.max(...gone) <= 1_000, 'within a second');
});

/** Resolves when a client that trusts the bundle and nothing else has spoken to it, or rejects. */
function speaksTo(port: number, ca: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: `${WEBHOOK}.${OWN_NAMESPACE}.svc` }, () => {
      socket.end();
      resolve();
    });
    socket.on('error', reject);
  });
}

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');

/** As an administrator asks for it; in a full run nobody does. */
async function rotate(t: Test): Promise<void> {
  if (FULL) return;
  const args = [MAIN, 'rotate-ca', '--kubeconfig', plane.kubeconfig];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  t.match(stdout, /^the new CA signs, and is good until .*; the one before leaves the webhook configuration on /);
}

t.test('a new CA takes over while a replica is frozen: no create fails', async (t) => {
  const load = startLoad(plane, { perSecond: OFFERED, namespaces });
  t.teardown(() => load.stop());
  const before = await currentCa();
  const { serve, endpoint } = fleet.member(0);
  endpoint.takeOut();
  const asked = rotate(t);
  await eventually('published', async () => certificatesIn(await bundle()).length === 2 || undefined, LIVES.ca);
  // With another bundle the API server makes other connections, and none to the one that was taken out.
  await sleep(500);
  const isQuiet = async () => endpoint.waiting() === 0 || undefined;
  for (let i = 0; i < 10; i++) await eventually('nothing goes to it any more', isQuiet, 5);
  t.equal(await currentCa(), before, 'it does not sign yet');
  fleet.freeze(0);
  await asked;
  await eventually('signs', async () => (await currentCa()) !== before || undefined, 60);
  const isAlone = async (): Promise<boolean> => !(await bundle()).includes(before);
  await eventually('the old one is gone', async () => (await isAlone()) || undefined, 120);
  fleet.thaw(0);
  endpoint.putBack();
  // Its first word is whether it is ready, and it is asked at once: it must not have passed as such with what it had.
  await eventually('ready again', async () => (await isReady(serve.healthPort)) || undefined, 20);
  await t.resolves(speaksTo(serve.port, await bundle()), 'ready with a certificate that is trusted');
  await eventually('in use', async () => endpoint.inUse() || undefined);
  const opened = endpoint.counts.opened;
  // Without the others, what is asked comes to it.
  for (let i = 0; i < 2; i++) t.equal(await fleet.retire(1), 0);
  await eventually('it is used again', async () => endpoint.counts.opened > opened || undefined);
  const report = await load.stop();
  served(t, report);
  t.equal(report.failed, 0, 'no create failed');
  t.not(await currentCa(), before);
  t.notMatch(await bundle(), before, 'the old CA is gone');
});
