// What two replicas ask of the API server when nothing changes: only what docs/operations.md says, and as often.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { part, read, rows } from '../docs/documents.ts';
import {
  eventually,
  expectOk,
  install,
  limitedKubeconfig,
  makeCredential,
  makeNamespace,
  pod,
  type ServeProcess,
  startServe,
} from './installation.ts';

t.setTimeout(300_000);
const SECONDS = 25;
const plane = await startControlPlane();
t.teardown(() => plane.stop());
const { api } = plane;
const [port] = await freePorts(1);
await install(api, port);
const kubeconfig = await limitedKubeconfig(plane);
await makeCredential(api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });

/** The calls so far, by `verb resource`. */
async function callsOf({ healthPort }: ServeProcess): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
  const calls = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, verb, resource, count] =
      /^pullpass_api_calls_total\{verb="(\w+)",resource="(\w+)",code="\d+"\} (\d+)$/.exec(line) ?? [];
    if (verb === undefined) continue;
    const what = `${verb} ${resource}`;
    calls.set(what, (calls.get(what) ?? 0) + Number(count));
  }
  return calls;
}

function since(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map(
    [...after].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const).filter(([, n]) => n > 0),
  );
}

const table = rows(part(read('docs/operations.md'), '## Calls of a quiet replica'));
const documented = (...who: readonly string[]): readonly string[] =>
  table.flatMap(([verb, resource, , by = '']) => (who.includes(by) ? [`${verb} ${resource}`] : []));

t.test('nothing but what the document says', async (t) => {
  const serves = await Promise.all([
    startServe(plane, [], { port, kubeconfig }),
    startServe(plane, [], { kubeconfig }),
  ]);
  t.teardown(() => Promise.all(serves.map((serve) => serve.stop('SIGKILL'))));
  const isElected = async (serve: ServeProcess): Promise<boolean> => (await serve.metric('pullpass_elected')) === 1;
  const elected = await eventually('one is elected', async () => {
    for (const serve of serves) if (await isElected(serve)) return serve;
    return undefined;
  });
  const other = serves.find((serve) => serve !== elected) ?? elected;
  await makeNamespace(api, 'shop');
  await expectOk(api.call('POST', '/api/v1/namespaces/shop/pods', pod('app', 'ghcr.io/acme/app')));
  await sleep(5_000);
  const before = await Promise.all([callsOf(elected), callsOf(other)]);
  await sleep(SECONDS * 1_000);
  const [ofElected = new Map(), ofOther = new Map()] = [
    since(before[0], await callsOf(elected)),
    since(before[1], await callsOf(other)),
  ];
  t.comment(`in ${SECONDS} s: ${JSON.stringify({ elected: [...ofElected], other: [...ofOther] })}`);
  const allowed = {
    elected: documented('each', 'the elected replica'),
    other: documented('each', 'the others'),
  };
  for (const what of ofElected.keys()) t.ok(allowed.elected.includes(what), `the elected replica: ${what}`);
  for (const what of ofOther.keys()) t.ok(allowed.other.includes(what), `the other: ${what}`);
  // Each between the whole interval and a fifth less; a call of a busy machine may fall outside.
  const between = (what: string, count: number | undefined, seconds: number): void => {
    const [least, most] = [Math.floor(SECONDS / seconds) - 2, Math.ceil(SECONDS / (seconds * 0.8)) + 1];
    t.ok(
      count !== undefined && count >= Math.max(1, least) && count <= most,
      `${what}: ${count}, wanted ${least} to ${most}`,
    );
  };
  between('update leases', ofElected.get('update leases'), 2);
  between('get leases', ofOther.get('get leases'), 2);
  between('list pods', ofElected.get('list pods'), 20);
  t.equal(await isElected(elected), true, 'it was elected all the time');
});
