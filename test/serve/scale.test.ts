// Ten thousand namespaces, each with its pull Secret: what a pass without changes costs, which calls a quiet minute makes, and
// how much memory the process holds. On a real API server, with the bundle.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk, install, makeCredential, OWN_NAMESPACE, startServe } from './installation.ts';

t.setTimeout(600_000);
const COUNT = 10_000;
const QUIET_S = 20;
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

t.test('ten thousand namespaces get their pull Secret', async (t) => {
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
  t.equal(await first.stop(), 0);
});

t.test('a pass without changes makes no call and holds nobody up; memory stays small', async (t) => {
  const started = performance.now();
  const serve = await startServe(plane, ['--config', config], { port, bundle: true });
  t.teardown(() => serve.stop('SIGKILL'));
  t.comment(`ready after ${(performance.now() - started).toFixed(0)} ms`);
  const passes = (): Promise<number> => serve.metric('pullpass_sync_pass_duration_seconds_count', { scope: 'all' });
  const seconds = (): Promise<number> => serve.metric('pullpass_sync_pass_duration_seconds_sum', { scope: 'all' });
  await eventually('the first pass', async () => ((await passes()) > 0 ? true : undefined), 60);
  await sleep(2_000);
  const lags: number[] = [];
  const times: number[] = [];
  const before = await calls(serve.healthPort);
  for (let i = 0; i < 5; i++) {
    const [count, sum] = [await passes(), await seconds()];
    const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/registry-0`;
    const touch = { metadata: { labels: { touched: `${i}` } } };
    await expectOk(api.call('PATCH', path, touch, 'application/merge-patch+json'));
    await eventually('a pass', async () => ((await passes()) > count ? true : undefined));
    times.push((1_000 * ((await seconds()) - sum)) / ((await passes()) - count));
    lags.push(1_000 * (await serve.metric('pullpass_nodejs_eventloop_lag_max_seconds')));
  }
  t.comment(
    `a pass: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms; longest turn ${Math.max(...lags).toFixed(0)} ms`,
  );
  t.ok(Math.min(...times) <= 100, 'a pass takes 100 ms at most');
  await sleep(QUIET_S * 1_000);
  const after = await calls(serve.healthPort);
  const made = [...after].flatMap(([what, count]) => {
    const more = count - (before.get(what) ?? 0);
    return more === 0 ? [] : [`${what} ${more}`];
  });
  t.comment(`calls in ${QUIET_S} s and 5 passes: ${made.join(', ')}`);
  const forbidden = made.filter(
    (text) => /(secrets|namespaces|serviceaccounts) \d+$/.test(text) && !text.startsWith('watch'),
  );
  t.same(forbidden, [], 'no call on Secrets, namespaces and ServiceAccounts');
  const status = readFileSync(`/proc/${serve.pid}/status`, 'utf8');
  const [rss, peak] = ['VmRSS', 'VmHWM'].map(
    (key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024,
  );
  t.comment(`resident memory ${rss?.toFixed(0)} MiB, at most ${peak?.toFixed(0)} MiB`);
});

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
