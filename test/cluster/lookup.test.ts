import t from 'tap';
import type { Live } from '../../src/cluster/live-reads.ts';
import { lookup } from '../../src/cluster/lookup.ts';
import { SYSTEM_TIME, type Time } from '../../src/cluster/time.ts';
import type { NamespaceState } from '../../src/cluster/view.ts';
import { PLAIN_SERVICE_ACCOUNT, type ServiceAccountState } from '../../src/core/surroundings.ts';

const GOOD: NamespaceState = { labels: { on: 'yes' }, terminating: false };
const BAD: NamespaceState = { labels: {}, terminating: false };
/** More than anything here takes. */
const LONG = 5_000;
const isGood = (labels: Readonly<Record<string, string>>) => labels.on === 'yes';

const PATIENCE_MS = 60;

/** A view that can be told things, and live reads that answer as the test says. */
function start(
  answer: () => Promise<Live<NamespaceState>> = async () => ({ absent: true }),
  time: Pick<Time, 'sleep'> = SYSTEM_TIME,
) {
  const namespaces = new Map<string, NamespaceState>();
  const accounts = new Map<string, ServiceAccountState>();
  const listeners = new Map<string, Set<() => void>>();
  const asked: string[] = [];
  const view = {
    namespace: (name: string) => namespaces.get(name),
    serviceAccount: (namespace: string, name: string) => accounts.get(`${namespace}/${name}`),
    subscribe(key: string, listener: () => void) {
      const all = listeners.get(key) ?? new Set();
      listeners.set(key, all.add(listener));
      return () => void (all.delete(listener) && all.size === 0 && listeners.delete(key));
    },
  };
  const live = {
    namespace(name: string) {
      asked.push(name);
      return answer();
    },
    async serviceAccount(namespace: string, name: string): Promise<Live<ServiceAccountState>> {
      asked.push(`${namespace}/${name}`);
      return { found: PLAIN_SERVICE_ACCOUNT };
    },
  };
  function tell(name: string, state: NamespaceState): void {
    namespaces.set(name, state);
    for (const listener of listeners.get(name) ?? []) listener();
  }
  const look = lookup({ view, live, waitMs: 20, patienceMs: PATIENCE_MS, time });
  return { look, tell, asked, accounts, listeners };
}

t.test('what the view knows as good is answered without a wait or a live read', async (t) => {
  const { look, tell, asked, accounts } = start();
  tell('shop', GOOD);
  accounts.set('shop/default', PLAIN_SERVICE_ACCOUNT);
  t.same(look.namespace('shop', isGood, LONG), { found: GOOD }, 'at once');
  t.same(look.serviceAccount('shop', 'default', LONG), { found: PLAIN_SERVICE_ACCOUNT }, 'at once');
  t.same(asked, []);
});

t.test('what the watch delivers in time needs no live read', async (t) => {
  const { look, tell, asked, listeners } = start();
  tell('shop', BAD);
  const answer = look.namespace('shop', isGood, LONG);
  tell('shop', BAD);
  tell('shop', GOOD);
  t.same(await answer, { found: GOOD });
  t.same(asked, []);
  t.equal(listeners.size, 0, 'nobody listens any more');
});

t.test('else one live read decides, also that it is not good', async (t) => {
  const { look, tell, asked } = start(async () => ({ found: BAD }));
  tell('shop', BAD);
  t.same(await look.namespace('shop', isGood, LONG), { found: BAD });
  t.same(await look.serviceAccount('shop', 'robot', LONG), { found: PLAIN_SERVICE_ACCOUNT });
  t.same(asked, ['shop', 'shop/robot']);
});

t.test('the watch may overtake a slow live read', async (t) => {
  const { look, tell } = start(() => new Promise(() => undefined));
  setTimeout(() => tell('shop', GOOD), 30);
  t.same(await look.namespace('shop', isGood, LONG), { found: GOOD });
});

t.test('a spent budget gives the watch more time', async (t) => {
  const { look, tell } = start(async () => ({ unknown: 'spent' }));
  setTimeout(() => tell('shop', GOOD), 40);
  t.same(await look.namespace('shop', isGood, LONG), { found: GOOD });
});

t.test('unknown stays unknown: not labelled and could not tell differ', async (t) => {
  const { look, tell, listeners } = start(async () => ({ unknown: 'spent' }));
  tell('shop', BAD);
  t.same(await look.namespace('shop', isGood, LONG), { unknown: 'spent' });
  t.equal(listeners.size, 0);
});

t.test('whoever has no time left gets "unknown" in time, and leaves no timer and nobody who listens', async (t) => {
  const sleeping = new Set<Promise<void>>();
  let over = 0;
  let timeLeft = 0;
  const time = {
    sleep(ms: number, signal?: AbortSignal): Promise<void> {
      const sleep = SYSTEM_TIME.sleep(ms, signal).finally(() => {
        sleeping.delete(sleep);
        if (ms === timeLeft) over = performance.now();
      });
      sleeping.add(sleep);
      return sleep;
    },
  };
  for (const withinMs of [300, 10, 0, -50]) {
    const { look, asked, listeners } = start(() => new Promise(() => undefined), time);
    timeLeft = Math.max(0, withinMs);
    over = 0;
    t.same(await look.namespace('shop', isGood, withinMs), { unknown: 'not found out in time' });
    // From the end of its time, which on a busy machine comes late by itself.
    const took = performance.now() - over;
    t.ok(took < 40, `${withinMs} ms to go, and ${took.toFixed(0)} ms more`);
    t.equal(asked.length, withinMs > 20 ? 1 : 0, 'no live read is begun when there is no time for it');
    t.equal(listeners.size, 0);
    await SYSTEM_TIME.sleep(0);
    t.equal(sleeping.size, 0, 'no timer is left');
  }
});

t.test('what is known takes no timer, however little time there is', async (t) => {
  const time = { sleep: () => Promise.reject(new Error('slept')) };
  const { look, tell, accounts } = start(undefined, time);
  tell('shop', GOOD);
  accounts.set('shop/default', PLAIN_SERVICE_ACCOUNT);
  t.same(await look.namespace('shop', isGood, 0), { found: GOOD });
  t.same(await look.serviceAccount('shop', 'default', 0), { found: PLAIN_SERVICE_ACCOUNT });
});

t.test('a live read that could not tell waits for the watch no longer than there is time', async (t) => {
  const patience = Promise.withResolvers<boolean>();
  const time = {
    async sleep(ms: number, signal?: AbortSignal): Promise<void> {
      if (ms === 40) await SYSTEM_TIME.sleep(ms, signal);
      if (ms !== PATIENCE_MS) return;
      // It ends only by being given up.
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      patience.resolve(true);
    },
  };
  const { look } = start(async () => ({ unknown: 'spent' }), time);
  t.same(await look.namespace('shop', isGood, 40), { unknown: 'spent' });
  t.ok(await patience.promise, 'it is given up when there is no time left');
});
