import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parsePattern } from '../../src/core/pattern.ts';
import { dockerConfigSource, openDockerConfigFile } from '../../src/credentials/docker-config-file.ts';
import { diskFiles } from '../../src/credentials/files.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/pullpass/config.json';

function config(logins: Readonly<Record<string, string>>): string {
  const auths = Object.entries(logins).map(([key, password]) => [key, { username: 'u', password }]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

t.test('a file that breaks changes no login, an entry that is taken away is gone', async (t) => {
  const files = memoryFiles({ [PATH]: config({ 'ghcr.io': '1', 'quay.io': '1' }) });
  const file = openDockerConfigFile(PATH, files);
  const steps: readonly (readonly [
    content: string | undefined,
    logins: Readonly<Record<string, string>>,
    problems: readonly string[],
  ])[] = [
    [config({ 'ghcr.io': '1', 'quay.io': '1' }), { 'ghcr.io': '1', 'quay.io': '1' }, []],
    [
      undefined,
      { 'ghcr.io': '1', 'quay.io': '1' },
      ['the file cannot be read: it does not exist', 'the last good login stays in force for ghcr.io, quay.io'],
    ],
    [
      '{"auths": {',
      { 'ghcr.io': '1', 'quay.io': '1' },
      ['the docker config is not JSON (line 1, column 12)', 'the last good login stays in force for ghcr.io, quay.io'],
    ],
    [
      config({ 'ghcr.io': '2', 'quay.io': '' }),
      { 'ghcr.io': '2', 'quay.io': '1' },
      [
        'entry "quay.io" cannot be used: it has a username but no password',
        'the last good login stays in force for quay.io',
      ],
    ],
    [config({ 'ghcr.io': '3' }), { 'ghcr.io': '3' }, []],
    ['{"auths": {}}', {}, ['the docker config has no entry in "auths"']],
  ];
  for (const [content, logins, problems] of steps) {
    files.write(PATH, content);
    const reading = await file.read();
    t.same(Object.fromEntries(reading.entries.map(({ pattern, login }) => [pattern.text, login.password])), logins);
    t.same(reading.problems, problems);
  }
});

t.test('a source answers for its patterns only', async (t) => {
  const patterns = ['ghcr.io/acme', 'docker.io'].map((text) => {
    const parsed = parsePattern(text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.value;
  });
  const source = dockerConfigSource(
    openDockerConfigFile(PATH, memoryFiles({ [PATH]: config({ 'ghcr.io': '1', 'quay.io': '2' }) })),
    patterns,
  );
  const { logins, missing, problems } = await source.read();
  t.same([...logins.keys()], ['ghcr.io/acme']);
  t.same([...missing.values()], ['source has no entry for pattern "docker.io", it has entries for ghcr.io, quay.io']);
  t.same(problems, []);
});

t.test('on a disk: a swapped symbolic link is seen, as Kubernetes changes a mounted Secret', async (t) => {
  const folder = t.testdir({});
  for (const version of ['v1', 'v2']) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'config.json'), config({ 'ghcr.io': version }));
  }
  await symlink('v1', join(folder, '..data'));
  await symlink('..data/config.json', join(folder, 'config.json'));
  const file = openDockerConfigFile(join(folder, 'config.json'), diskFiles(20));
  const changed = Promise.withResolvers<void>();
  const stop = file.watch(changed.resolve);
  t.teardown(stop);
  t.equal((await file.read()).entries[0]?.login.password, 'v1');
  // The first look at the file must be over before it changes.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await symlink('v2', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  const keepAlive = setTimeout(() => changed.reject(new Error('the change was not seen')), 10_000);
  await changed.promise;
  clearTimeout(keepAlive);
  t.equal((await file.read()).entries[0]?.login.password, 'v2');
});

t.test('on a disk: what cannot be read is said in words', async (t) => {
  const folder = t.testdir({ file: '' });
  const rows: readonly (readonly [path: string, problem: string])[] = [
    [join(folder, 'absent'), 'the file cannot be read: it does not exist'],
    [folder, 'the file cannot be read: it is a folder'],
    [join(folder, 'file', 'x'), 'the file cannot be read: a part of its path is not a folder'],
    [join(folder, 'file'), 'the docker config is not JSON, it is empty'],
  ];
  for (const [path, problem] of rows) {
    t.same((await openDockerConfigFile(path, diskFiles()).read()).problems, [problem]);
  }
});
