// Docker's credential helpers, spoken with programs that answer as docker/docker-credential-helpers and others do.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { credentialHelper } from '../../src/credentials/credential-helper.ts';
import { coveringEntry } from '../../src/credentials/entry-scope.ts';
import type { ExecAnswer } from '../../src/credentials/exec-answer.ts';
import { CANARY, leak } from '../config/canary.ts';
import { patternOf } from '../core/given.ts';

const folder = mkdtempSync(join(tmpdir(), 'pullpass-helper-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const env = { PATH: `${folder}:${process.env.PATH}` };
const asked = join(folder, 'asked');
const never = new AbortController().signal;

function ask(script: string, patterns: readonly string[]): Promise<ExecAnswer> {
  const path = join(folder, 'docker-credential-acme');
  writeFileSync(path, `#!/bin/sh\nset -e\n[ "$*" = get ]\ncat > ${asked}\n${script}\n`);
  chmodSync(path, 0o755);
  return credentialHelper({ name: 'acme', env, timeoutMs: 20_000 })(patterns.map(patternOf), never);
}

const print = (answer: object): string => `echo '${JSON.stringify(answer)}'`;
const LOGIN = { ServerURL: 'https://somewhere.example', Username: 'robot', Secret: 'fake' };

t.test('it is asked about the host, and the login is for all of it', async (t) => {
  const rows: readonly (readonly [patterns: readonly string[], server: string])[] = [
    [['harbor.acme.io/team/', 'harbor.acme.io/other'], 'harbor.acme.io'],
    [['harbor.acme.io:5000'], 'harbor.acme.io:5000'],
    [['[::1]:5000/a'], '[::1]:5000'],
    [['docker.io/acme', 'docker.io'], 'https://index.docker.io/v1/'],
    [['index.docker.io/acme'], 'https://index.docker.io/v1/'],
  ];
  for (const [patterns, server] of rows) {
    const answer = await ask(print(LOGIN), patterns);
    t.equal(readFileSync(asked, 'utf8'), server);
    t.ok(answer.ok);
    for (const pattern of patterns) {
      const entry = answer.ok ? coveringEntry(answer.entries, patternOf(pattern)) : undefined;
      t.same(entry?.login, { username: 'robot', password: 'fake' }, pattern);
    }
  }
});

t.test('names of fields in any case, as Go reads them', async (t) => {
  const answer = await ask(print({ serverurl: '', username: 'robot', secret: 'fake' }), ['a.io']);
  t.match(answer, { ok: true, entries: [{ login: { username: 'robot', password: 'fake' } }] });
});

t.test('what is no login, and what is a failure', async (t) => {
  const rows: readonly (readonly [because: string, script: string, failure: string, problem: RegExp])[] = [
    ['not found', 'echo "credentials not found in native keychain"; exit 1', 'no-login', /^it has no login for a.io$/],
    [
      'not found, with another text on stderr',
      `echo x >&2; echo "credentials not found in native keychain"; exit 1`,
      'no-login',
      /no login/,
    ],
    ['a token', print({ ...LOGIN, Username: '<token>', Secret: CANARY }), 'no-login', /identity token/],
    ['no name', print({ ...LOGIN, Username: '' }), 'no-login', /a password but no username/],
    ['nothing in it', print({ ...LOGIN, Username: '', Secret: '' }), 'no-login', /it holds no login/],
    ['a colon', print({ ...LOGIN, Username: `a:${CANARY}` }), 'no-login', /colon/],
    ['half a character', print({ ...LOGIN, Secret: 'x' }).replace('"x"', '"\\ud800"'), 'no-login', /not valid Unicode/],
    ['not text', print({ ...LOGIN, Secret: [CANARY] }), 'no-login', /not a string/],
    ['another failure', `echo "no basket: ${CANARY}"; exit 1`, 'exit', /^it ended with code 1$/],
    [
      'a failure that says more',
      `echo ${CANARY}; echo "vault sealed ${CANARY}" >&2; exit 7`,
      'exit',
      /code 7: vault sealed …$/,
    ],
    ['nothing printed', 'true', 'unreadable', /not JSON/],
    ['a list', `echo '["${CANARY}"]'`, 'unreadable', /not a JSON object/],
  ];
  for (const [because, script, failure, problem] of rows) {
    const answer = await ask(script, ['a.io']);
    t.match(answer, { ok: false, failure, problem }, because);
    t.equal(leak(JSON.stringify(answer)) === undefined, true, because);
  }
});
