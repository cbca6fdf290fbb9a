// Ten thousand namespaces, each with its pull Secret: what a pass without changes costs, which calls a quiet minute makes, and
// how much memory the process holds. On a real API server, with the bundle.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { atMost, FULL } from '../full.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  OWN_NAMESPACE,
  type ServeProcess,
  startServe,
} from './installation.ts';
import { median } from './secret-watch.ts';

t.setTimeout(600_000);
const COUNT = Number(process.env.COUNT ?? (FULL ? 10_000 : 2_000));
const QUIET_S = 10;
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const folder = mkdtempSync(join(tmpdir(), 'pullpass-scale-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'pullpass.yaml');
writeFileSync(config, 'pullSecret: { distribution: everywhere }\n');
for (let i = 0; i < 10; i++) {
  await makeCredential(api, `registry-${i}`, { [`r${i}.example.com`]: { username: 'robot', password: `fake-${i}` } });
}

t.test(`${COUNT} namespaces get their pull Secret`, async (t) => {
  const began = performance.now();
  const queue = Array.from({ length: COUNT }, (_, i) => `team-${i}`);
  const worker = async (): Promise<void> => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const labels = { 'pullpass.dev/inject': 'enabled', team: `t${name.length}` };
      await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name, labels } }));
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  t.comment(`made in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  const first = await startServe(plane, ['--config', config], { port, bundle: true });
  await eventually(
    'all written',
    async () =>
      (await first.metric('pullpass_sync_changes_total', { outcome: 'written' })) >= COUNT ? true : undefined,
    300,
  );
  t.comment(`all written after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  t.comment(`the replica that wrote them holds ${(await memoryOf(first)).resident} MiB`);
  t.equal(await first.stop(), 0);
  // The controllers still make a ServiceAccount in each namespace, on the same two cores.
  const all = async () => (await api.call('GET', '/api/v1/serviceaccounts?limit=1')).body.metadata.remainingItemCount;
  await eventually('ServiceAccounts of all', async () => ((await all()) >= COUNT ? true : undefined), 300);
  t.comment(`the controllers are done after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
});

t.test('a pass without changes makes no call and holds nobody up; memory stays small', async (t) => {
  const started = performance.now();
  const preload = join(import.meta.dirname, 'turn-meter.mjs');
  const serve = await startServe(plane, ['--config', config], { port, bundle: true, preload });
  t.teardown(() => serve.stop('SIGKILL'));
  t.comment(`ready after ${(performance.now() - started).toFixed(0)} ms`);
  const pass = 'pullpass_sync_pass_duration_seconds';
  const look = async () => ({
    passes: await serve.metric(`${pass}_count`, { scope: 'all' }),
    seconds: await serve.metric(`${pass}_sum`, { scope: 'all' }),
  });
  await eventually('the first pass', async () => ((await look()).passes > 0 ? true : undefined), 60);
  await sleep(6_000);
  const times: number[] = [];
  const before = await calls(serve.healthPort);
  process.kill(serve.pid, 'SIGUSR2');
  for (let i = 0; i < 10; i++) {
    const from = await look();
    const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/registry-0`;
    const touch = { metadata: { labels: { touched: `${i}` } } };
    await expectOk(api.call('PATCH', path, touch, 'application/merge-patch+json'));
    const to = await eventually('a pass', async () => {
      const now = await look();
      return now.passes > from.passes ? now : undefined;
    });
    times.push((1_000 * (to.seconds - from.seconds)) / (to.passes - from.passes));
  }
  process.kill(serve.pid, 'SIGUSR2');
  const longest = await eventually('the longest turn', async () => {
    const [, ms] = /longest turn ([0-9.]+) ms/.exec(serve.output()) ?? [];
    return ms === undefined ? undefined : Number(ms);
  });
  t.comment(`a pass: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms; longest turn ${longest} ms`);
  t.ok(median(times) <= atMost(100), 'a pass takes 100 ms at most');
  t.ok(longest > 1, 'turns are measured');
  t.ok(longest <= atMost(20), 'in turns of 20 ms');
  await sleep(QUIET_S * 1_000);
  const after = await calls(serve.healthPort);
  const made = [...after].flatMap(([what, count]) => {
    const more = count - (before.get(what) ?? 0);
    return more === 0 ? [] : [`${what} ${more}`];
  });
  t.comment(`calls in ${QUIET_S} s and 10 passes: ${made.join(', ')}`);
  const kinds = made.map((text) => text.replace(/ \d+$/, '')).filter((what) => !what.startsWith('watch '));
  const allowed = ['update leases', 'list pods'];
  t.same(
    kinds.filter((what) => !allowed.includes(what)),
    [],
    'no call on Secrets, namespaces and ServiceAccounts',
  );
  const memory = await memoryOf(serve);
  t.comment(`resident memory in MiB: ${JSON.stringify(memory)}`);
  t.ok(memory.resident <= 120, `${memory.resident} MiB`);
});

/** In MiB: resident, of that what is the process's own and what is the files of Node; and what the heap holds. */
async function memoryOf({ pid, metric }: ServeProcess) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (key: string): number => Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
  const heap = async (name: string): Promise<number> =>
    Math.round((await metric(`pullpass_nodejs_${name}_bytes`)) / 2 ** 20);
  return {
    resident: of('VmRSS'),
    peak: of('VmHWM'),
    own: of('RssAnon'),
    files: of('RssFile'),
    heap: await heap('heap_size_total'),
    heapUsed: await heap('heap_size_used'),
    external: await heap('external_memory'),
  };
}

async function calls(healthPort: number): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
  const counts = new Map<string, number>();
  for (const [, verb, resource, value] of text.matchAll(
    /^pullpass_api_calls_total\{verb="(\w+)",resource="(\w+)",code="\d+"\} (\d+)/gm,
  )) {
    const what = `${verb} ${resource}`;
    counts.set(what, (counts.get(what) ?? 0) + Number(value));
  }
  return counts;
}
