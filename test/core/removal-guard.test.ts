// What may be taken away unasked.
import t from 'tap';
import { judgeRemovals, type Removals } from '../../src/core/removal-guard.ts';

t.test('the table', async (t) => {
  const rows: readonly (readonly [because: string, removals: Partial<Removals>, verdict: string])[] = [
    ['nothing is planned', { planned: 0 }, 'free'],
    ['ten are never many', { planned: 10, total: 10 }, 'free'],
    ['eleven of eleven', { planned: 11, total: 11 }, 'held'],
    ['a tenth', { planned: 100, total: 1_000 }, 'free'],
    ['more than a tenth', { planned: 101, total: 1_000 }, 'held'],
    ['small steps count together', { planned: 1, recent: 110, total: 990 }, 'held'],
    ['as many as were confirmed', { planned: 101, total: 1_000, confirmed: 101 }, 'confirmed'],
    ['one more than was confirmed', { planned: 102, total: 1_000, confirmed: 101 }, 'held'],
    ['few, but they wait since there were many', { planned: 3, total: 1_000, waiting: true }, 'held'],
    ['few, waiting, and confirmed', { planned: 3, total: 1_000, waiting: true, confirmed: 3 }, 'confirmed'],
    ['waiting for what is not planned any more', { planned: 0, waiting: true }, 'free'],
    ['few need no confirmation, and use none up', { planned: 3, total: 1_000, confirmed: 3 }, 'free'],
  ];
  for (const [because, removals, verdict] of rows) {
    const all = { planned: 0, recent: 0, total: 1_000, confirmed: 0, waiting: false, ...removals };
    t.equal(judgeRemovals(all), verdict, because);
  }
});
