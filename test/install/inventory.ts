// Everything that a cluster holds, of every kind that can be listed: what is left of an installation is the difference of two of
// these, whatever it is called and labelled. Events are left out, since they go by themselves.
import type { Api } from '../control-plane/api.ts';
import { expectOk } from '../serve/installation.ts';

interface Resource {
  readonly name: string;
  readonly verbs: readonly string[];
}

/** Not stored, or gone by themselves. */
const LEFT_OUT = ['componentstatuses', 'events'];

/** Lines such as `secrets shop/pullpass-dockercfg`, and with their group `deployments.apps shop/web`. */
export async function inventory(api: Api): Promise<ReadonlySet<string>> {
  const get = async (path: string) => (await expectOk(api.call('GET', path))).body;
  const { groups } = await get('/apis');
  const versions: string[] = groups.map(({ preferredVersion }: Group) => preferredVersion.groupVersion);
  const found = new Set<string>();
  for (const path of ['/api/v1', ...versions.map((version) => `/apis/${version}`)]) {
    const [, , group = ''] = path.split('/');
    const suffix = path.startsWith('/apis/') ? `.${group}` : '';
    for (const { name, verbs } of (await get(path)).resources as Resource[]) {
      if (!verbs.includes('list') || LEFT_OUT.includes(name)) continue;
      const { items } = await get(`${path}/${name}`);
      for (const { metadata } of items) {
        const namespace = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
        found.add(`${name}${suffix} ${namespace}${metadata.name}`);
      }
    }
  }
  return found;
}

interface Group {
  readonly preferredVersion: { readonly groupVersion: string };
}

/** What there is now and was not before, sorted. */
export async function addedSince(before: ReadonlySet<string>, api: Api): Promise<readonly string[]> {
  return [...(await inventory(api))].filter((line) => !before.has(line)).sort();
}
