// Replicas come and go, with `failurePolicy: Fail`, so that each request that is lost is a create that failed: a rolling restart
// loses none, not even in the moment that connections are closed; a replica that is killed loses those that were on their way
// to it; and a cluster that starts with the webhook configuration and no replica recovers unaided.
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { ApiAnswer } from '../control-plane/api.ts';
import { FULL } from '../full.ts';
import { eventually, expectOk, OWN_NAMESPACE, PULL_SECRET, pod, startServe, WEBHOOK } from '../serve/installation.ts';
import type { Member } from './fleet.ts';
import { describeLoad, type LoadReport, startLoad, whyOf } from './load.ts';
import { OFFERED, openSite, REACHED } from './site.ts';

t.setTimeout(600_000);
const ROUNDS = FULL ? 3 : 1;
const DRAIN_S = FULL ? 5 : 2;
const site = await openSite({ replicas: 3, args: ['--drain', `${DRAIN_S}`], lagMs: FULL ? 1_000 : 500 });
t.teardown(() => site.end());
const { plane, fleet, namespaces } = site;

function lostNothing(t: Test, report: LoadReport): void {
  t.comment(describeLoad(report));
  t.equal(report.failed, 0, 'no create failed');
  t.equal(report.unserved, 0, 'none is without its pull Secret');
  t.ok(report.created > 0 && report.perSecond >= REACHED, `${report.perSecond.toFixed(0)} creates/s`);
}

t.test('a rolling restart loses nothing', async (t) => {
  const load = startLoad(plane, { perSecond: OFFERED, namespaces });
  t.teardown(() => load.stop());
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of fleet.members().keys()) t.equal(await fleet.replace(index), 0, 'the old one exits with 0');
  }
  lostNothing(t, await load.stop());
});

t.test('a replica that is killed loses what was on its way to it, and nothing once it is out', async (t) => {
  const load = startLoad(plane, { perSecond: OFFERED, namespaces });
  t.teardown(() => load.stop());
  await sleep(2_000);
  const killed = load.mark();
  const { endpoint } = await fleet.kill(1);
  const out = load.mark();
  await sleep(FULL ? 20_000 : 2_000);
  const report = await load.stop();
  const { unanswered, 'server refused': refused } = endpoint.counts;
  t.comment(describeLoad(report));
  t.comment(
    `out after ${Math.round(out - killed)} ms; it left ${unanswered} unanswered and refused ${refused} connections`,
  );
  for (const failure of load.failures()) {
    t.comment(`failed from ${at(failure.began, killed)} to ${at(failure.ended, killed)}: ${whyOf(failure)}`);
  }
  t.ok(report.failed <= unanswered + refused, 'only what was on its way to it failed');
  t.same(
    load.failures(out).filter(({ began }) => began >= out),
    [],
    'nothing that began once it was out failed',
  );
  t.equal(report.unserved, 0, 'none is without its pull Secret');
  t.ok(load.report(out).created > OFFERED, 'the others went on');
});

function at(moment: number, killed: number): string {
  return `${(moment - killed).toFixed(0)} ms`;
}

let created = 0;

function create(namespace: string): Promise<ApiAnswer> {
  const body = pod(`cold-${created++}`, 'ghcr.io/acme/app:1');
  return plane.api.call('POST', `/api/v1/namespaces/${namespace}/pods`, body);
}

/** Resolves just before the drain of the replica is over. */
async function drained({ serve }: Member): Promise<void> {
  const began = await eventually('draining', async () => {
    const line = serve
      .output()
      .split('\n')
      .find((text) => text.includes('"msg":"draining"'));
    return line === undefined ? undefined : new Date(JSON.parse(line).time).getTime();
  });
  await sleep(began + DRAIN_S * 1_000 - 15 - Date.now());
}

t.test('a burst on the idle connections of a replica, in the moment that it closes them, loses nothing', async (t) => {
  const crowd = (size: number, everyMs: number): Promise<ApiAnswer[]> =>
    Promise.all(Array.from({ length: size }, (_, i) => sleep(i * everyMs).then(() => create('team-a'))));
  const burst: ApiAnswer[] = [];
  for (let round = 0; round < (FULL ? 6 : 1); round++) {
    await fleet.start();
    // Fills what the API server keeps of idle connections, to every replica.
    await crowd(60, 0);
    await sleep(300);
    const leaving = fleet.member(0);
    const exited = fleet.retire(0);
    let gone = false;
    void exited.then(() => {
      gone = true;
    });
    await Promise.race([drained(leaving), exited]);
    t.equal(gone, false, 'it is not gone before the burst');
    burst.push(...(await crowd(40, 1)));
    t.equal(await exited, 0);
  }
  const failed = burst.filter(({ status }) => status !== 201);
  t.comment(`${burst.length} created in those moments, ${failed.length} failed`);
  t.same(
    failed.map(({ status, body }) => whyOf({ status, message: String(body.message) })),
    [],
  );
});

t.test('asked a second time to stop, it exits at once', async (t) => {
  const serve = await startServe(plane, ['--drain', '60'], { bundle: true });
  t.teardown(() => serve.stop('SIGKILL'));
  process.kill(serve.pid, 'SIGTERM');
  await sleep(300);
  const asked = performance.now();
  t.equal(await serve.stop('SIGTERM'), 1, 'not 0: it was cut short');
  t.ok(performance.now() - asked < 1_000, `after ${(performance.now() - asked).toFixed(0)} ms`);
});

async function setPolicy(failurePolicy: 'Fail' | 'Ignore'): Promise<void> {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK}`;
  const patch = [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: failurePolicy }];
  await expectOk(plane.api.call('PATCH', path, patch, 'application/json-patch+json'));
  // The API server learns of it by a watch.
  await sleep(1_000);
}

const listed = ({ body }: ApiAnswer): string[] =>
  (body.spec?.imagePullSecrets ?? []).map(({ name }: { name: string }) => name);

t.test('a cluster that starts with the webhook configuration and no replica recovers unaided', async (t) => {
  while (fleet.members().length > 0) await fleet.kill(0);
  await plane.killApiServer();
  await plane.startApiServer();
  const refused = await create('team-a');
  t.equal(refused.status, 500, 'with Fail, a Pod of a team has to wait');
  t.match(refused.body.message, /failed calling webhook "inject\.pullpass\.dev"/);
  for (const namespace of [OWN_NAMESPACE, 'kube-system', 'default']) {
    t.equal((await create(namespace)).status, 201, `one in ${namespace} has not`);
  }
  await setPolicy('Ignore');
  const unserved = await create('team-a');
  t.equal(unserved.status, 201, 'with Ignore it passes');
  t.same(listed(unserved), [], 'unserved');
  await setPolicy('Fail');
  await fleet.start();
  const served = await create('team-a');
  t.equal(served.status, 201, 'once a replica is there, all is as before');
  t.same(listed(served), [PULL_SECRET]);
});
