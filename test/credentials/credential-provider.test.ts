// The kubelet's credential provider protocol, spoken with programs that answer as the cloud vendors' own plugins do.
import { join } from 'node:path';
import t from 'tap';
import { credentialProvider, readResponse } from '../../src/credentials/credential-provider.ts';
import { coveringEntry } from '../../src/credentials/entry-scope.ts';
import type { ExecAnswer } from '../../src/credentials/exec-answer.ts';
import { patternOf } from '../core/given.ts';

const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const VENDOR = join(import.meta.dirname, 'plugins', 'vendor.mjs');
const never = new AbortController().signal;

function ask(args: readonly string[], patterns: readonly string[]): Promise<ExecAnswer> {
  const env = { PATH: process.env.PATH ?? '' };
  const provider = credentialProvider({ command: VENDOR, args, apiVersion: V1, env, timeoutMs: 20_000 });
  return provider(patterns.map(patternOf), never);
}

function answerWith(auth: unknown): ExecAnswer {
  return readResponse(
    JSON.stringify({ kind: 'CredentialProviderResponse', apiVersion: V1, cacheKeyType: 'Registry', auth }),
    V1,
  );
}

function outcome(answer: ExecAnswer) {
  return answer.ok ? { holdsMs: answer.holdsMs, problems: answer.problems } : answer;
}

/** By pattern, the password that an answer has for it. */
function passwords(answer: ExecAnswer, patterns: readonly string[]): readonly (string | undefined)[] {
  if (!answer.ok) return [answer.problem];
  return patterns.map((text) => coveringEntry(answer.entries, patternOf(text))?.login.password);
}

t.test("the vendors' plugins get an image that they take, and give a login for it without a problem", async (t) => {
  const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
  const gar = 'europe-west4-docker.pkg.dev';
  const rows: readonly (readonly [args: string, patterns: readonly string[], image: string, holds?: number])[] = [
    ['ecr', [ecr], `${ecr}/pullpass/login`, 21_599_000],
    [
      'ecr',
      ['123456789012.dkr-ecr.eu-west-1.on.aws/team-*'],
      '123456789012.dkr-ecr.eu-west-1.on.aws/pullpass/login',
      21_599_000,
    ],
    ['ecr', ['public.ecr.aws/acme/'], 'public.ecr.aws/acme/login', 21_599_000],
    ['gar', [`${gar}/acme/images`, `${gar}/acme/charts`], `${gar}/acme/images`],
    ['gar', ['gcr.io/acme'], 'gcr.io/acme'],
    ['gar', ['eu.gcr.io'], 'eu.gcr.io/pullpass/login'],
    ['gar', ['mirror.acme.io:5000'], 'mirror.acme.io:5000/pullpass/login'],
    ['gar', ['docker.io/acme'], 'docker.io/acme/login'],
    ['acr', ['acme.azurecr.io'], 'acme.azurecr.io/pullpass/login', 300_000],
    ['acr principal', ['acme.azurecr.cn/team/'], 'acme.azurecr.cn/team/login', 300_000],
  ];
  for (const [args, patterns, image, holds] of rows) {
    const answer = await ask(args.split(' '), patterns);
    t.same(outcome(answer), { holdsMs: holds, problems: [] }, `${args}: ${patterns}`);
    t.same(
      passwords(answer, patterns),
      patterns.map(() => `for ${image}`),
    );
  }
});

t.test('a vendor that has no login for a host says so, and that is a different thing from a failure', async (t) => {
  for (const [args, pattern] of [
    ['gar unreachable', 'gcr.io'],
    ['acr', 'acme-io.azurecr.io'],
  ] as const) {
    const answer = await ask(args.split(' '), [pattern]);
    t.same(outcome(answer), { holdsMs: undefined, problems: [] }, args);
    t.same(passwords(answer, [pattern]), [undefined], args);
  }
  const refused = await ask(['ecr'], ['registry.acme.io']);
  t.match(refused, { ok: false, failure: 'exit', problem: /^it ended with code 1: .*not a valid ECR repository URL/ });
});

t.test('keys in the language of the kubelet, of which only what covers a pattern is taken', async (t) => {
  const login = (password: string) => ({ username: 'fake', password });
  const rows: readonly (readonly [
    because: string,
    auth: Readonly<Record<string, string>>,
    taken: string | undefined,
  ])[] = [
    ['the host', { 'acme.azurecr.io': 'host' }, 'host'],
    ['with a scheme', { 'https://acme.azurecr.io': 'host' }, 'host'],
    ['globs in the last two labels', { '*.azurecr.*': 'glob', '*.*.io': 'wider' }, 'glob'],
    ['nothing but globs', { '*.*.*': 'glob' }, 'glob'],
    ['two stars in a label', { '*cm*.azurecr.io': 'glob' }, 'glob'],
    [
      'the most literal host wins',
      { '*.azurecr.*': 'wide', 'acme.azurecr.io': 'host', '*.azurecr.io': 'glob' },
      'host',
    ],
    [
      'the longest path wins',
      { 'acme.azurecr.io': 'host', '*.azurecr.*/team': 'team', 'acme.azurecr.io/t': 'no' },
      'team',
    ],
    ['another number of labels', { '*.*': 'x', '*': 'x', '*.*.*.*': 'x' }, undefined],
    ['another port', { 'acme.azurecr.io:443': 'x', '*.azurecr.*:443': 'x' }, undefined],
    ['another host', { 'evil.azurecr.io': 'x', 'acme.azurecr.io.evil.example': 'x', '*.evil.*': 'x' }, undefined],
    ['another path', { 'acme.azurecr.io/tea': 'x', '*.azurecr.*/team/app/more': 'x' }, undefined],
  ];
  for (const [because, auth, taken] of rows) {
    const entries = Object.entries(auth).map(([key, password]) => [key, login(password)]);
    t.same(passwords(answerWith(Object.fromEntries(entries)), ['acme.azurecr.io/team/app']), [taken], because);
  }
});

t.test('an entry without a login allows to pull without one: it is no fault, and hides no other', async (t) => {
  const nothing = { username: '', password: '' };
  const answer = answerWith({
    'acme.io/team': nothing,
    '*.acme.*': nothing,
    'acme.io': { username: 'fake', password: 'x' },
  });
  t.same(outcome(answer), { holdsMs: undefined, problems: [] });
  t.same(passwords(answer, ['acme.io/team']), ['x']);
  t.same(answerWith(null), { ok: true, entries: [], holdsMs: undefined, problems: [] });
});

t.test('an entry that cannot be used does not spoil the others', async (t) => {
  const good = { username: 'fake', password: 'x' };
  const broken: readonly (readonly [key: string, entry: unknown, problem: RegExp])[] = [
    ['a.io', { username: 'a:b', password: 'c' }, /username holds a colon/],
    ['a.io', { username: 'a' }, /no password/],
    ['a.io', { username: 'a', password: 7 }, /"password" is not a string/],
    ['a.io', 'text', /not an object/],
    ['a.io/Team', good, /repository names are lower case/],
    ['*', good, /key "\*" of its answer cannot be used/],
    ['user:word@*.a.*', good, /of its answer cannot be used/],
  ];
  for (const [key, entry, problem] of broken) {
    const answer = answerWith({ [key]: entry, 'acme.io': good });
    t.match(answer, { ok: true, problems: [problem] }, key);
    t.same(passwords(answer, ['acme.io']), ['x'], key);
  }
});

t.test('how long an answer holds', async (t) => {
  const rows: readonly (readonly [duration: unknown, holds: number | undefined | 'expired' | 'unreadable'])[] = [
    [undefined, undefined],
    [null, undefined],
    ['0s', undefined],
    ['0', undefined],
    ['-0s', undefined],
    ['6h0m0s', 21_600_000],
    ['1m30.5s', 90_500],
    ['-1s', 'expired'],
    ['-2562047h47m16.854775808s', 'expired'],
    [3_600, 'unreadable'],
    ['1 h', 'unreadable'],
    ['1d', 'unreadable'],
    ['', 'unreadable'],
  ];
  for (const [cacheDuration, holds] of rows) {
    const body = {
      kind: 'CredentialProviderResponse',
      apiVersion: V1,
      cacheKeyType: 'Global',
      cacheDuration,
      auth: {},
    };
    const answer = readResponse(JSON.stringify(body), V1);
    t.equal(answer.ok ? answer.holdsMs : answer.failure, holds, String(cacheDuration));
  }
});
