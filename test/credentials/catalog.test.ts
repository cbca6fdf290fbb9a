import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import type { Labels } from '../../src/core/selector.ts';
import { type Catalog, type CatalogFeed, DELETED_GRACE_MS, openCatalog } from '../../src/credentials/catalog.ts';
import { CANARY, leak } from '../config/canary.ts';
import { type MemoryFiles, memoryFiles } from './memory-files.ts';

/** Time that only moves when a test says so. */
function manualTime() {
  let now = 0;
  const due = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    later(ms: number, callback: () => void): () => void {
      const entry = { at: now + ms, callback };
      due.add(entry);
      return () => void due.delete(entry);
    },
    advance(ms: number): void {
      now += ms;
      for (const entry of [...due].sort((a, b) => a.at - b.at)) {
        if (entry.at > now || !due.delete(entry)) continue;
        entry.callback();
      }
    },
    pending: () => due.size,
  };
}

interface Setup {
  readonly feed: CatalogFeed;
  readonly files: MemoryFiles;
  readonly time: ReturnType<typeof manualTime>;
  readonly seen: Catalog[];
  /** Lets readings finish and the clock move; the newest snapshot. */
  settle(ms?: number): Promise<Catalog>;
}

function open(
  yaml: string,
  contents: Readonly<Record<string, string>> = {},
  dockerConfigs: readonly string[] = [],
): Setup {
  const loaded = loadConfig(yaml, '/etc/pullpass.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const files = memoryFiles(contents);
  const time = manualTime();
  const seen: Catalog[] = [];
  const { credentials, requireNamespaces } = loaded.config;
  const onChange = (catalog: Catalog): void => void seen.push(catalog);
  const feed = openCatalog({
    configured: credentials,
    dockerConfigs,
    requireNamespaces,
    files,
    now: () => 0,
    later: time.later,
    onChange,
  });
  return {
    feed,
    files,
    time,
    seen,
    async settle(ms = 0) {
      await feed.ready;
      await new Promise((resolve) => setImmediate(resolve));
      time.advance(ms);
      const catalog = seen.at(-1);
      if (catalog === undefined) throw new Error('no snapshot yet');
      return catalog;
    },
  };
}

function config(logins: Readonly<Record<string, string>>): string {
  const auths = Object.entries(logins).map(([key, password]) => [key, { username: 'u', password }]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

function secret(name: string, logins: Readonly<Record<string, string>>, annotations: Labels = {}, uid = `${name}-1`) {
  return { name, uid, type: 'kubernetes.io/dockerconfigjson', annotations, data: config(logins) };
}

/** `name: pattern=password …`, a question mark where there is no login. */
function summary(catalog: Catalog): readonly string[] {
  return catalog.credentials.map(({ name, patterns }) => {
    const logins = patterns.map(({ pattern, hasLogin }) => {
      const login = catalog.logins(name, pattern);
      t.equal(login !== undefined, hasLogin, 'a pattern has a login if it says so');
      return `${pattern.text}=${login?.password ?? '?'}`;
    });
    return `${name}: ${logins.join(' ')}`;
  });
}

function problems(catalog: Catalog): readonly string[] {
  return catalog.problems.map(({ kind, credential, where, problem }) => `${kind} ${credential} (${where}): ${problem}`);
}

const TWO = `
credentials:
  - { name: harbor, match: [harbor.acme.io, quay.io], source: { dockerConfig: harbor.json } }
  - { name: ghcr, match: [ghcr.io/acme], source: { dockerConfig: ghcr.json } }
`;

t.test('the configuration in its order, then the docker configs, then the Secrets by name', async (t) => {
  const files = {
    '/etc/harbor.json': config({ 'harbor.acme.io': '1' }),
    '/etc/ghcr.json': config({ 'ghcr.io': '2' }),
    '/docker.json': config({ 'ghcr.io': '3', 'https://index.docker.io/v1/': '4', ghcr: '5' }),
    '/second.json': config({ 'gcr.io': '6', 'ghcr.io/x': '7' }),
  };
  const { feed, settle } = open(TWO, files, ['/docker.json', '/second.json']);
  feed.upsertSecret(secret('zeta', { 'a.acme.io': '8' }));
  feed.upsertSecret(secret('alpha', { 'b.acme.io': '9' }));
  const catalog = await settle();
  t.same(summary(catalog), [
    'harbor: harbor.acme.io=1 quay.io=?',
    'ghcr: ghcr.io/acme=2',
    'ghcr-io: ghcr.io=3',
    'docker-io: docker.io=4',
    'gcr-io: gcr.io=6',
    'ghcr-io-x: ghcr.io/x=7',
    'alpha: b.acme.io=9',
    'zeta: a.acme.io=8',
  ]);
  t.same(catalog.credentials[3]?.except[0]?.text, 'docker.io/library');
  t.same(problems(catalog), [
    'no-login harbor (docker config /etc/harbor.json): source has no entry for pattern "quay.io", it has entries for harbor.acme.io',
    'source  (docker config /docker.json): key "ghcr" cannot be used: "ghcr" is not a registry host (an image "ghcr" is on Docker Hub), did you mean "docker.io/ghcr"?',
  ]);
  feed.close();
});

t.test('the order of the docker configs is theirs, whichever is read first', async (t) => {
  const files = { '/a.json': config({ 'ghcr.io': 'a' }), '/b.json': config({ 'ghcr.io': 'b' }) };
  const { feed, files: disk, settle } = open('', files, ['/missing.json', '/a.json', '/b.json']);
  await settle();
  disk.write('/missing.json', config({ 'ghcr.io': 'late' }));
  const catalog = await settle();
  t.same(summary(catalog), ['ghcr-io: ghcr.io=late', 'ghcr-io-2: ghcr.io=a', 'ghcr-io-3: ghcr.io=b']);
  t.same(problems(catalog), [
    'shadowed ghcr-io-2 (docker config /a.json): pattern "ghcr.io" is served by credential "ghcr-io"',
    'shadowed ghcr-io-3 (docker config /b.json): pattern "ghcr.io" is served by credential "ghcr-io"',
  ]);
  feed.close();
});

t.test('a changed file is taken, a broken one changes nothing', async (t) => {
  const { feed, files, settle } = open(TWO, { '/etc/harbor.json': config({ 'harbor.acme.io': '1', 'quay.io': '1' }) });
  const first = await settle();
  t.same(summary(first), ['harbor: harbor.acme.io=1 quay.io=1', 'ghcr: ghcr.io/acme=?']);
  t.same(problems(first), [
    'source ghcr (docker config /etc/ghcr.json): the file cannot be read: it does not exist',
    'no-login ghcr (docker config /etc/ghcr.json): source has no entry for pattern "ghcr.io/acme", it has no usable entry at all',
  ]);
  files.write('/etc/ghcr.json', config({ 'ghcr.io': '2' }));
  t.same(summary(await settle()), ['harbor: harbor.acme.io=1 quay.io=1', 'ghcr: ghcr.io/acme=2']);
  files.write('/etc/harbor.json', '{');
  const broken = await settle();
  t.same(summary(broken), ['harbor: harbor.acme.io=1 quay.io=1', 'ghcr: ghcr.io/acme=2']);
  t.same(problems(broken), [
    'source harbor (docker config /etc/harbor.json): the docker config is not JSON (line 1, column 2)',
    'source harbor (docker config /etc/harbor.json): the last good login stays in force for harbor.acme.io, quay.io',
  ]);
  feed.close();
});

t.test('a bad new version of a Secret is refused and the good one stays in force', async (t) => {
  const { feed, settle } = open('');
  feed.upsertSecret(secret('acme', { 'ghcr.io': '1' }));
  await settle();
  feed.upsertSecret(secret('acme', { 'ghcr.io': '2' }, { 'pullpass.dev/mach': 'x' }));
  const bad = await settle();
  t.same(summary(bad), ['acme: ghcr.io=1']);
  t.same(problems(bad), [
    'refused acme (Secret acme): annotation pullpass.dev/mach is unknown, did you mean "pullpass.dev/match"?',
    'source acme (Secret acme): the version before stays in force',
  ]);
  feed.upsertSecret(secret('acme', { 'ghcr.io': '3' }));
  const good = await settle();
  t.same(summary(good), ['acme: ghcr.io=3']);
  t.same(problems(good), []);
  feed.upsertSecret(secret('bad', {}));
  const none = await settle();
  t.same(summary(none), ['acme: ghcr.io=3'], 'one that never was good is not there');
  t.equal(none.problems[0]?.kind, 'refused');
  feed.deleteSecret('bad');
  t.same(problems(await settle()), [], 'and goes at once');
  feed.close();
});

t.test('a name belongs to the configuration, an equal pattern is served by it', async (t) => {
  const { feed, settle } = open(TWO, { '/etc/harbor.json': config({ 'harbor.acme.io': '1', 'quay.io': '1' }) });
  feed.upsertSecret(secret('harbor', { 'x.acme.io': '2' }));
  feed.upsertSecret(secret('other', { 'quay.io': '3', 'y.acme.io': '3', 'ghcr.io/acme': '3' }));
  feed.upsertSecret(secret('team-a', { 'z.acme.io': '4' }, { 'pullpass.dev/namespaces': 'team=a' }));
  feed.upsertSecret(secret('team-b', { 'z.acme.io': '5' }, { 'pullpass.dev/namespaces': 'team=b' }));
  const catalog = await settle();
  t.same(
    summary(catalog).filter((line) => !/^harbor|^ghcr/.test(line)),
    ['other: quay.io=3 y.acme.io=3 ghcr.io/acme=3', 'team-a: z.acme.io=4', 'team-b: z.acme.io=5'],
  );
  t.same(
    problems(catalog).filter((line) => line.includes('Secret')),
    [
      'refused harbor (Secret harbor): a credential of the name "harbor" exists already, rename the Secret',
      'shadowed other (Secret other): pattern "quay.io" is served by credential "harbor"',
    ],
    'what has no login shadows nothing, and teams may share a host',
  );
  feed.close();
});

t.test('a credential for some namespaces shadows only there', async (t) => {
  const yaml = `credentials: [{ name: a, match: [ghcr.io], namespaces: { matchLabels: { team: a } }, source: { dockerConfig: a.json } }]`;
  const { feed, settle } = open(yaml, { '/etc/a.json': config({ 'ghcr.io': '1' }) });
  feed.upsertSecret(secret('b', { 'ghcr.io': '2' }));
  t.same(problems(await settle()), [
    'shadowed b (Secret b): pattern "ghcr.io" is served by credential "a" in the namespaces that it is for',
  ]);
  feed.close();
});

t.test('a deleted Secret leaves after five minutes, unless it comes back', async (t) => {
  const { feed, time, settle } = open('');
  feed.upsertSecret(secret('acme', { 'ghcr.io': '1' }));
  await settle();
  feed.deleteSecret('acme');
  const leaving = await settle();
  t.same(summary(leaving), ['acme: ghcr.io=1']);
  t.equal(leaving.problems[0]?.kind, 'leaving');
  time.advance(DELETED_GRACE_MS - 1);
  feed.deleteSecret('acme');
  feed.upsertSecret(secret('acme', { 'ghcr.io': '2' }));
  time.advance(DELETED_GRACE_MS);
  const back = await settle();
  t.same(summary(back), ['acme: ghcr.io=2'], 'it came back');
  t.same(problems(back), []);
  feed.deleteSecret('acme');
  time.advance(DELETED_GRACE_MS - 1);
  t.same(summary(await settle()), ['acme: ghcr.io=2']);
  time.advance(1);
  t.same(summary(await settle()), [], 'it is gone');
  feed.close();
});

t.test('requireNamespaces refuses what has no selector', async (t) => {
  const { feed, settle } = open('requireNamespaces: true', { '/d.json': config({ 'ghcr.io': '1' }) }, ['/d.json']);
  feed.upsertSecret(secret('a', { 'quay.io': '1' }));
  feed.upsertSecret(secret('b', { 'quay.io': '1' }, { 'pullpass.dev/namespaces': 'team=b' }));
  const catalog = await settle();
  t.same(summary(catalog), ['b: quay.io=1']);
  t.same(
    catalog.problems.map(({ kind, credential }) => `${kind} ${credential}`),
    ['refused ghcr-io', 'refused a'],
  );
  feed.close();
});

t.test('changes of one moment make one snapshot', async (t) => {
  const { feed, seen, settle } = open('');
  for (let i = 0; i < 1_000; i++) feed.upsertSecret(secret(`s${i}`, { [`r${i}.acme.io`]: '1' }));
  t.equal((await settle()).credentials.length, 1_000);
  t.equal(seen.length, 1);
  feed.refresh();
  await settle();
  t.equal(seen.length, 2);
  feed.close();
});

t.test('after closing nothing is called back and nothing is left behind', async (t) => {
  const { feed, files, time, seen, settle } = open(TWO, { '/etc/ghcr.json': config({ 'ghcr.io': '1' }) }, ['/d.json']);
  feed.upsertSecret(secret('a', { 'quay.io': '1' }));
  await settle();
  feed.deleteSecret('a');
  t.equal(files.watching(), 3);
  const before = seen.length;
  feed.close();
  feed.upsertSecret(secret('a', { 'quay.io': '1' }));
  feed.deleteSecret('a');
  t.equal(time.pending(), 0);
  time.advance(DELETED_GRACE_MS);
  t.equal(seen.length, before);
  t.equal(files.watching(), 0);
  t.equal(time.pending(), 0);
});

t.test('a snapshot shows no password where it may be printed', async (t) => {
  const { feed, settle } = open(TWO, { '/etc/harbor.json': config({ 'harbor.acme.io': CANARY, 'quay.io': '' }) }, [
    '/etc/harbor.json',
  ]);
  feed.upsertSecret(secret('a', { 'quay.io': CANARY, [`u:${CANARY}@x`]: CANARY }));
  feed.upsertSecret(secret('b', { 'b.acme.io': CANARY }));
  const catalog = await settle();
  t.ok(catalog.problems.length > 3);
  t.equal(leak(JSON.stringify(catalog)) === undefined, true);
});
