// Keys, labels and patterns are repeated in messages; somebody may have written a login there. Each text stands at every
// place that repeats what it refuses.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { parseMatch } from '../../src/config/match.ts';
import { describeProblem, formatPath } from '../../src/config/problem.ts';
import { CANARY, CANARY_AUTH, hidden, leak } from './canary.ts';

const LOGINS = [
  `someone:${CANARY}@ghcr.io`,
  `https://someone:${CANARY}@ghcr.io`,
  `${CANARY}@`,
  `{"auths":{"ghcr.io":{"password":"${CANARY}"}}}`,
  `{"auth":"${CANARY_AUTH}"}`,
  `${'x'.repeat(120)}:${CANARY}`,
  `a\n${CANARY}`,
];

function credential(settings: object): object {
  return { credentials: [{ name: 'a', match: ['ghcr.io'], source: { dockerConfig: 'a' }, ...settings }] };
}

const PLACES: Readonly<Record<string, (login: string) => object>> = {
  'unknown key': (login) => ({ [login]: 1 }),
  'unknown key inside': (login) => ({ pullSecret: { [login]: { name: 'x' } } }),
  'unknown key of a source': (login) => credential({ source: { [login]: 'x' } }),
  name: (login) => credential({ name: login }),
  'one name twice': (login) => ({ credentials: [{ name: login }, { name: login }] }),
  match: (login) => credential({ match: [login] }),
  except: (login) => credential({ except: [login] }),
  'label key': (login) => ({ namespaces: { matchLabels: { [login]: 'x' } } }),
  'label key with a number': (login) => ({ namespaces: { matchLabels: { [login]: 1 } } }),
  'label value': (login) => ({ namespaces: { matchLabels: { team: login } } }),
  'expression key': (login) => ({ namespaces: { matchExpressions: [{ key: login, operator: 'Exists' }] } }),
  'expression value': (login) => ({
    namespaces: { matchExpressions: [{ key: 'a', operator: 'In', values: [login] }] },
  }),
  operator: (login) => ({ namespaces: { matchExpressions: [{ key: 'a', operator: login }] } }),
  'selector of a credential': (login) => credential({ namespaces: { matchLabels: { [login]: login } } }),
  'annotation key': (login) => ({ pullSecret: { annotations: { [login]: 'x' } } }),
  'Secret label': (login) => ({ pullSecret: { labels: { team: login } } }),
  'Secret name': (login) => ({ pullSecret: { name: login } }),
  'Secret type': (login) => ({ pullSecret: { type: login } }),
  distribution: (login) => ({ pullSecret: { distribution: login } }),
  workload: (login) => ({ workloads: [login] }),
  'custom group': (login) => ({ workloads: [{ group: login, kind: 'X', podSpec: '/spec' }] }),
  'custom kind': (login) => ({ workloads: [{ group: 'a.io', kind: login, podSpec: '/spec' }] }),
  pointer: (login) => ({ workloads: [{ group: 'a.io', kind: 'X', podSpec: login }] }),
  helper: (login) => credential({ source: { credentialHelper: login } }),
  switch: (login) => ({ requireNamespaces: login }),
};

t.test('no message repeats a login that stands where a key, a label or a pattern belongs', async (t) => {
  for (const [place, settings] of Object.entries(PLACES)) {
    for (const login of LOGINS) {
      const loaded = loadConfig(JSON.stringify(settings(login)), 'pullpass.yaml');
      const lines = 'problems' in loaded ? loaded.problems.map(describeProblem) : [];
      const name = `${place}: ${hidden(JSON.stringify(login))}`;
      t.ok(lines.length > 0, `refused, ${name}`);
      t.equal(leak(lines.join('\n')) === undefined, true, name);
    }
  }
});

t.test('what is no login is still repeated, because that is what helps', async (t) => {
  t.equal(formatPath(['a', 0, 'b c']), 'a[0]["b c"]');
  t.equal(formatPath(['a', 'u:p@x']), 'a[a key that is not shown]');
  t.match(parseMatch('https://ghcr.io'), { ok: false, problem: /did you mean "ghcr.io"/ });
  t.match(parseMatch('ghcr.io@sha256:00'), { ok: false, problem: 'a pattern has no digest, did you mean "ghcr.io"?' });
  t.match(parseMatch(`ghcr.io/${'a'.repeat(150)}`), { ok: true }, 'a long pattern is a pattern');
});

t.test('an anchor serves twice, its problems are told at the alias', async (t) => {
  const problems = (text: string): readonly string[] => {
    const loaded = loadConfig(text, 'p.yaml');
    return 'problems' in loaded ? loaded.problems.map(describeProblem) : [];
  };
  t.same(problems('pullSecret: { labels: &l { a: b }, annotations: *l }'), []);
  t.same(problems('pullSecret: { labels: &l { a: 1 }, annotations: *l }'), [
    'p.yaml:1:31 pullSecret.labels.a: found a number, wanted a string, put it in quotes',
    'p.yaml:1:49 pullSecret.annotations.a: found a number, wanted a string, put it in quotes',
  ]);
  t.same(problems('pullSecret: { name: a, name: b }\nzzz: 1').length, 2, 'a duplicate key hides nothing else');
});
