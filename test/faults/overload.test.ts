// More than one replica can do, straight to the admission port: usual Pods over as many connections as an API server has requests under
// way, reviews that must be parsed at three times the rate that it sustains, and large bodies all at once. Then an event loop that is
// blocked again and again under a normal load through the API server. Every request must be answered in time, memory must stay
// bounded, and the usual latency must be back soon. FULL=1 floods for a minute.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { FULL } from '../full.ts';
import {
  expectOk,
  install,
  makeCredential,
  makeNamespace,
  pod,
  type ServeProcess,
  startServe,
} from '../serve/installation.ts';
import type { Flooded } from './flood.ts';
import { flood, memoryOf, unanswered } from './flooding.ts';
import { describeLoad, startLoad } from './load.ts';

t.setTimeout(600_000);
const SECONDS = FULL ? 60 : 5;
const TIMEOUT_MS = 10_000;
/** In MiB, of the whole process, as docs/operations.md states it. */
const BOUND_MIB = 384;
/** As API servers send them: mostly small Pods, some large ones. */
const SIZES = [3_000, 4_000, 7_000, 3_500, 5_000, 12_000, 4_000, 3_000, 7_000, 60_000];
/** Of updates of large Deployments, both objects in each. */
const UPDATES = { updates: true, sizes: [30_000, 60_000, 40_000, 120_000] };
/** What an API server has under way at most, by default: 400 + 200. */
const MOST = 600;
const NAMESPACE = 'team-a';

const plane = await startControlPlane();
t.teardown(() => plane.stop());
const [port] = await freePorts(1);
await install(plane.api, port, { failurePolicy: 'Fail' });
await makeCredential(plane.api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });
const preload = join(import.meta.dirname, 'blocker.mjs');
const serve = await startServe(plane, [], { port, bundle: true, preload });
t.teardown(() => serve.stop('SIGKILL'));
await makeNamespace(plane.api, NAMESPACE);
await expectOk(plane.api.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, pod('first', 'ghcr.io/acme/app:1')));
const few = { port, namespace: NAMESPACE, timeoutMs: TIMEOUT_MS, sizes: SIZES };
const normal = { ...few, connections: 8, rate: 50, seconds: 2 };

function say(what: string, { sent, seconds, answers, all, served, busy }: Flooded): void {
  const figures = {
    perSecond: Math.round(sent / seconds),
    answers,
    all,
    served,
    clientBusy: Math.round(busy * 100) / 100,
  };
  t.comment(`${what}: ${JSON.stringify(figures)}`);
}

/** @returns after how many seconds a normal load had the latency from before, or undefined if it took more than ten */
async function calmsDown(before: Flooded): Promise<number | undefined> {
  const began = performance.now();
  for (;;) {
    const now = await flood({ ...normal, seconds: 1 });
    const seconds = (performance.now() - began) / 1_000;
    const calm =
      now.answers['200'] === now.sent &&
      now.all.median < 2 * before.all.median + 2 &&
      now.all.p99 < 2 * before.all.p99 + 20;
    if (calm) return seconds;
    say('not calm yet', now);
    if (seconds > 10) return undefined;
  }
}

async function rejected({ metric }: ServeProcess): Promise<Readonly<Record<string, number>>> {
  const reasons = ['overloaded-loop', 'overloaded-requests', 'overloaded-bytes', 'could-not-tell', 'fault'];
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = await metric('pullpass_reviews_rejected_total', { reason });
  return counts;
}

/** @param from where the log was when the flood began */
async function checkAfter(t: Test, before: Flooded, from: number): Promise<void> {
  const calm = await calmsDown(before);
  const { peak } = memoryOf(serve.pid);
  t.comment(
    `rejected: ${JSON.stringify(await rejected(serve))}; at most ${peak} MiB; calm after ${calm?.toFixed(1)} s`,
  );
  t.ok(calm !== undefined, 'a normal load has its latency back');
  t.ok(peak < BOUND_MIB, `${peak} MiB`);
  const said = serve.output().slice(from);
  const lines = said.match(/"msg":"a request was not answered with a review"/g)?.length ?? 0;
  t.ok(lines < 3 * (SECONDS + 10), `${lines} lines of log about it`);
}

t.test('all that an API server can have under way, again and again: each is answered with a review', async (t) => {
  await flood({ ...few, connections: 32, seconds: FULL ? 3 : 2 });
  const before = await flood(normal);
  const sustained = await flood({ ...few, connections: 32, seconds: FULL ? 5 : 3 });
  const from = serve.output().length;
  const most = await flood({ ...few, connections: MOST, seconds: SECONDS });
  say('normal load', before);
  say('what it sustains', sustained);
  say(`${MOST} at once for ${SECONDS} s`, most);
  t.same(Object.keys(most.answers), ['200'], 'with a review');
  t.ok(most.all.worst < 2_000, 'in time');
  const kept = most.sent / most.seconds / (sustained.sent / sustained.seconds);
  t.ok(kept > 0.5, `as many as before: ${kept.toFixed(2)} times`);
  await checkAfter(t, before, from);
});

t.test('three times the rate that it sustains, straight to the port', async (t) => {
  await flood({ ...few, ...UPDATES, connections: 32, seconds: FULL ? 3 : 2 });
  const before = await flood(normal);
  const sustained = await flood({ ...few, ...UPDATES, connections: 32, seconds: FULL ? 5 : 3 });
  say('updates: what it sustains', sustained);
  t.equal(sustained.answers['200'], sustained.sent, 'all are served as long as nobody asks for more');
  const rate = Math.round((3 * sustained.sent) / sustained.seconds);
  const from = serve.output().length;
  const over = await flood({ ...few, ...UPDATES, connections: MOST, rate, seconds: SECONDS });
  say(`three times as much, ${rate}/s for ${SECONDS} s`, over);
  t.equal(unanswered(over), 0, 'every request is answered in time, with a review or with "come again"');
  t.equal(over.opened, MOST, 'no connection is cut');
  t.ok((over.answers['200'] ?? 0) > 0.1 * SECONDS * (sustained.sent / sustained.seconds), 'and many with a review');
  await checkAfter(t, before, from);
});

t.test('by the size of bodies: what it sustains, and what of three times as much', async (t) => {
  for (const bytes of FULL ? [3_000, 7_000, 60_000, 400_000] : [60_000]) {
    const sustained = await flood({ ...few, connections: 16, seconds: FULL ? 3 : 2, sizes: [bytes] });
    const rate = Math.round((3 * sustained.sent) / sustained.seconds);
    const over = await flood({ ...few, connections: 600, seconds: FULL ? 4 : 2, sizes: [bytes], rate });
    const all = over.sent / over.seconds / (sustained.sent / sustained.seconds);
    say(`${bytes} bytes, sustained`, sustained);
    say(`${bytes} bytes, three times as much: ${all.toFixed(1)} times were answered`, over);
    await calmsDown(sustained);
  }
  t.ok(memoryOf(serve.pid).peak < BOUND_MIB, `${memoryOf(serve.pid).peak} MiB`);
});

t.test('bodies of 3 MB over a hundred connections at once', async (t) => {
  const before = await flood(normal);
  const from = serve.output().length;
  const large = await flood({ ...few, connections: 100, requests: FULL ? 400 : 120, seconds: 30, sizes: [3_000_000] });
  say('3 MB', large);
  t.equal(unanswered(large), 0);
  await checkAfter(t, before, from);
});

t.test('a normal load through the API server while the event loop is blocked again and again', async (t) => {
  const load = startLoad(plane, { perSecond: 50, namespaces: [NAMESPACE] });
  t.teardown(() => load.stop());
  await sleep(3_000);
  const before = load.report();
  process.kill(serve.pid, 'SIGUSR2');
  const from = load.mark();
  await sleep(SECONDS * 1_000);
  process.kill(serve.pid, 'SIGUSR2');
  const during = load.report(from);
  await sleep(2_000);
  const after = load.mark();
  await sleep(3_000);
  const calm = load.report(after);
  await load.stop();
  for (const [what, report] of Object.entries({ before, during, after: calm }))
    t.comment(`${what}: ${describeLoad(report)}`);
  t.ok(during.max > 400, 'it was blocked');
  t.same(load.failures().slice(0, 3), [], 'no create fails');
  t.ok(calm.p50 < 2 * before.p50 + 10 && calm.p99 < 2 * before.p99 + 50, 'the latency is back within 5 s');
});
