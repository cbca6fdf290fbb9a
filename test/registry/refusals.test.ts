// What becomes of a login that was refused, in simulated time: it is never tried twice, by nobody, until it changes.
import t from 'tap';
import { fingerprintsOf } from '../../src/registry/refusals.ts';
import type { HealthResult } from '../../src/registry/try-login.ts';
import { HOUR, keep, MINUTE, start, target } from './simulated-health.ts';

t.test('a login that was refused is not tried again until it changes', async (t) => {
  const { health, tried, results, until } = start((password) => (password === 'old' ? 'refused' : 'accepted'));
  health.update([target('a', 'r.io', 'old')]);
  await until(48 * HOUR);
  t.same(tried, ['r.io old at 0 min']);
  health.update([target('a', 'r.io', 'old')]);
  health.stop();
  health.update([target('a', 'r.io', 'old')]);
  await until(96 * HOUR);
  t.equal(tried.length, 1);
  t.same(results(), ['a r.io refused']);
  health.update([target('a', 'r.io', 'new')]);
  await until(96 * HOUR + MINUTE);
  t.same(tried.slice(1), ['r.io new at 5760 min']);
  t.same(results(), ['a r.io accepted']);
});

t.test('nor by a replica that is elected later, or started anew', async (t) => {
  const store = keep();
  const first = start(() => 'refused', { refusals: store });
  first.health.update([target('a', 'r.io', 'old')]);
  await first.until(HOUR);
  const second = start(() => 'accepted', { refusals: store });
  const both = [target('a', 'r.io', 'old'), target('b', 'x.r.io', 'old')];
  second.health.update(both);
  await second.until(48 * HOUR);
  t.same(second.tried, []);
  t.same(second.results(), ['a r.io refused', 'b x.r.io held-back']);
  t.ok([...store.known()].every((fingerprint) => /^[0-9a-f]{32}$/.test(fingerprint)));
});

t.test('until somebody takes the refusal back', async (t) => {
  const store = keep();
  let locked = true;
  const { health, tried, results, until } = start(() => (locked ? 'refused' : 'accepted'), { refusals: store });
  const targets = [target('a', 'r.io', 'p'), target('b', 'x.r.io', 'p')];
  health.update(targets);
  await until(HOUR);
  health.update(targets);
  await until(7 * HOUR);
  t.equal(tried.length, 1);
  locked = false;
  store.remember(new Set());
  health.update(targets);
  health.update(targets);
  await until(8 * HOUR);
  t.same(results(), ['a r.io accepted', 'b x.r.io accepted']);
  t.equal(tried.length, 3, 'once each');
});

t.test('what is no target any more is forgotten when something is added, and not before', async (t) => {
  const store = keep();
  let verdict = Promise.withResolvers<HealthResult>();
  const { health, until } = start((password) => (password === 'late' ? verdict.promise : 'refused'), {
    refusals: store,
  });
  health.update([target('a', 'r.io', 'old')]);
  await until(MINUTE);
  const old = [...store.known()];
  health.update([]);
  health.update([target('a', 'r.io', 'late')]);
  await until(2 * MINUTE);
  t.equal(store.written.length, 1);
  health.stop();
  verdict.resolve('refused');
  await until(3 * MINUTE);
  t.equal(store.known().size, 4, 'of a login that was sent before the end, too, and without forgetting any');
  t.ok(old.every((fingerprint) => store.known().has(fingerprint)));
  verdict = Promise.withResolvers();
  health.update([target('a', 'r.io', 'third')]);
  await until(4 * MINUTE);
  t.equal(store.known().size, 2);
  t.notOk(old.some((fingerprint) => store.known().has(fingerprint)));
});

t.test('a login that one host refused is held back at the others of its domain', async (t) => {
  const { health, tried, results, until } = start((_, host) => (host === 'b.acme.io' ? 'refused' : 'accepted'));
  health.update(['a.acme.io', 'b.acme.io', 'c.acme.io', 'other.io'].map((host) => target('x', host, 'same')));
  await until(MINUTE);
  const atOnce = results();
  await until(48 * HOUR);
  t.same(
    tried.filter((text) => text.includes('acme')),
    ['a.acme.io same at 0 min', 'b.acme.io same at 0 min'],
  );
  t.same(results(), ['x a.acme.io held-back', 'x b.acme.io refused', 'x c.acme.io held-back', 'x other.io accepted']);
  t.same(atOnce, results(), 'also where it worked before');
  health.update([target('x', 'c.acme.io', 'new'), target('x', 'a.acme.io', 'same')]);
  await until(49 * HOUR);
  t.same(results(), ['x a.acme.io held-back', 'x c.acme.io accepted']);
});

t.test('a login is at one host of a domain at a time, and keeps no other login waiting', async (t) => {
  const slow = Promise.withResolvers<HealthResult>();
  const { health, tried, results, until } = start((password) => (password === 'same' ? slow.promise : 'accepted'));
  const hosts = ['a.acme.io', 'b.acme.io', 'c.acme.io'];
  health.update([...hosts.map((host) => target('x', host, 'same')), target('y', 'a.acme.io', 'another')]);
  await until(MINUTE);
  t.same(tried, ['a.acme.io same at 0 min', 'a.acme.io another at 0 min']);
  slow.resolve('refused');
  await until(HOUR);
  t.equal(tried.length, 2);
  t.match(results(), ['x a.acme.io refused', 'x b.acme.io held-back', 'x c.acme.io held-back', 'y a.acme.io accepted']);
});

t.test('a fingerprint is the same in every process and release, and another one for any other login', async (t) => {
  const trial = { host: 'a.acme.io', login: { username: 'robot', password: 'not-a-password' } };
  const pinned = { here: '5a69259f0d447b85e50da1573ecb53b7', domain: '6e0b889cfb3082551e0cdef8dfc20e60' };
  t.same(fingerprintsOf(trial, 'acme.io'), pinned);
  const others = [
    fingerprintsOf(trial, 'acme.com'),
    fingerprintsOf({ ...trial, login: { ...trial.login, username: 'robo' } }, 'acme.io'),
    fingerprintsOf({ ...trial, login: { ...trial.login, password: 'not-a-passwort' } }, 'acme.io'),
  ];
  t.equal(new Set([pinned, ...others].flatMap(({ here, domain }) => [here, domain])).size, 8);
  t.same(fingerprintsOf({ ...trial, host: 'b.acme.io' }, 'acme.io').domain, pinned.domain);
});
