// How long the bundle takes from its start to ready, in a cluster where a thousand namespaces hold a pull Secret, and what that
// time is made of. The clock is that of the log lines.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { atMost, FULL } from '../full.ts';
import { eventually, expectOk, install, limitedKubeconfig, makeCredential, startServe } from '../serve/installation.ts';
import { median } from '../serve/secret-watch.ts';

t.setTimeout(300_000);
const NAMESPACES = FULL ? 1_000 : 300;
const STARTS = FULL ? 5 : 2;
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });
const kubeconfig = await limitedKubeconfig(plane);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-start-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, 'pullSecret: { distribution: everywhere }\n');

t.test(`${NAMESPACES} namespaces hold their pull Secret`, async (t) => {
  const names = Array.from({ length: NAMESPACES }, (_, i) => `team-${i}`);
  const worker = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const labels = { 'pullpass.dev/inject': 'enabled' };
      await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name, labels } }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  const serve = await startServe(plane, ['--config', config, '--drain', '0'], { port, bundle: true, kubeconfig });
  t.teardown(() => serve.stop('SIGKILL'));
  const changes = 'pullpass_sync_changes_total';
  const written = async () => (await serve.metric(changes, { outcome: 'written' })) >= NAMESPACES || undefined;
  await eventually('all written', written, 120);
  const all = async () => (await api.call('GET', '/api/v1/serviceaccounts?limit=1')).body.metadata.remainingItemCount;
  await eventually('the controllers are done', async () => (await all()) >= NAMESPACES || undefined, 120);
  t.equal(await serve.stop(), 0);
});

/** Milliseconds from the start of the process to each of its log lines, by message. */
async function start(): Promise<ReadonlyMap<string, number>> {
  const args = ['--config', config, '--drain', '0'];
  const serve = await startServe(plane, args, { port, bundle: true, kubeconfig });
  await eventually('it is said', async () => serve.output().includes('"msg":"ready"') || undefined, 10);
  const moments = new Map<string, number>();
  for (const line of serve
    .output()
    .split('\n')
    .filter((text) => text.startsWith('{'))) {
    const { time, msg } = JSON.parse(line);
    if (!moments.has(msg)) moments.set(msg, new Date(time).getTime() - serve.startedAt);
  }
  await serve.stop();
  return moments;
}

/** Node, and the bundle read and run, with nothing to do. */
function load(): number {
  const began = performance.now();
  execFileSync(process.execPath, [join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs'), 'help']);
  return performance.now() - began;
}

t.test('from its start to ready', async (t) => {
  const starts: ReadonlyMap<string, number>[] = [];
  const loads: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    starts.push(await start());
    loads.push(load());
  }
  const middle = (message: string): number => median(starts.map((moments) => moments.get(message) ?? Number.NaN));
  for (const message of starts[0]?.keys() ?? []) t.comment(`${middle(message).toFixed(0)} ms: ${message}`);
  t.comment(`of that ${median(loads).toFixed(0)} ms to load the program`);
  const ready = starts.map((moments) => moments.get('ready') ?? Number.POSITIVE_INFINITY);
  t.comment(`ready after ${ready.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  t.ok(median(ready) <= atMost(1_000), `${median(ready)} ms`);
});
