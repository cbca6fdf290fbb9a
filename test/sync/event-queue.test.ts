import t from 'tap';
import { createEventQueue } from '../../src/sync/event-queue.ts';
import { manualTime } from './manual-time.ts';

type Outcome = 'written' | 'gone' | 'forbidden' | 'unavailable';

function start(outcomeOf: (nth: number) => Outcome = () => 'written') {
  const time = manualTime();
  const written: string[] = [];
  const counts: Record<string, number> = {};
  const queue = createEventQueue({
    async write({ about }: { about: { uid: string }; reason: string; message: string }) {
      written.push(about.uid);
      return outcomeOf(written.length);
    },
    count(outcome) {
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    },
    now: time.now,
    later: time.later,
  });
  const say = (uid: string, message = 'x'): void => queue.say({ about: { uid }, reason: 'R', message });
  return { queue, time, written, counts, say };
}

t.test('each thing once an hour', async (t) => {
  const { time, written, counts, say } = start();
  for (let i = 0; i < 5; i++) say('a');
  say('a', 'something else');
  await time.pass(1_000);
  t.same(written, ['a', 'a']);
  t.same(counts, { repeated: 4, written: 2 });
  await time.pass(3_600_000);
  say('a');
  await time.pass(1_000);
  t.equal(written.length, 3);
});

t.test('so many in a second, and a bounded queue', async (t) => {
  const { time, written, counts, say } = start();
  for (let i = 0; i < 6_000; i++) say(`${i}`);
  t.equal(counts.dropped, 1_000);
  await time.pass(10_000);
  t.ok(written.length >= 290 && written.length <= 310, `${written.length} in 10 s`);
  await time.pass(250_000);
  t.equal(written.length, 5_000);
  for (let i = 5_000; i < 5_010; i++) say(`${i}`);
  await time.pass(10_000);
  t.equal(written.length, 5_010, 'what was dropped may be said again');
});

t.test('tried again a few times when the API server is away, and not forgotten as said', async (t) => {
  const { time, written, counts, say } = start((nth) => (nth <= 3 ? 'unavailable' : 'written'));
  say('a');
  await time.pass(60_000);
  t.equal(written.length, 3);
  t.same(counts, { unavailable: 1 });
  say('a');
  await time.pass(1_000);
  t.same(counts, { unavailable: 1, written: 1 });
});

t.test('stopped, nothing is said any more', async (t) => {
  const { queue, time, written, say } = start();
  say('a');
  queue.stop();
  await time.pass(10_000);
  t.same(written, []);
  say('a');
  await time.pass(10_000);
  t.same(written, ['a'], 'and it can begin again');
});
