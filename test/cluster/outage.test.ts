import t from 'tap';
import { watchOutages } from '../../src/cluster/outage.ts';

function given() {
  const clock = { now: 100_000 };
  const outages = watchOutages(() => clock.now);
  const stopping = new AbortController();
  return { clock, outages, stopping, life: outages.follow(stopping.signal) };
}

t.test('a stream that said nothing since a call failed ends with the next answer', async (t) => {
  const { clock, outages, life } = given();
  life.heard();
  clock.now += 1_000;
  outages.failed(clock.now);
  t.equal(life.signal.aborted, false, 'as long as nothing is answered, nothing is known');
  outages.answered();
  t.equal(life.signal.aborted, true);
});

t.test('its end is told once, before streams begin anew', async (t) => {
  const told: boolean[] = [];
  const outages = watchOutages(
    () => 100_000,
    () => told.push(life.signal.aborted),
  );
  const life = outages.follow(new AbortController().signal);
  outages.answered();
  outages.failed(99_000);
  t.same(told, []);
  outages.answered();
  outages.answered();
  t.same(told, [false]);
  t.ok(life.signal.aborted);
});

t.test('one that has not begun, too', async (t) => {
  const { clock, outages, life } = given();
  outages.failed(clock.now);
  outages.answered();
  t.equal(life.signal.aborted, true);
});

t.test('one that spoke meanwhile, or after whose end it is, does not', async (t) => {
  const { clock, outages, life, stopping } = given();
  const ended = outages.follow(stopping.signal);
  ended.end();
  outages.failed(clock.now);
  clock.now += 1;
  life.heard();
  outages.answered();
  t.equal(life.signal.aborted, false);
  t.equal(ended.signal.aborted, false);
});

t.test('answers without a failure end nothing, and failures now and then not each time', async (t) => {
  const { clock, outages, life, stopping } = given();
  outages.answered();
  t.equal(life.signal.aborted, false);
  outages.failed(clock.now);
  outages.answered();
  const next = outages.follow(stopping.signal);
  clock.now += 9_000;
  outages.failed(clock.now);
  outages.answered();
  t.equal(next.signal.aborted, false);
  clock.now += 1_000;
  outages.answered();
  t.equal(next.signal.aborted, true, 'but it is not forgotten');
});

t.test('it ends with the signal of its caller', async (t) => {
  const { outages, life, stopping } = given();
  stopping.abort();
  t.equal(life.signal.aborted, true);
  t.equal(outages.follow(stopping.signal).signal.aborted, true);
});
