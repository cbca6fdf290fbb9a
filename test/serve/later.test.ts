import t from 'tap';
import { later } from '../../src/serve/later.ts';

t.test('calls back once, or not when it was called off, and does not mistake a long time for none', async (t) => {
  const called: string[] = [];
  later(5, () => called.push('soon'));
  const off = later(5, () => called.push('called off'));
  off();
  const warnings: string[] = [];
  process.on('warning', ({ name }) => void warnings.push(name));
  const long = later(90 * 24 * 3_600_000, () => called.push('in three months'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  long();
  t.same(called, ['soon']);
  t.same(warnings, [], 'no timer was longer than it can be');
});
