// A login is never served for another source than the one that gave it, nor for more than it was given for.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import type { ConfiguredCredential } from '../../src/config/schema.ts';
import { type Catalog, openCatalog } from '../../src/credentials/catalog.ts';
import { dockerConfigSource, openDockerConfigFile } from '../../src/credentials/docker-config-file.ts';
import { readingOf } from '../../src/credentials/exec-answer.ts';
import { decodeKept, encodeKept, type Kept, type KeptLogin } from '../../src/credentials/kept.ts';
import type { SourceReading } from '../../src/credentials/source.ts';
import { askedDigest, sourceDigest } from '../../src/credentials/source-digest.ts';
import { standingLogins } from '../../src/credentials/standing-logins.ts';
import { patternOf } from '../core/given.ts';
import { manualTime } from '../sync/manual-time.ts';
import { memoryFiles } from './memory-files.ts';

function configured(source: string, match = 'r.acme.io', more = ''): ConfiguredCredential {
  const yaml = `credentials: [{ name: acme, match: [${match}], source: ${source}${more} }]`;
  const loaded = loadConfig(yaml, '/etc/pullpass.yaml');
  const [first] = 'config' in loaded ? loaded.config.credentials : [];
  if (first === undefined) throw new Error(JSON.stringify(loaded));
  return first;
}

const SOURCES = [
  '{ dockerConfig: a.json }',
  '{ dockerConfig: b.json }',
  '{ credentialHelper: a }',
  '{ credentialHelper: b }',
  '{ credentialHelper: { name: a, env: { X: a } } }',
  '{ credentialHelper: { name: a, env: { X: b } } }',
  '{ credentialProvider: { command: a } }',
  '{ credentialProvider: { command: b } }',
  '{ credentialProvider: { command: a, args: [x, y] } }',
  '{ credentialProvider: { command: a, args: [x y] } }',
  '{ credentialProvider: { command: a, env: { X: a } } }',
];

function keptFor(settings: ConfiguredCredential, logins: Readonly<Record<string, Partial<KeptLogin>>>): Kept {
  const entries = Object.entries(logins).map(([text, more]): [string, KeptLogin] => [
    text,
    { username: 'u', password: `for ${text}`, ...more },
  ]);
  const record = { origin: 'configured' as const, where: 'x', source: sourceDigest(settings.source) };
  return new Map([['acme', { ...record, logins: new Map(entries) }]]);
}

const passwords = (logins: ReadonlyMap<string, KeptLogin>) =>
  Object.fromEntries([...logins].map(([text, { password }]) => [text, password]));

t.test('for every two sources, what the one gave is not served for the other', async (t) => {
  for (const before of SOURCES) {
    const kept = keptFor(configured(before), { 'r.acme.io': { key: 'r.acme.io' } });
    for (const after of SOURCES) {
      const standing = passwords(standingLogins(configured(after), undefined, [kept]));
      t.same(standing, before === after ? { 'r.acme.io': 'for r.acme.io' } : {}, `${before} then ${after}`);
    }
  }
});

t.test('limits, intervals, the namespaces and the order of variables make no other source', async (t) => {
  const digests = [
    '{ credentialHelper: { name: a, env: { X: "1", Y: "2" } } }',
    '{ credentialHelper: { name: a, env: { Y: "2", X: "1" }, timeout: 5s, refresh: 1h } }',
  ].map((source) => sourceDigest(configured(source).source));
  t.equal(digests[0], digests[1]);
  const { source } = configured('{ credentialHelper: a }');
  const asked = (env: Record<string, string>, match = 'r.acme.io') => askedDigest(source, env, [patternOf(match)]);
  t.equal(asked({ A: '1', B: '2' }), asked({ B: '2', A: '1' }));
  t.not(asked({ A: '1' }), asked({ A: '2' }), 'what the process has is told apart there');
  t.not(asked({}), asked({}, 'r.acme.io/team/'));
});

t.test('what was kept without a source, or by another origin, is nobody’s', async (t) => {
  const settings = configured('{ credentialHelper: a }');
  const [[, record] = []] = keptFor(settings, { 'r.acme.io': {} });
  if (record === undefined) throw new Error('there is one');
  const { source: _, ...nobodys } = record;
  for (const other of [nobodys, { ...record, origin: 'secret' as const }]) {
    t.same(passwords(standingLogins(settings, undefined, [new Map([['acme', other]])])), {});
  }
});

t.test('a login stands in for a pattern that its key covers, and for no other', async (t) => {
  const rows: readonly (readonly [key: string | undefined, match: string, stands: boolean])[] = [
    ['r.acme.io', 'r.acme.io/team/', true],
    ['r.acme.io', 'r.acme.io/team-*', true],
    ['r.acme.io/team', 'r.acme.io/team/app', true],
    ['*.acme.io', 's.acme.io', true],
    ['r.acme.io/team', 'r.acme.io', false],
    ['r.acme.io/team', 'r.acme.io/tea', false],
    ['r.acme.io/team', 'r.acme.io/other', false],
    ['r.acme.io', 'r.acme.io:5000', false],
    ['r.acme.io', 's.acme.io', false],
    ['*.acme.io', 'a.b.acme.io', false],
    ['*.*', 'acme.io', false],
    ['not a key', 'r.acme.io/x', false],
    [undefined, 'r.acme.io/x', false],
  ];
  for (const [key, match, stands] of rows) {
    const settings = configured('{ credentialHelper: a }', match);
    const kept = keptFor(settings, { 'before.acme.io': key === undefined ? {} : { key } });
    const standing = passwords(standingLogins(settings, undefined, [kept]));
    t.same(standing, stands ? { [match]: 'for before.acme.io' } : {}, `${key} for ${match}`);
  }
});

t.test(
  'an answer is remembered by the key that it came from, but for no other host than the one that was asked',
  async (t) => {
    const rows: readonly (readonly [key: string, asked: string, remembered: string])[] = [
      ['r.acme.io', 'r.acme.io/team/', 'r.acme.io'],
      ['*.acme.io', 'r.acme.io', 'r.acme.io'],
      ['*.*.*', 'r.acme.io', 'r.acme.io'],
      ['r.*.io/team', 'r.acme.io/team/app', 'r.acme.io/team'],
    ];
    for (const [key, asked, remembered] of rows) {
      const [host = '', ...path] = key.split('/');
      const pattern = { text: key, host: host.split('.'), port: undefined, path, below: false };
      const answer = { ok: true as const, entries: [{ pattern, login: { username: 'u', password: 'p' } }] };
      const by = { obtained: 1, asked: 'digest' };
      const reading = readingOf({ ...answer, holdsMs: 5, problems: [] }, [patternOf(asked)], by);
      t.same([...reading.logins.values()], [{ username: 'u', password: 'p', ...by, expires: 6, key: remembered }]);
    }
  },
);

t.test('the source first, then what is kept, then what was in force; the nearest key of all', async (t) => {
  const settings = configured('{ credentialHelper: a }', 'r.acme.io/a/, r.acme.io/b/, r.acme.io/c/');
  const kept = keptFor(settings, { 'r.acme.io/a/': { password: 'k' }, 'r.acme.io/b/': { password: 'k' } });
  const memory = keptFor(settings, {
    'r.acme.io/b/': { password: 'm' },
    'r.acme.io': { password: 'wide', key: 'r.acme.io' },
    'r.acme.io/c': { password: 'near', key: 'r.acme.io/c' },
  });
  const logins = new Map([['r.acme.io/a/', { username: 'u', password: 'now' }]]);
  const reading = { logins, problems: [], missing: new Map() };
  t.same(passwords(standingLogins(settings, reading, [kept, memory])), {
    'r.acme.io/a/': 'now',
    'r.acme.io/b/': 'k',
    'r.acme.io/c/': 'near',
  });
});

t.test('a file that tells takes its logins away, one that does not tell takes none', async (t) => {
  const entry = { username: 'u', password: 'p' };
  const settings = configured('{ dockerConfig: /f.json }', 'r.acme.io/team/');
  const kept = keptFor(settings, { 'r.acme.io/team/': { password: 'kept' } });
  const rows: readonly (readonly [because: string, text: string | undefined, standing: string | undefined])[] = [
    ['it has one', JSON.stringify({ auths: { 'r.acme.io': entry } }), 'p'],
    ['its entry is gone', JSON.stringify({ auths: { 's.acme.io': entry } }), undefined],
    ['it has no entry at all', '{"auths":{}}', undefined],
    ['a broken entry of another host', JSON.stringify({ auths: { 's.acme.io': {} } }), undefined],
    ['its entry is broken', JSON.stringify({ auths: { 'r.acme.io': { username: 'u' } } }), 'kept'],
    ['it is garbled', '{"auths', 'kept'],
    ['it is not there', undefined, 'kept'],
  ];
  for (const [because, text, standing] of rows) {
    const files = memoryFiles(text === undefined ? {} : { '/f.json': text });
    const reading = await dockerConfigSource(openDockerConfigFile('/f.json', files), settings.match).read();
    const logins = standingLogins(settings, reading, [kept]);
    t.equal(logins.get('r.acme.io/team/')?.password, standing, because);
  }
  t.equal(standingLogins(settings, undefined, [kept]).size, 1, 'one that was not read yet says nothing');
});

/** A catalog whose configuration changes while it runs. */
function open(settings: ConfiguredCredential, kept?: Kept) {
  const time = manualTime();
  const seen: Catalog[] = [];
  const feed = openCatalog({
    ...{ configured: [settings], dockerConfigs: [], requireNamespaces: false, files: memoryFiles() },
    ...{ now: time.now, later: time.later, onChange: (catalog) => void seen.push(catalog) },
  });
  if (kept) feed.keep(kept);
  return {
    feed,
    async logins(): Promise<Readonly<Record<string, string>>> {
      await feed.ready;
      await time.pass(1);
      const [credential] = seen.at(-1)?.credentials ?? [];
      const rows = credential?.patterns.flatMap(({ pattern }) => {
        const login = seen.at(-1)?.logins('acme', pattern);
        return login ? [[pattern.text, login.password]] : [];
      });
      return Object.fromEntries(rows ?? []);
    },
    kept: () => decodeKept(encodeKept(seen.at(-1)?.kept ?? new Map())).kept,
  };
}

function answer(pattern: string, password: string): SourceReading {
  const logins = new Map([[pattern, { username: 'u', password, key: 'r.acme.io' }]]);
  return { logins, problems: [], missing: new Map() };
}

t.test('a changed source: neither an answer nor what is kept of the old one goes to the new namespaces', async (t) => {
  const before = configured('{ credentialHelper: a }', 'r.acme.io', ', namespaces: { matchLabels: { team: a } }');
  const after = configured('{ credentialHelper: b }', 'r.acme.io', ', namespaces: { matchLabels: { team: b } }');
  const first = open(before);
  first.feed.answer(before, answer('r.acme.io', 'old'));
  t.same(await first.logins(), { 'r.acme.io': 'old' });
  await first.feed.configure([after], false);
  t.same(await first.logins(), {}, 'its answer');
  first.feed.answer(before, answer('r.acme.io', 'old'));
  t.same(await first.logins(), {}, 'an answer that was under way');
  await first.feed.configure([before], false);
  t.same(await first.logins(), { 'r.acme.io': 'old' }, 'it is of that source');
  const restarted = open(after, first.kept());
  t.same(await restarted.logins(), {}, 'what is kept');
  restarted.feed.answer(after, answer('r.acme.io', 'new'));
  t.same(await restarted.logins(), { 'r.acme.io': 'new' });
});

t.test('a changed match keeps the login that its key covers, without a restart and with one', async (t) => {
  const before = configured('{ credentialHelper: a }', 'r.acme.io');
  const after = configured('{ credentialHelper: a }', 'r.acme.io/team/, s.acme.io');
  const first = open(before);
  first.feed.answer(before, answer('r.acme.io', 'old'));
  await first.logins();
  const kept = first.kept();
  await first.feed.configure([after], false);
  t.same(await first.logins(), { 'r.acme.io/team/': 'old' });
  first.feed.answer(after, { logins: new Map(), problems: ['it ended with code 1'], missing: new Map() });
  t.same(await first.logins(), { 'r.acme.io/team/': 'old' }, 'a failure takes it not away');
  t.same(await open(after, kept).logins(), { 'r.acme.io/team/': 'old' });
});
