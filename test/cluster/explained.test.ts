// Lists of a namespace that has more of a kind than fit in one answer.
import t from 'tap';
import { openExplained } from '../../src/cluster/explained.ts';

t.test('a list goes on where the first page ends', async (t) => {
  const asked: (string | undefined)[] = [];
  const { list } = openExplained({
    async call({ query }) {
      asked.push(query?.continue);
      const body =
        query?.continue === undefined ? { items: [{ a: 1 }], metadata: { continue: 'x' } } : { items: [{ b: 2 }] };
      return { status: 200, body };
    },
  });
  const place = { group: 'apps', version: 'v1', resource: 'replicasets', namespace: 'shop' };
  t.same(await list(place, {}), { found: [{ a: 1 }, { b: 2 }] });
  t.same(asked, [undefined, 'x']);
});
