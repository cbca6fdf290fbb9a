// How long a request may take, by its URL.
import t from 'tap';
import { deadlineOf, lookUpTime, parseGoDuration } from '../../src/webhook/deadline.ts';

t.test(
  'the time-out of the URL less a margin, at least half of it, and never more than Kubernetes allows',
  async (t) => {
    const rows: readonly (readonly [url: string, ms: number])[] = [
      ['/mutate?timeout=10s', 9_750],
      ['/mutate?timeout=3s', 2_750],
      ['/mutate?a=b&timeout=1s', 750],
      ['/mutate?a=b&timeout=2s', 1_750],
      ['/mutate?timeout=20s', 19_750],
      ['/mutate?timeout=1m30s', 29_750],
      ['/mutate?timeout=1.5s', 1_250],
      ['/mutate?timeout=500ms', 250],
      ['/mutate?timeout=400ms', 200],
      ['/mutate?timeout=100ms', 50],
      ['/mutate', 9_750],
      ['/mutate?timeout=', 9_750],
      ['/mutate?timeout=-1s', 9_750],
      ['/mutate?timeout=soon', 9_750],
      ['/mutate?timeouts=1s', 9_750],
    ];
    for (const [url, ms] of rows) t.equal(deadlineOf(url), ms, url);
    t.equal(parseGoDuration('1m30.5s'), 90_500);
    t.equal(parseGoDuration('-1s'), undefined);
  },
);

t.test('whoever is told to come again after a second is asked twice within 3 s and more', async (t) => {
  for (const seconds of [3, 5, 10, 30]) {
    const twice = 2 * lookUpTime(deadlineOf(`/mutate?timeout=${seconds}s`)) + 1_000;
    t.ok(twice < seconds * 1_000, `${seconds} s: ${twice} ms`);
  }
  t.equal(lookUpTime(-1), 0);
});
