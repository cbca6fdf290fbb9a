// The kubelet's own keyring on the rows from which the matching rules were learned. If a row fails with another Kubernetes,
// the kubelet has changed, and the rules must follow.
import t from 'tap';
import { startOracle } from './oracle.ts';

t.setTimeout(300_000);

interface Row {
  readonly keys: readonly string[];
  readonly image: string;
  /** The keys whose logins are tried, in that order. */
  readonly tried: readonly string[];
  readonly because: string;
}

const HUB = 'https://index.docker.io/v1/';

const ROWS: readonly Row[] = [
  served('*.kubernetes.io', 'prefix.kubernetes.io/x', 'a star is one label'),
  refused('*.kubernetes.io', 'kubernetes.io/x', 'a star is not none'),
  refused('*.kubernetes.io', 'a.b.kubernetes.io/x', 'a star is not two'),
  served('prefix.*.io/foo', 'prefix.kubernetes.io/foo/bar', 'a star in the middle, and a path'),
  served('*.kubernetes.io:1111/blah', 'prefix.kubernetes.io:1111/blah', 'the same port'),
  refused('*.kubernetes.io:1111/blah', 'prefix.kubernetes.io:2222/blah', 'another port'),
  served('bar.example.com/pong', 'bar.example.com/pongz', 'a path is a plain string prefix'),
  served('registry.example.com/team/', 'registry.example.com/team/app', 'below'),
  refused('registry.example.com/team/', 'registry.example.com/teamx/app', 'a neighbour'),
  refused('registry.example.com/team/', 'registry.example.com/team', 'not below'),
  refused('registry.example.com/team/app:1', 'registry.example.com/team/app:1', 'tags take no part'),
  refused('registry.example.com:443', 'registry.example.com/app', 'no port is not 443'),
  refused('registry.example.com', 'registry.example.com:443/app', 'nor the other way round'),
  refused('Registry.Example.com', 'registry.example.com/app', 'case counts'),
  served('docker.io/myorg', 'myorg/app', 'the Hub by its name'),
  refused('docker.io/myorg', 'nginx', 'library is another path'),
  served(HUB, 'nginx', 'the fallback of the Hub'),
  refused('https://index.docker.io/v1', 'nginx', 'without its last slash it is none'),
  {
    keys: [HUB, '*.io'],
    image: 'myorg/app',
    tried: ['*.io'],
    because: 'the fallback is for when nothing else matched',
  },
  served('*', 'localhost/app', 'one label'),
  refused('*', 'nginx', 'docker.io has two'),
  served('[::1]:5000', '[::1]:5000/app', 'an address with a port'),
  refused('[::1]', '[::1]/app', 'without a port it reads as a class of characters'),
  refused('myregistry', 'myregistry/app', 'that is docker.io/myregistry/app'),
  {
    keys: ['ghcr.io', 'ghcr.io/acme/app', 'ghcr.io/acme'],
    image: 'ghcr.io/acme/app:1',
    tried: ['ghcr.io/acme/app', 'ghcr.io/acme', 'ghcr.io'],
    because: 'longer paths first',
  },
];

function served(key: string, image: string, because: string): Row {
  return { keys: [key], image, tried: [key], because };
}

function refused(key: string, image: string, because: string): Row {
  return { keys: [key], image, tried: [], because };
}

/** Each key's login is the key itself, so that the answer says which key it came from. */
function auths(keys: readonly string[]): Record<string, { username: string; password: string }> {
  return Object.fromEntries(keys.map((key, index) => [key, { username: `${index}`, password: 'not-a-password' }]));
}

const oracle = await startOracle();
t.teardown(() => oracle.stop());

for (const { keys, image, tried, because } of ROWS) {
  t.test(`${keys.join(' ')} for ${image}: ${because}`, async (t) => {
    const expected = tried.map((key) => `${keys.indexOf(key)}:not-a-password`);
    const modern = JSON.stringify({ auths: auths(keys) });
    const legacy = JSON.stringify(auths(keys));
    t.same((await oracle.lookup('kubernetes.io/dockerconfigjson', modern, [image]))[0]?.logins, expected);
    t.same((await oracle.lookup('kubernetes.io/dockercfg', legacy, [image]))[0]?.logins, expected);
  });
}

t.test('image names', async (t) => {
  const names = [
    ['nginx', 'docker.io/library/nginx'],
    ['index.docker.io/acme/app:1', 'docker.io/acme/app'],
    ['localhost:5000', 'docker.io/library/localhost'],
    ['Foo/bar', 'Foo/bar'],
    ['192.168.0.1:80', 'docker.io/library/192.168.0.1'],
  ] as const;
  const found = await oracle.parse(names.map(([image]) => image));
  t.same(
    found.map((row) => row.name),
    names.map(([, name]) => name),
  );
  for (const row of await oracle.parse(['docker/Docker', 'f'.repeat(64), '', ' nginx'])) t.type(row.error, 'string');
});

t.test('what the kubelet cannot read fails, another type counts as nothing', async (t) => {
  await t.rejects(oracle.lookup('kubernetes.io/dockerconfigjson', '{"auths":{"ghcr.io":{"auth":"%"}}}', ['nginx']));
  const [row] = await oracle.lookup('Opaque', JSON.stringify({ auths: auths(['ghcr.io']) }), ['ghcr.io/acme/app']);
  t.same(row?.logins, []);
});

t.test('many questions at once are answered each its own', async (t) => {
  const images = Array.from({ length: 200 }, (_, index) => `registry.example.com/app-${index}`);
  const answers = await Promise.all(images.map((image) => oracle.parse([image])));
  t.same(
    answers.map(([row]) => row?.name),
    images,
  );
});

t.test('a name has no logins, and a question after the end is refused', async (t) => {
  t.same(await oracle.parse(['nginx']), [{ name: 'docker.io/library/nginx' }]);
  const short = await startOracle();
  await short.stop();
  await t.rejects(short.parse(['nginx']), { message: 'the oracle has ended' });
});
