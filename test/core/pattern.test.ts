// Patterns: what is one, what it covers, and what the message says where it is none.
import t from 'tap';
import { compareSpecificity, covers, globMatches, parsePattern, splitPort } from '../../src/core/pattern.ts';
import { imageOf, patternOf } from './given.ts';

const COVERS: readonly (readonly [pattern: string, image: string, expected: boolean])[] = [
  ['ghcr.io', 'ghcr.io/acme/app', true],
  ['ghcr.io', 'ghcr.io:443/acme/app', false], // no port is not 443
  ['ghcr.io:443', 'ghcr.io/acme/app', false],
  ['r.io:5000', 'r.io:05000/app', false], // ports are texts to the kubelet
  ['ghcr.io', 'GHCR.io/app', false], // and hosts too
  ['ghcr.io/', 'ghcr.io/app', true],
  ['ghcr.io/acme', 'ghcr.io/acme', true],
  ['ghcr.io/acme', 'ghcr.io/acme/app/x:1', true],
  ['ghcr.io/acme', 'ghcr.io/acme-evil/app', false],
  ['ghcr.io/acme', 'ghcr.io/acme2', false],
  ['ghcr.io/acme/', 'ghcr.io/acme', false], // only what is below
  ['ghcr.io/acme/', 'ghcr.io/acme/app', true],
  ['ghcr.io/acme/', 'ghcr.io/acme-evil/app', false],
  ['r.io/team-*', 'r.io/team-a/app', true],
  ['r.io/*/app', 'r.io/a/app/b', true],
  ['r.io/*/app', 'r.io/a/b/app', false], // a star never crosses a slash
  ['r.io/*/', 'r.io/a', false],
  ['r.io/a*b*c', 'r.io/a-b-c', true],
  ['*.acme.io', 'a.acme.io/app', true],
  ['*.acme.io', 'acme.io/app', false],
  ['*.acme.io', 'a.b.acme.io/app', false], // nor a dot
  ['a*.acme.io', 'a.acme.io/app', true], // it may stand for nothing
  ['docker.io', 'nginx', true],
  ['index.docker.io', 'nginx', true],
  ['docker.io/acme', 'acme/app', true],
  ['docker.io/acme', 'nginx', false],
  ['docker.io/library', 'nginx', true],
  ['[::1]:5000', '[::1]:5000/app', true],
  ['[::1]:5000', '[::2]:5000/app', false],
  ['localhost:5000', 'localhost:5000/app', true],
  ['r.io/v1', 'r.io/v1/app', true],
];

t.test('what a pattern covers', async (t) => {
  for (const [pattern, image, expected] of COVERS) {
    t.equal(covers(patternOf(pattern), imageOf(image)), expected, `${pattern} and ${image}`);
  }
});

const CANONICAL: readonly (readonly [text: string, canonical: string])[] = [
  ['ghcr.io', 'ghcr.io'],
  ['ghcr.io/', 'ghcr.io'],
  ['ghcr.io/acme/', 'ghcr.io/acme/'],
  ['index.docker.io', 'docker.io'],
  ['index.docker.io/acme', 'docker.io/acme'],
  ['[::1]:5000/a', '[::1]:5000/a'],
  ['localhost', 'localhost'],
];

t.test('the canonical text', async (t) => {
  for (const [text, canonical] of CANONICAL) t.equal(patternOf(text).text, canonical, text);
  t.same(patternOf('a.*.r.io:5000/x/y*/'), {
    text: 'a.*.r.io:5000/x/y*/',
    host: ['a', '*', 'r', 'io'],
    port: '5000',
    path: ['x', 'y*'],
    below: true,
  });
});

const REFUSED: readonly (readonly [text: string, problem: string])[] = [
  ['', 'a pattern must not be empty'],
  ['https://ghcr.io', 'a pattern has no scheme, did you mean "ghcr.io"?'],
  ['ghcr.io /acme', 'a pattern holds no white space'],
  ['robot:fake@ghcr.io/acme', 'a pattern has no digest and no user, leave out the "@" and what belongs to it'],
  ['ghcr.io/a?', 'the only glob in a pattern is "*"'],
  ['ghcr.io/[x-z]', 'the only glob in a pattern is "*"'],
  ['ghcr.io//acme', 'an empty path segment, did you mean "ghcr.io/acme"?'],
  ['ghcr.io/acme/app:1', 'a pattern has no tag, did you mean "ghcr.io/acme/app"?'],
  ['ghcr.io/Acme', '"Acme": repository names are lower case, did you mean "acme"?'],
  ['ghcr.io/-acme', '"-acme" cannot be part of a repository name'],
  ['ghcr.io:*', '"*" is not a port: digits only, without a glob'],
  ['ghcr.io:', '"" is not a port: digits only, without a glob'],
  ['a..io', '"" is not a host label in "a..io"'],
  ['a_b.io', '"a_b" is not a host label in "a_b.io"'],
  ['*a*.r.io', 'a host label holds at most one "*"'],
  ['[::1]', 'the kubelet cannot match [::1] without a port, write it with ":port"'],
  ['[:::::]:1', '"[:::::]" is not an IPv6 address'],
  [
    'acme/app',
    '"acme" is not a registry host (an image "acme/app" is on Docker Hub), did you mean "docker.io/acme/app"?',
  ],
];
const STRANGERS = ['*', '*.io', 'acme.*', '*.acme', 'a.*.io', '*:5000', 'acme.i*'];

t.test('what is none says what is wrong', async (t) => {
  for (const [text, problem] of REFUSED) t.same(parsePattern(text), { ok: false, problem }, text);
  for (const text of STRANGERS) {
    const parsed = parsePattern(text);
    t.match(parsed.ok ? 'accepted' : parsed.problem, /would send a login to a stranger's host/, text);
  }
});

t.test('globs of any number of stars, in linear time', async (t) => {
  const rows: readonly (readonly [glob: string, text: string, expected: boolean])[] = [
    ['*', '', true],
    ['a*a', 'a', false], // head and tail may not share a character
    ['a*a', 'aa', true],
    ['*ab*ab', 'abab', true],
    ['*ab*ab', 'aab', false],
    ['a*b*c', 'abbc', true],
    ['a*b*c', 'acb', false],
    ['a**b', 'ab', true],
  ];
  for (const [glob, text, expected] of rows) t.equal(globMatches(glob, text), expected, `${glob} and ${text}`);
  t.equal(globMatches(`${'*a'.repeat(5000)}*b`, 'a'.repeat(50_000)), false, 'no backtracking');
});

t.test('more specific first: path segments, then literal labels', async (t) => {
  const order = ['r.io/a/b', 'a.b.r.io/*', '*.r.io/a', 'a.b.r.io', '*.b.r.io', '*.*.r.io'].map(patternOf);
  for (let i = 1; i < order.length; i++) {
    const [before, after] = [order[i - 1], order[i]];
    if (before && after) t.ok(compareSpecificity(before, after) < 0, `${before.text} before ${after.text}`);
  }
  t.equal(compareSpecificity(patternOf('r.io/a'), patternOf('r.io/b')), 0);
});

t.test('ports', async (t) => {
  t.same(splitPort('r.io:5000'), ['r.io', '5000']);
  t.same(splitPort('r.io'), ['r.io', undefined]);
  t.same(splitPort('[::1]'), ['[::1]', undefined]);
  t.same(splitPort('[::1]:5'), ['[::1]', '5']);
});
