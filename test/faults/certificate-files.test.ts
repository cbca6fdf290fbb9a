// Certificate files that are swapped under load, some of them broken, some with a new CA: no create fails, and what is broken is said.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type KeyPair, makeCa, signLeaf } from '../../src/certificates/issue.ts';
import { FULL } from '../full.ts';
import { eventually, OWN_NAMESPACE, WEBHOOK } from '../serve/installation.ts';
import { describeLoad, startLoad } from './load.ts';
import { OFFERED, openSite, REACHED } from './site.ts';

t.setTimeout(900_000);
const SWAPS = FULL ? 100 : 10;
/** One in ten. */
const BROKEN_EVERY = 10;
const NEW_CA_EVERY = 8;
const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'pullpass-files-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const name = `${WEBHOOK}.${OWN_NAMESPACE}.svc`;
let ca = await makeCa(Date.now(), DAY_MS);
const newPair = (): Promise<KeyPair> => signLeaf(ca, [name], Date.now(), DAY_MS);

/** As a mounted Secret changes: the whole file at once, each on its own. */
function put(file: string, text: string): void {
  writeFileSync(join(folder, `${file}.new`), text, { mode: 0o600 });
  renameSync(join(folder, `${file}.new`), join(folder, file));
}

function putPair({ cert, key }: KeyPair): void {
  put('ca.crt', ca.cert);
  put('tls.crt', cert);
  put('tls.key', key);
}

putPair(await newPair());
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, 'certificate: { files: { cert: tls.crt, key: tls.key, ca: ca.crt } }\n');
const site = await openSite({ replicas: 1, args: ['--config', config] });
t.teardown(() => site.end());
const { serve } = site.fleet.member(0);
const changes = (outcome: string) => serve.metric('pullpass_certificate_changes_total', { outcome });

t.test('swapped again and again: no create fails, the broken ones are said', async (t) => {
  const load = startLoad(site.plane, { perSecond: OFFERED, namespaces: site.namespaces });
  t.teardown(() => load.stop());
  let broken = 0;
  for (let swap = 1; swap <= SWAPS; swap++) {
    const isBroken = swap % BROKEN_EVERY === 0;
    const what = isBroken ? 'refused' : 'swapped';
    const before = await changes(what);
    if (swap % NEW_CA_EVERY === 0) ca = await makeCa(Date.now(), DAY_MS);
    const { cert, key } = await newPair();
    if (isBroken) {
      broken += 1;
      put('tls.crt', broken % 2 === 0 ? cert.slice(0, 300) : cert);
    } else putPair({ cert, key });
    await eventually(`swap ${swap} is ${what}`, async () => (await changes(what)) > before || undefined, 30);
    await sleep(100);
  }
  const report = await load.stop();
  t.comment(describeLoad(report));
  t.equal(report.failed, 0, 'no create failed');
  t.equal(report.unserved, 0, 'none is without its pull Secret');
  t.ok(report.created > 0 && report.perSecond >= REACHED, `${report.perSecond.toFixed(0)} creates/s`);
  t.equal(await changes('refused'), broken, 'each broken one was counted');
  t.equal(await changes('swapped'), 1 + SWAPS - broken, 'and each good one was taken');
  const lines = serve.output().split('\n');
  const said = lines.filter((line) => line.includes('the new certificate is refused, the one before stays in use'));
  t.equal(said.length, broken, 'and said');
  t.notMatch(serve.output(), 'PRIVATE KEY');
});
