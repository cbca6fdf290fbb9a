// Work with one key, in order and one at a time, whatever becomes of it.
import { setImmediate as soon } from 'node:timers/promises';
import t from 'tap';
import { inSequence } from '../../src/registry/in-sequence.ts';

t.test('one after the other, in order; a failure ends only itself, and another key does not wait', async (t) => {
  const run = inSequence();
  const said: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      said.push(`${name} begins`);
      await soon();
      said.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const outcomes = await Promise.allSettled([
    run('k', work('first')),
    run('k', work('second', true)),
    run('k', work('third')),
    run('other', work('stranger')),
  ]);
  t.same(
    said.filter((text) => !text.startsWith('stranger')),
    ['first begins', 'first ends', 'second begins', 'second ends', 'third begins', 'third ends'],
  );
  t.ok(said.indexOf('stranger begins') < said.indexOf('first ends'));
  t.same(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  t.equal(await run('k', work('fourth')), 'fourth');
});
