import t from 'tap';
import { type Pattern, parsePattern } from '../../src/core/pattern.ts';
import { credentialNameOf, uniqueName } from '../../src/credentials/credential-name.ts';
import { exceptOf } from '../../src/credentials/docker-hub.ts';

function patterns(...texts: readonly string[]): readonly Pattern[] {
  return texts.map((text) => {
    const parsed = parsePattern(text);
    if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
    return parsed.value;
  });
}

t.test('a credential that nobody named is called after its host', async (t) => {
  const rows: readonly (readonly [pattern: string, name: string])[] = [
    ['ghcr.io', 'ghcr-io'],
    ['registry.example.com:5000', 'registry-example-com-5000'],
    ['ghcr.io/acme/app', 'ghcr-io-acme-app'],
    ['ghcr.io/acme/', 'ghcr-io-acme'],
    ['ghcr.io/a__b', 'ghcr-io-a-b'],
    ['*.acme.io', 'acme-io'],
    ['Registry.Example.com', 'registry-example-com'],
    ['[::1]:5000', '1-5000'],
    [`${'a'.repeat(61)}.b.io`, `${'a'.repeat(61)}-b`],
    [`${'a'.repeat(62)}.b.io`, 'a'.repeat(62)],
  ];
  for (const [text, name] of rows) t.equal(patterns(text).map(credentialNameOf)[0], name, text);
});

t.test('a name that is taken gets a number and still fits', async (t) => {
  const taken = new Set(['a', 'a-2', 'b'.repeat(63)]);
  const unique = (name: string): string => uniqueName(name, (candidate) => taken.has(candidate));
  t.equal(unique('c'), 'c');
  t.equal(unique('a'), 'a-3');
  t.equal(unique('b'.repeat(63)), `${'b'.repeat(61)}-2`);
});

t.test('a login for all of Docker Hub leaves out the official images', async (t) => {
  const rows: readonly (readonly [
    match: readonly string[],
    except: readonly string[] | undefined,
    result: readonly string[],
  ])[] = [
    [['docker.io'], undefined, ['docker.io/library']],
    [['index.docker.io'], undefined, ['docker.io/library']],
    [['ghcr.io', 'docker.io'], undefined, ['docker.io/library']],
    [['docker.io'], [], []],
    [['docker.io'], ['docker.io/acme'], ['docker.io/acme']],
    [['docker.io/acme'], undefined, []],
    [['docker.io', 'docker.io/library/'], undefined, []],
    [['ghcr.io'], undefined, []],
    [['ghcr.io'], ['ghcr.io/x'], ['ghcr.io/x']],
    [['docker.io:443'], undefined, []],
  ];
  for (const [match, except, result] of rows) {
    const found = exceptOf(patterns(...match), except && patterns(...except));
    t.same(
      found.map(({ text }) => text),
      result,
      `${match.join()} except ${except?.join() ?? 'unset'}`,
    );
  }
});
