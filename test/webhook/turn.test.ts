// Reading first, then working: the order of things in a turn of the event loop, which the test turns by hand.
import t from 'tap';
import { createTurn } from '../../src/webhook/turn.ts';

function loop() {
  let due: (() => void)[] = [];
  const turn = createTurn((callback) => due.push(callback));
  const done: string[] = [];
  return {
    turn,
    done,
    work: (name: string) => turn.afterReading(() => void done.push(name)),
    /** Work of two steps, each told. */
    steps: (name: string) =>
      turn.afterReading(() => {
        done.push(`${name}1`);
        return () => void done.push(`${name}2`);
      }),
    end: (name: string) => turn.atEnd(() => done.push(name)),
    /** What the event loop does when it has read everything. */
    pass: () => {
      const now = due;
      due = [];
      for (const callback of now) callback();
      return done.splice(0);
    },
  };
}

t.test('all work is done in its order, then the turn ends, whoever asked first', async (t) => {
  const { work, end, pass } = loop();
  end('end');
  work('a');
  work('b');
  t.same(pass(), ['a', 'b', 'end']);
  t.same(pass(), [], 'and once');
  work('c');
  end('end of another');
  t.same(pass(), ['c', 'end of another']);
});

t.test('all do their first step before any does its second', async (t) => {
  const { work, steps, end, pass } = loop();
  steps('a');
  work('b');
  steps('c');
  end('end');
  t.same(pass(), ['a1', 'b', 'c1', 'a2', 'c2', 'end']);
  t.same(pass(), []);
});

t.test('more than stays in the caches is not gathered', async (t) => {
  const { work, done, pass } = loop();
  for (let i = 0; i < 70; i++) work(String(i));
  t.equal(done.length, 64, 'two full ones are done while it is still being read');
  t.equal(pass().length, 70);
});

t.test('what work and endings bring about comes in the next turn', async (t) => {
  const { turn, done, work, end, pass } = loop();
  turn.afterReading(() => {
    done.push('first');
    work('second');
    end('end of the first');
  });
  turn.atEnd(() => work('third'));
  t.same(pass(), ['first', 'end of the first']);
  t.same(pass(), ['second', 'third']);
  t.same(pass(), []);
});

t.test('a fault in one step takes nothing from the others, and is not hidden', async (t) => {
  const { turn, steps, pass } = loop();
  steps('a');
  turn.afterReading(() => {
    throw new Error('a fault');
  });
  steps('b');
  t.same(pass(), ['a1', 'b1', 'a2', 'b2']);
  t.throws(pass, { message: 'a fault' });
});
