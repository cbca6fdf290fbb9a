// When the event loop is overloaded and when it is not, with a clock that only the test moves.
import t from 'tap';
import { watchLoop } from '../../src/webhook/busy-loop.ts';

function loop() {
  let clock = 0;
  let callbacks: (() => void)[] = [];
  let asked = 0;
  const isTooBusy = watchLoop({
    now: () => clock,
    atEndOfTurn: (callback) => {
      asked++;
      callbacks.push(callback);
    },
  });
  /** One turn with so many requests, each of which takes so long unless it is refused. @returns how many are refused */
  function turn(requests: number, ms: number, refusalMs = 0): number {
    let refused = 0;
    for (let i = 0; i < requests; i++) {
      if (isTooBusy()) {
        refused++;
        clock += refusalMs;
      } else clock += ms;
    }
    const due = callbacks;
    callbacks = [];
    for (const callback of due) callback();
    return refused;
  }
  function rest(ms: number): void {
    clock += ms;
  }
  return { turn, rest, callbacks: () => asked };
}

t.test('one callback a turn, however many requests it brings', async (t) => {
  const { turn, callbacks } = loop();
  turn(500, 0);
  turn(1, 0);
  t.equal(callbacks(), 2);
});

t.test('a burst is answered, and so is the next one after a rest', async (t) => {
  const { turn, rest } = loop();
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 4; i++) t.equal(turn(600, 0.3), 0);
    rest(60);
  }
});

t.test('a pause of any length, even in a turn, refuses nothing of what waited', async (t) => {
  for (const pauseMs of [500, 30_000]) {
    const { turn, rest } = loop();
    for (let i = 0; i < 50; i++) {
      rest(pauseMs);
      t.equal(turn(100, 0.2), 0, 'after a pause');
      t.equal(turn(1, pauseMs) + turn(100, 0.2), 0, 'after a pause in a turn');
    }
  }
});

t.test('long turns without a rest: each then answers for a moment and refuses the rest', async (t) => {
  const { turn } = loop();
  for (let i = 0; i < 5; i++) t.equal(turn(600, 0.3), 0, 'a rollout may take so long');
  for (let i = 0; i < 100; i++) {
    const refused = turn(600, 0.3, 0.06);
    t.ok(refused > 580 && refused < 592, `${refused} of 600 are refused`);
  }
});

t.test('it is over with the first turn that has nothing to refuse, or with a rest', async (t) => {
  const { turn, rest } = loop();
  for (let i = 0; i < 5; i++) turn(600, 0.3);
  t.ok(turn(600, 0.3) > 0);
  t.equal(turn(10, 0.3), 0);
  t.equal(turn(600, 0.3), 0, 'a burst again');
  for (let i = 0; i < 5; i++) turn(600, 0.3);
  t.ok(turn(600, 0.3) > 0);
  rest(60);
  t.equal(turn(600, 0.3), 0, 'a burst again');
});

t.test('large requests that come one by one are no overload', async (t) => {
  const { turn, rest } = loop();
  for (let i = 0; i < 50; i++) {
    t.equal(turn(2, 150), 0);
    rest(60);
  }
});
