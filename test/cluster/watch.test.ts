import type { ServerResponse } from 'node:http';
import t from 'tap';
import type { ApiObject } from '../../src/cluster/api-object.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';
import { type WatchOptions, watchResource } from '../../src/cluster/watch.ts';
import { type Asked, events, type FakeApi, fakeApi, IMPATIENT, json, memoryLog, until } from './fake-api.ts';

type Step = (asked: Asked, response: ServerResponse) => void;

function pod(name: string, version: number): ApiObject {
  return { metadata: { namespace: 'shop', name, resourceVersion: String(version) } };
}
function page(version: number, items: readonly ApiObject[], token = ''): Step {
  return (_, response) =>
    json(response, 200, { metadata: { resourceVersion: String(version), continue: token }, items });
}
/** A watch with these events that then ends. */
function watch(...list: readonly unknown[]): Step {
  return (_, response) => events(response, ...list).end();
}
function refuse(status: number): Step {
  return (_, response) => json(response, status, { kind: 'Status' });
}
const added = (name: string, version: number) => ({ type: 'ADDED', object: pod(name, version) });
const deleted = (name: string, version: number) => ({ type: 'DELETED', object: pod(name, version) });
const stay: Step = (_, response) => events(response);

interface Run {
  readonly api: FakeApi;
  readonly owner: ReadonlyMap<string, string>;
  /** What was asked for: `list [token]` or `watch version`. */
  readonly asked: () => readonly string[];
  readonly log: ReturnType<typeof memoryLog>;
  readonly watch: ReturnType<typeof watchResource>;
}

/** Answers the steps in order, then keeps a watch open; waits until all were used. */
async function play(
  t: Parameters<typeof fakeApi>[0],
  steps: readonly Step[],
  more: Partial<WatchOptions<string>> = {},
): Promise<Run> {
  const queue = [...steps];
  const api = await fakeApi(t, (asked, response) => (queue.shift() ?? stay)(asked, response));
  const owner = new Map<string, string>();
  const log = memoryLog();
  const watch = watchResource<string>({
    client: api.client,
    resource: 'pods',
    path: '/api/v1/pods',
    query: { labelSelector: 'a=b' },
    project: ({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`,
    onSet: (namespace, name, value) => owner.set(`${namespace}/${name}`, value),
    onDelete: (namespace, name) => owner.delete(`${namespace}/${name}`),
    known: () => owner.keys(),
    time: IMPATIENT,
    log,
    ...more,
  });
  t.teardown(() => watch.stop());
  await until(() => queue.length === 0 && api.asked.length > steps.length, 'all steps were used');
  const asked = () =>
    api.asked.map(({ query }) =>
      query.watch ? `watch ${query.resourceVersion}` : `list ${query.continue ?? ''}`.trim(),
    );
  return { api, owner, asked, log, watch };
}

t.test('lists page by page, then watches from where the list was taken', async (t) => {
  const run = await play(t, [
    page(10, [pod('a', 1), pod('b', 2)], 'more'),
    page(10, [pod('c', 3)]),
    watch(added('d', 11), deleted('a', 12), { type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } }),
  ]);
  t.same([...run.owner.values()], ['b@2', 'c@3', 'd@11']);
  t.same(run.asked(), ['list', 'list more', 'watch 10', 'watch 20']);
  t.match(run.api.asked[0]?.query, { labelSelector: 'a=b', limit: '500' });
  t.match(run.api.asked[2]?.query, { labelSelector: 'a=b', allowWatchBookmarks: 'true' });
  const seconds = Number(run.api.asked[2]?.query.timeoutSeconds);
  t.ok(seconds >= 240 && seconds <= 480);
  t.same(run.api.calls.slice(0, 3), ['list pods 200', 'list pods 200', 'watch pods 200']);
  t.equal(run.watch.version(), '20');
});

t.test('is synced only after the last page', async (t) => {
  let last: ServerResponse | undefined;
  const api = await fakeApi(t, (asked, response) => {
    if (asked.query.watch) stay(asked, response);
    else if (asked.query.continue) last = response;
    else page(10, [pod('a', 1)], 'more')(asked, response);
  });
  const told: number[] = [];
  const nothing = { project: () => 0, onSet: () => undefined, onDelete: () => undefined, known: () => [] };
  const call = { client: api.client, resource: 'pods', path: '/', time: IMPATIENT, log: memoryLog() };
  const watch = watchResource({ ...call, ...nothing, onSynced: () => told.push(1) });
  t.teardown(() => watch.stop());
  await until(() => last !== undefined, 'the second page was asked for');
  t.equal(watch.synced(), false);
  if (last) json(last, 200, { metadata: { resourceVersion: '10' }, items: [] });
  await watch.whenSynced;
  t.equal(watch.synced(), true);
  t.equal(told.length, 1);
});

const forgotten = [
  ['as an event', watch({ type: 'ERROR', object: { code: 410 } })],
  ['as the answer', refuse(410)],
  ['after an event', watch(added('b', 11), { type: 'ERROR', object: { code: 410 } })],
  ['a line that is no JSON', (_: Asked, response: ServerResponse) => response.writeHead(200).end('oops\n')],
] as const;
for (const [name, step] of forgotten) {
  t.test(`lists anew when the place in the history is lost: ${name}`, async (t) => {
    const run = await play(t, [page(10, [pod('a', 1), pod('z', 2)]), step, page(30, [pod('a', 1), pod('c', 25)])]);
    t.same([...run.owner.keys()], ['shop/a', 'shop/c'], 'what vanished meanwhile is forgotten');
    t.same(run.asked(), ['list', 'watch 10', 'list', 'watch 30']);
    const limits = run.api.asked.flatMap(({ query }) => (query.watch ? [] : [query.limit]));
    t.same(limits, ['500', '100'], 'in smaller pages, since admissions are answered meanwhile');
  });
}

t.test('a list brings no news of what is held as it is, and rests between its pages', async (t) => {
  const told: string[] = [];
  const pauses: number[] = [];
  const held = new Map<string, string>();
  const steps = [
    page(10, [pod('a', 1), pod('b', 2)], 'more'),
    page(10, [pod('z', 3)]),
    refuse(410),
    page(30, [pod('a', 1), pod('b', 25)], 'more'),
    page(30, [pod('c', 26)]),
    watch(added('a', 1)),
  ];
  await play(t, steps, {
    holds: ({ metadata }) => held.get(metadata?.name ?? '') === metadata?.resourceVersion,
    onSet(_, name, __, version) {
      told.push(`${name}@${version}`);
      held.set(name, version);
    },
    onDelete: (_, name) => void told.push(`${name} is gone`),
    known: () => [...held.keys()].map((name) => `shop/${name}`),
    time: { ...IMPATIENT, sleep: async (ms) => void pauses.push(ms) },
  });
  t.same(told, ['a@1', 'b@2', 'z@3', 'b@25', 'c@26', 'z is gone', 'a@1'], 'each event is news');
  t.equal(pauses.filter((ms) => ms === 5).length, 1, 'not while it is listed for the first time');
});

t.test('an expired page begins the list anew', async (t) => {
  const run = await play(t, [page(10, [pod('a', 1)], 'more'), refuse(410), page(20, [pod('b', 15)])]);
  t.same(run.asked(), ['list', 'list more', 'list', 'watch 20']);
  t.same([...run.owner.keys()], ['shop/b']);
});

t.test('resumes after a closed, broken or refused stream without a list', async (t) => {
  const broken: Step = (_, response) => {
    events(response, added('b', 11));
    setTimeout(() => response.destroy(), 5);
  };
  const half: Step = (_, response) => {
    events(response, added('c', 12)).end('{"type":"ADD');
  };
  const steps = [page(10, []), broken, half, refuse(500), refuse(429), watch(), watch(added('d', 14))];
  const run = await play(t, steps);
  const watches = ['watch 10', 'watch 11', 'watch 12', 'watch 12', 'watch 12', 'watch 12', 'watch 14'];
  t.same(run.asked(), ['list', ...watches]);
  t.same([...run.owner.keys()], ['shop/b', 'shop/c', 'shop/d']);
  t.ok(run.log.lines.length < 20, 'a few words, not a flood');
});

t.test('a list that is refused or hangs up is tried until it is there', async (t) => {
  const hangUp: Step = (_, response) => response.destroy();
  const run = await play(t, [refuse(403), hangUp, refuse(503), refuse(401), page(10, [pod('a', 1)])]);
  t.same([...run.owner.keys()], ['shop/a']);
  t.equal(run.watch.synced(), true);
});

t.test('five refusals in a row give the place up', async (t) => {
  const run = await play(t, [page(10, []), ...Array(5).fill(refuse(504)), page(3, [pod('a', 1)])]);
  t.same(run.asked(), ['list', ...Array(5).fill('watch 10'), 'list', 'watch 3']);
});

t.test('a silent stream is left', async (t) => {
  const run = await play(t, [page(10, []), (_, response) => void events(response, added('a', 11))], {
    inactivityMs: 50,
  });
  t.same(run.asked().slice(0, 3), ['list', 'watch 10', 'watch 11']);
});

t.test('errors of callbacks are contained, counted and not quoted', async (t) => {
  const run = await play(t, [page(10, [pod('a', 1), pod('b', 2)]), watch(added('c', 11), deleted('c', 12))], {
    onSet(_, name) {
      if (name !== 'b') throw new Error('s3cret');
    },
    onDelete() {
      throw new Error('s3cret');
    },
    onSynced() {
      throw new Error('s3cret');
    },
  });
  t.equal(run.watch.callbackErrors(), 4);
  t.notMatch(run.log.lines.join(), 's3cret');
  t.match(run.log.lines.join(), 'watch.test.ts');
});

t.test('an owner that learned of an object elsewhere is told when it is gone', async (t) => {
  const gone: string[] = [];
  await play(t, [page(10, [pod('a', 1)])], {
    known: () => ['shop/a', 'shop/elsewhere', '/cluster-wide'],
    onDelete: (namespace, name, version) => gone.push(`${namespace}|${name}|${version}`),
  });
  t.same(gone, ['shop|elsewhere|10', '|cluster-wide|10']);
});

t.test('pauses grow while nothing goes well and are short again afterwards', async (t) => {
  const pauses: number[] = [];
  const time = {
    ...IMPATIENT,
    random: () => 0,
    sleep(ms: number, signal?: AbortSignal) {
      pauses.push(ms);
      return IMPATIENT.sleep(ms, signal);
    },
  };
  const flat = [refuse(500), refuse(500), refuse(500), page(10, [])];
  await play(t, [...flat, watch(), watch(added('a', 11)), refuse(500), watch(added('a', 12))], { time });
  t.same(pauses, [100, 200, 400, 800, 100], 'a stream with events ends the outage');
});

t.test('stops at once, also in the middle of a pause', async (t) => {
  const { client } = await fakeApi(t, refuse(500));
  const time = { ...IMPATIENT, sleep: (_: number, signal?: AbortSignal) => SYSTEM_TIME.sleep(1e6, signal) };
  const nothing = { project: () => 0, onSet: () => undefined, onDelete: () => undefined, known: () => [] };
  const watch = watchResource({ client, resource: 'pods', path: '/', time, log: memoryLog(), ...nothing });
  await watch.stop();
  t.equal(watch.synced(), false);
});
