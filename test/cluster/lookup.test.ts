import t from 'tap';
import type { Live } from '../../src/cluster/live-reads.ts';
import { lookup } from '../../src/cluster/lookup.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';
import type { NamespaceState } from '../../src/cluster/view.ts';
import { PLAIN_SERVICE_ACCOUNT, type ServiceAccountState } from '../../src/core/surroundings.ts';

const GOOD: NamespaceState = { labels: { on: 'yes' }, terminating: false };
const BAD: NamespaceState = { labels: {}, terminating: false };
const isGood = (labels: Readonly<Record<string, string>>) => labels.on === 'yes';

/** A view that can be told things, and live reads that answer as the test says. */
function start(answer: () => Promise<Live<NamespaceState>> = async () => ({ absent: true })) {
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
  const look = lookup({ view, live, waitMs: 20, patienceMs: 60, time: SYSTEM_TIME });
  return { look, tell, asked, accounts, listeners };
}

t.test('what the view knows as good is answered without a wait or a live read', async (t) => {
  const { look, tell, asked, accounts } = start();
  tell('shop', GOOD);
  accounts.set('shop/default', PLAIN_SERVICE_ACCOUNT);
  let settled = false;
  look.namespace('shop', isGood).then(() => {
    settled = true;
  });
  await Promise.resolve();
  t.ok(settled, 'within one turn');
  t.same(await look.serviceAccount('shop', 'default'), { found: PLAIN_SERVICE_ACCOUNT });
  t.same(asked, []);
});

t.test('what the watch delivers in time needs no live read', async (t) => {
  const { look, tell, asked, listeners } = start();
  tell('shop', BAD);
  const answer = look.namespace('shop', isGood);
  tell('shop', BAD);
  tell('shop', GOOD);
  t.same(await answer, { found: GOOD });
  t.same(asked, []);
  t.equal(listeners.size, 0, 'nobody listens any more');
});

t.test('else one live read decides, also that it is not good', async (t) => {
  const { look, tell, asked } = start(async () => ({ found: BAD }));
  tell('shop', BAD);
  t.same(await look.namespace('shop', isGood), { found: BAD });
  t.same(await look.serviceAccount('shop', 'robot'), { found: PLAIN_SERVICE_ACCOUNT });
  t.same(asked, ['shop', 'shop/robot']);
});

t.test('the watch may overtake a slow live read', async (t) => {
  const { look, tell } = start(() => new Promise(() => undefined));
  setTimeout(() => tell('shop', GOOD), 30);
  t.same(await look.namespace('shop', isGood), { found: GOOD });
});

t.test('a spent budget gives the watch more time', async (t) => {
  const { look, tell } = start(async () => ({ unknown: 'spent' }));
  setTimeout(() => tell('shop', GOOD), 40);
  t.same(await look.namespace('shop', isGood), { found: GOOD });
});

t.test('unknown stays unknown: not labelled and could not tell differ', async (t) => {
  const { look, tell, listeners } = start(async () => ({ unknown: 'spent' }));
  tell('shop', BAD);
  t.same(await look.namespace('shop', isGood), { unknown: 'spent' });
  t.equal(listeners.size, 0);
});
