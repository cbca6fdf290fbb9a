// Files that several credentials have their logins from.
import t from 'tap';
import { parsePattern } from '../../src/core/pattern.ts';
import type { Files } from '../../src/credentials/files.ts';
import { followFiles } from '../../src/credentials/followed-files.ts';
import { memoryFiles } from './memory-files.ts';

t.test('a thousand credentials of one file read it once, and watch it once', async (t) => {
  const hosts = Array.from({ length: 1_000 }, (_, i) => `r${i}.example.com`);
  const auths = (password: string): string =>
    JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { username: 'u', password }])) });
  const files = memoryFiles({ '/config.json': auths('1') });
  const counts = { read: 0, watch: 0 };
  const counted: Files = {
    read(path) {
      counts.read += 1;
      return files.read(path);
    },
    watch(path, onChange) {
      counts.watch += 1;
      return files.watch(path, onChange);
    },
  };
  const configured = hosts.map((host, i) => {
    const pattern = parsePattern(host);
    if (!pattern.ok) throw new Error(pattern.problem);
    const source = { kind: 'dockerConfig', path: '/config.json' } as const;
    return { name: `c${i}`, match: [pattern.value], source };
  });
  const followed = followFiles(configured, [], counted, () => undefined);
  await followed.ready;
  const passwords = (): ReadonlySet<string | undefined> =>
    new Set(followed.configured().map(({ reading }) => [...(reading?.logins.values() ?? [])][0]?.password));
  t.same([counts, [...passwords()]], [{ read: 1, watch: 1 }, ['1']]);
  files.write('/config.json', auths('2'));
  await new Promise((resolve) => setImmediate(resolve));
  t.same([counts, [...passwords()]], [{ read: 2, watch: 1 }, ['2']]);
  followed.stop();
});
