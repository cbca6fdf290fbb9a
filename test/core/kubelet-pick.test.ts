// The keys that the kubelet tries, and their order, held to the kubelet's own code: for the keys that Pullpass plans, and for what
// others write into docker configs.
import fc from 'fast-check';
import t from 'tap';
import { parseImage } from '../../src/core/image.ts';
import { planKeys } from '../../src/core/key-plan.ts';
import { keysTried } from '../../src/core/kubelet-pick.ts';
import { startOracle } from '../control-plane/oracle.ts';
import { cases, credentialsOf } from './generated.ts';

t.setTimeout(300_000);

const oracle = await startOracle();
t.teardown(() => oracle.stop());

async function triedByKubelet(keys: readonly string[], images: readonly string[]): Promise<readonly string[][]> {
  const auths = keys.map((key, i) => [key, { auth: Buffer.from(`${i}:key`).toString('base64') }] as const);
  const content = JSON.stringify({ auths: Object.fromEntries(auths) });
  const answers = await oracle.lookup('kubernetes.io/dockerconfigjson', content, images);
  return answers.map(({ logins }) => (logins ?? []).map((login) => keys[Number.parseInt(login, 10)] ?? '?'));
}

function triedByUs(keys: readonly string[], images: readonly string[]): readonly string[][] {
  return images.map((text) => {
    const image = parseImage(text);
    return image === undefined ? [] : [...keysTried(keys, image)];
  });
}

t.test('for every set of planned keys and every image', async (t) => {
  let pairs = 0;
  const property = fc.asyncProperty(fc.noBias(cases(false, 40)), async ({ credentials, images }) => {
    const keys = (planKeys(credentialsOf(credentials)) ?? []).map(({ key }) => key);
    const ours = triedByUs(keys, images);
    const theirs = await triedByKubelet(keys, images);
    pairs += images.length;
    for (const [i, image] of images.entries()) {
      if (ours[i]?.join(' ') !== theirs[i]?.join(' ')) throw new Error(`${image}: ${ours[i]}, but ${theirs[i]}`);
    }
  });
  await fc.assert(property, { seed: 20_260_101, numRuns: 300 });
  t.comment(`${pairs} images`);
  t.ok(pairs > 1_000, 'enough images');
});

/** Of keys that mean the same the kubelet takes any first: it has them out of a map of Go. */
function meaningOf(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\//, '/')
    .replace(/^([^/]*)\/$/, '$1');
}

t.test('keys as others write them', async (t) => {
  const keys = [
    ...['ghcr.io', 'https://ghcr.io/acme', 'http://ghcr.io/acme/', 'ghcr.io/v2/acme', 'ghcr.io/', 'ghcr.io:443'],
    ...['*.io', 'registry.example.com/team/app:1', 'Ghcr.io', 'docker.io', 'docker.io/library/', '[::1]:5000'],
  ];
  const images = ['ghcr.io/acme/app:1', 'ghcr.io/acme-labs/x', 'ghcr.io:443/x', 'nginx', 'acme/app', '[::1]:5000/app'];
  const theirs = await triedByKubelet(keys, images);
  const meanings = (all: readonly (readonly string[])[]) => all.map((tried) => tried.map(meaningOf));
  const sorted = (all: readonly (readonly string[])[]) => all.map((tried) => [...tried].sort());
  const ours = triedByUs(keys, images);
  t.same([meanings(ours), sorted(ours)], [meanings(theirs), sorted(theirs)]);
});
