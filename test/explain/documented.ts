// The examples of docs/explain.md, and of the README if it has them, brought about and compared with what is printed.
import type tap from 'tap';
import { documents } from '../docs/documents.ts';
import { deployment } from '../serve/story.ts';
import { exampleIn } from './examples.ts';
import type { Site } from './site.ts';
import { getStuck } from './stories.ts';
import { type Place, placeFor } from './story.ts';

const IMAGE = 'ghcr.io/acme/web:1';

interface Example {
  readonly name: string;
  readonly args: readonly string[];
  happens(): Promise<unknown>;
}

function examplesOf(site: Site): readonly Example[] {
  return [
    {
      ...{ name: 'namespace', args: ['deploy/web', '-n', 'shop'] },
      async happens() {
        await (await placeFor(site, 'shop', {})).deployment(deployment('web', IMAGE, 2), 2);
      },
    },
    {
      ...{ name: 'missed', args: ['deploy/web', '-n', 'orders'] },
      async happens() {
        const place = await placeFor(site, 'orders', {});
        await place.deployment(deployment('web', IMAGE, 1), 1);
        const name = await onlyPod(place);
        await getStuck(place, name, 'main', IMAGE, 'failed to authorize: 401 Unauthorized');
        await place.label({ 'pullpass.dev/inject': 'enabled' });
      },
    },
    {
      ...{ name: 'not-allowed', args: ['image', 'harbor.example.com/team/app:1', '-n', 'reports'] },
      happens: () => placeFor(site, 'reports'),
    },
    {
      ...{ name: 'nearly', args: ['image', 'ghcr.io/acme-labs/web:1', '-n', 'reports'] },
      happens: async () => undefined,
    },
  ];
}

async function onlyPod({ site, namespace }: Place): Promise<string> {
  const { body } = await site.plane.api.call('GET', `/api/v1/namespaces/${namespace}/pods`);
  return body.items[0].metadata.name;
}

export async function testExamples(t: Pick<typeof tap, 'test'>, site: Site): Promise<void> {
  for (const { name, args, happens } of examplesOf(site)) {
    await t.test(`the example ${name} of the documents is what is printed`, async (t) => {
      await happens();
      const ran = await site.explain(args);
      const shown = [...documents()].filter(([, text]) => text.includes(`<!-- explain: ${name} -->`));
      t.ok(shown.length > 0, 'it is shown');
      for (const [path] of shown) {
        const { there, printed } = exampleIn(path, name, `pullpass explain ${args.join(' ')}`, ran);
        if (process.env.UPDATE !== '1') t.equal(there, printed, `${path}; UPDATE=1 writes it anew`);
      }
    });
  }
}
