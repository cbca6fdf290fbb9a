// What a restart must not forget, and what a changed configuration must not disturb.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { type Catalog, DELETED_GRACE_MS, openCatalog } from '../../src/credentials/catalog.ts';
import { decodeKept, encodeKept, type Kept } from '../../src/credentials/kept.ts';
import { manualTime } from '../sync/manual-time.ts';
import { memoryFiles } from './memory-files.ts';

const YAML = `
credentials:
  - { name: file, match: [file.io], source: { dockerConfig: /file.json } }
  - { name: exec, match: [exec.io], source: { credentialHelper: acme } }
`;

function configOf(yaml: string) {
  const loaded = loadConfig(yaml, '/etc/pullpass.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

const docker = (host: string, password: string): string =>
  JSON.stringify({ auths: { [host]: { username: 'u', password } } });

function secret(password: string, annotations = {}) {
  const data = docker('secret.io', password);
  return { name: 'labelled', uid: 'labelled-1', type: 'kubernetes.io/dockerconfigjson', annotations, data };
}

/** What a program answers about the only host of a credential. */
function answerOf(password: string) {
  const logins = new Map([['exec.io', { username: 'u', password, obtained: 1, key: 'exec.io' }]]);
  return { logins, problems: [], missing: new Map() };
}

const EXEC = {
  name: 'exec',
  source: { kind: 'credentialHelper', name: 'acme', env: {}, timeout: 30_000, refresh: 900_000 },
} as const;

function open(files: Readonly<Record<string, string>>, options: { kept?: Kept; yaml?: string } = {}) {
  const time = manualTime();
  const memory = memoryFiles(files);
  const seen: Catalog[] = [];
  const { credentials, requireNamespaces } = configOf(options.yaml ?? YAML);
  const feed = openCatalog({
    configured: credentials,
    dockerConfigs: ['/whole.json'],
    requireNamespaces,
    files: memory,
    now: time.now,
    later: time.later,
    onChange: (catalog) => void seen.push(catalog),
  });
  if (options.kept) feed.keep(options.kept);
  return {
    feed,
    memory,
    time,
    async summary(): Promise<string> {
      await feed.ready;
      await time.pass(1);
      const catalog = seen.at(-1);
      const parts = catalog?.credentials.map(({ name, patterns }) => {
        const passwords = patterns.map(({ pattern }) => catalog.logins(name, pattern)?.password ?? '?');
        return `${name}=${passwords.join()}`;
      });
      return parts?.join(' ') ?? '';
    },
    problems: () => seen.at(-1)?.problems.map(({ kind, credential }) => `${kind} ${credential}`.trim()) ?? [],
    /** As the Secret would give it back after a restart. */
    kept: () => decodeKept(encodeKept(seen.at(-1)?.kept ?? new Map())).kept,
  };
}

const GOOD = { '/file.json': docker('file.io', 'f1'), '/whole.json': docker('whole.io', 'w1') };
const ALL = 'file=f1 exec=e1 whole-io=w1 labelled=s1';

async function before(): Promise<Kept> {
  const first = open(GOOD);
  first.feed.upsertSecret(secret('s1'));
  first.feed.answer(EXEC, answerOf('e1'));
  t.equal(await first.summary(), ALL);
  return first.kept();
}

t.test('after a restart without any source, everything is as it was', async (t) => {
  const { feed, summary, problems, kept } = open({ '/whole.json': 'garbage' }, { kept: await before() });
  feed.upsertSecret(secret('s2', { 'pullpass.dev/match': 'https://*' }));
  feed.restoreSecrets();
  t.equal(await summary(), ALL);
  t.same(problems(), [
    'source file',
    'source file',
    'source',
    'source whole-io',
    'refused labelled',
    'source labelled',
  ]);
  t.same([...encodeKept(kept())], [...encodeKept(await before())], 'and is kept as it was');
});

t.test('a Secret that was deleted while nobody was there leaves after five minutes', async (t) => {
  const { feed, summary, time, kept } = open(GOOD, { kept: await before() });
  feed.restoreSecrets();
  t.equal(await summary(), ALL);
  t.equal(kept().get('labelled')?.goneSince, 1_000_000, 'it is kept since when it is gone');
  await time.pass(DELETED_GRACE_MS - 1_000);
  t.equal(await summary(), ALL);
  await time.pass(1_000);
  t.equal(await summary(), 'file=f1 exec=e1 whole-io=w1');
});

t.test('what the sources say now is newer than what is kept; what they took away is gone', async (t) => {
  const files = { '/file.json': docker('file.io', 'f2'), '/whole.json': docker('other.io', 'o1') };
  const { feed, summary } = open(files, { kept: await before() });
  feed.upsertSecret(secret('s2'));
  feed.restoreSecrets();
  t.equal(await summary(), 'file=f2 exec=e1 other-io=o1 labelled=s2');
});

t.test('a configured credential takes nothing over from a Secret that had its name', async (t) => {
  const yaml = 'credentials: [{ name: labelled, match: [secret.io], source: { credentialHelper: acme } }]';
  const { feed, summary } = open({}, { kept: await before(), yaml });
  feed.restoreSecrets();
  t.equal(await summary(), 'labelled=? whole-io=w1');
});

t.test('answers of programs are forgotten with the election, what is kept stays', async (t) => {
  const { feed, summary } = open(GOOD, { kept: await before() });
  feed.answer(EXEC, answerOf('e2'));
  t.match(await summary(), /exec=e2/);
  feed.forgetAnswers();
  t.match(await summary(), /exec=e1/);
});

t.test('a new configuration takes over what it has in common with the old one', async (t) => {
  const { feed, summary, memory, time } = open({ ...GOOD, '/new.json': docker('new.io', 'n1') });
  t.equal(await summary(), 'file=f1 exec=? whole-io=w1');
  const changed = configOf(`${YAML}  - { name: new, match: [new.io], source: { dockerConfig: /new.json } }\n`);
  await feed.configure(changed.credentials, false);
  t.equal(await summary(), 'file=f1 exec=? new=n1 whole-io=w1', 'read before it counts');
  await feed.configure(configOf('').credentials, false);
  t.equal(await summary(), 'whole-io=w1');
  await time.pass(10);
  t.equal(memory.watching(), 1, 'what is gone is not looked at any more');
});

t.test('requireNamespaces is asked of what is there, too', async (t) => {
  const { feed, summary } = open(GOOD);
  feed.upsertSecret(secret('s1'));
  t.match(await summary(), /labelled=s1/);
  await feed.configure([], true);
  t.notMatch(await summary(), /labelled/, 'what is too wide does not stay in force');
  await feed.configure([], false);
  t.match(await summary(), /labelled=s1/);
});

t.test('what is kept may be lost: what is in force stays, and is kept again', async (t) => {
  const all = await before();
  const damages: Readonly<Record<string, Kept>> = {
    'all of it': new Map(),
    'one entry': new Map([...all].filter(([name]) => name !== 'exec')),
    'the logins of one': new Map([...all].map(([name, one]) => [name, { ...one, logins: new Map() }])),
  };
  for (const [what, left] of Object.entries(damages)) {
    // No source says anything, so there is nothing but what was kept.
    const { feed, summary, kept } = open({ '/whole.json': 'garbage' }, { kept: all });
    feed.restoreSecrets();
    t.equal(await summary(), ALL);
    feed.keep(left);
    t.equal(await summary(), ALL, what);
    feed.keep(left);
    t.equal(await summary(), ALL, `${what}, for ever`);
    t.same([...encodeKept(kept())].map(([name]) => name).sort(), ['exec', 'file', 'labelled', 'whole-io']);
    t.equal(kept().get('exec')?.logins.get('exec.io')?.password, 'e1', 'it is kept again');
  }
});

t.test('what is in force must not outlive what it was for', async (t) => {
  const { feed, summary, memory } = open(GOOD, { kept: await before() });
  t.match(await summary(), /exec=e1/);
  feed.keep(new Map());
  await feed.configure([], false);
  t.equal(await summary(), 'whole-io=w1', 'no longer configured');
  memory.write('/whole.json', docker('other.io', 'o1'));
  t.equal(await summary(), 'other-io=o1', 'taken out of the file');
  await feed.configure(configOf(YAML).credentials, false);
  t.match(await summary(), /exec=\?/, 'and does not come back');
});

t.test('what is kept now is newer than what was in force', async (t) => {
  const all = await before();
  const { feed, summary } = open(GOOD, { kept: all });
  t.match(await summary(), /exec=e1/);
  const next = [...all].map(([name, one]) => [name, name === 'exec' ? { ...one, ...answerOf('e2') } : one] as const);
  feed.keep(new Map(next));
  t.match(await summary(), /exec=e2/);
});
