// The Secret with the kept logins as a replica knows it: what is old is no news, and what was learned here stays.
import t from 'tap';
import type { LoginsSecret } from '../../src/cluster/logins-secret.ts';
import { encodeKept, type Kept } from '../../src/credentials/kept.ts';
import { createKeptLogins } from '../../src/serve/kept-logins.ts';

function keptWith(password: string): Kept {
  const logins = new Map([['r.acme.io', { username: 'u', password }]]);
  return new Map([['exec', { origin: 'configured', where: 'x', source: 's', logins }]]);
}

function secret(version: string, password: string, more: Partial<LoginsSecret> & { refused?: string } = {}) {
  const { refused, ...rest } = more;
  const texts = new Map([
    ...encodeKept(keptWith(password)),
    ...(refused === undefined ? [] : ([['_refused', refused]] as const)),
  ]);
  const none = { confirmedRemovals: 0, heldRemovals: 0 };
  return { uid: 'u', resourceVersion: version, ours: true, texts, ...none, ...rest };
}

function open() {
  const known = createKeptLogins();
  return {
    ...known,
    /** The password that is news; undefined: none is. */
    see(one: LoginsSecret | undefined, version = one?.resourceVersion ?? ''): string | undefined {
      const news = known.take(one, version);
      return news && (news.kept.get('exec')?.logins.get('r.acme.io')?.password ?? 'nothing');
    },
  };
}

t.test('a version that is not newer than one that was seen or written changes nothing', async (t) => {
  const { see, secret: present } = open();
  t.equal(see(secret('9', 'a')), 'a');
  t.equal(see(secret('10', 'b')), 'b', 'ten is newer than nine');
  t.equal(see(secret('10', 'b')), undefined, 'the watch tells what we wrote');
  t.equal(see(secret('9', 'a')), undefined, 'and what was before that');
  t.equal(present()?.resourceVersion, '10');
});

t.test('a deletion counts unless it is older than what was written since', async (t) => {
  const { see, secret: present } = open();
  t.equal(see(secret('10', 'a')), 'a');
  t.equal(see(secret('12', 'b', { uid: 'new' })), 'b', 'made again by us');
  t.equal(see(undefined, '11'), undefined, 'the deletion before that arrives');
  t.equal(present()?.resourceVersion, '12');
  t.equal(see(undefined, '13'), 'nothing');
  t.equal(present(), undefined);
  t.equal(see(secret('12', 'b')), undefined, 'it does not come back by an old version');
  t.equal(see(secret('14', 'c')), 'c');
});

t.test('one without our mark keeps nothing', async (t) => {
  const { see, secret: present } = open();
  t.equal(see(secret('5', 'a', { ours: false })), 'nothing');
  t.equal(present()?.ours, false, 'but it is there');
});

t.test('what cannot be read is said by its name alone', async (t) => {
  const { take } = open();
  const texts = new Map([
    ['exec', 'fake-garbage'],
    ['_refused', 'fake-garbage'],
  ]);
  const news = take(secret('5', 'a', { texts }), '5');
  t.same(news?.problems, ['what is kept of credential "exec" cannot be read']);
});

t.test('refused logins are as the Secret says, and as they were learned since', async (t) => {
  const { see, refused, remember } = open();
  see(secret('1', 'a', { refused: '["x"]' }));
  t.same([...refused()], ['x']);
  t.equal(remember(new Set(['x'])), false, 'no news');
  t.equal(remember(new Set(['x', 'y'])), true);
  see(secret('2', 'b', { refused: '["x"]' }));
  t.same([...refused()], ['x', 'y'], 'somebody else changed something else');
  see(undefined, '3');
  t.same([...refused()], ['x', 'y'], 'a Secret that is gone says nothing');
  see(secret('4', 'b', { refused: '["x","y"]' }));
  t.same([...refused()], ['x', 'y'], 'written');
  see(secret('5', 'b', { refused: '["z"]' }));
  t.same([...refused()], ['z'], 'by whoever is elected now');
  see(secret('6', 'b', { refused: 'garbage' }));
  t.same([...refused()], [], 'unreadable is empty');
});

t.test('what was learned while a write was under way outlives the answer to that write', async (t) => {
  const { see, refused, remember } = open();
  see(secret('1', 'a'));
  remember(new Set(['x']));
  remember(new Set(['x', 'y']));
  see(secret('2', 'a', { refused: '["x"]' }));
  t.same([...refused()].sort(), ['x', 'y']);
  see(secret('3', 'a', { refused: '["x","y"]' }));
  see(secret('4', 'a', { refused: '["y"]' }));
  t.same([...refused()], ['y'], 'and what somebody takes out is out');
});
