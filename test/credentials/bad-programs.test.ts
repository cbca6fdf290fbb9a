// Real programs that do everything wrong, asked by the protocol of credential providers: each is told apart, none takes the
// login away that was given before, and nothing that one printed is told.
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { credentialProvider } from '../../src/credentials/credential-provider.ts';
import { openHostAsker } from '../../src/credentials/host-asker.ts';
import { CANARY, leak } from '../config/canary.ts';
import { patternOf } from '../core/given.ts';

const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const folder = mkdtempSync(join(tmpdir(), 'pullpass-bad-programs-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const command = join(folder, 'provider');
const env = { PATH: process.env.PATH ?? '' };

/** A program that runs may not be written to, so it is put in its place. */
function install(script: string): void {
  writeFileSync(`${command}.new`, `#!/bin/sh\ncat > /dev/null\n${script}\n`);
  chmodSync(`${command}.new`, 0o755);
  renameSync(`${command}.new`, command);
}

function answer(password: string, more: object = {}): string {
  const auth = { 'r.acme.io': { username: 'robot', password } };
  const good = { kind: 'CredentialProviderResponse', apiVersion: V1, cacheKeyType: 'Registry', auth };
  return `cat <<'END'\n${JSON.stringify({ ...good, ...more })}\nEND`;
}

const BAD: readonly (readonly [what: string, script: string, failure: string, problem: RegExp])[] = [
  ['hangs', `${answer(CANARY)}\nsleep 300`, 'timeout', /no answer within 1 s and was killed/],
  ['prints garbage', `echo '{"auth": ${CANARY}'`, 'unreadable', /not JSON/],
  ['prints a list', `echo '["${CANARY}"]'`, 'unreadable', /not a JSON object/],
  ['prints nothing', 'true', 'unreadable', /not JSON/],
  ['prints a megabyte', `yes ${CANARY} | head -c 1048577`, 'too-much-output', /more than 1048576 bytes/],
  ['fails', `${answer(CANARY)}\necho "error ${CANARY}" >&2; exit 1`, 'exit', /code 1/],
  ['has expired', answer(CANARY, { cacheDuration: '-1s' }), 'expired', /expired already/],
  ['is of another kind', answer(CANARY, { kind: 'CredentialProviderRequest' }), 'unreadable', /not a CredentialProv/],
  ['speaks another version', answer(CANARY, { apiVersion: V1.replace('v1', 'v1beta1') }), 'unreadable', /of .*\/v1$/],
  ['says not how to cache', answer(CANARY, { cacheKeyType: 'Everything' }), 'unreadable', /no cacheKeyType/],
];

function ask(timeoutMs: number) {
  return credentialProvider({ command, args: [], apiVersion: V1, env, timeoutMs });
}

t.test('each is a failure of its own, told without what it printed', async (t) => {
  for (const [what, script, failure, problem] of BAD) {
    install(script);
    const result = await ask(failure === 'timeout' ? 1_000 : 20_000)(
      [patternOf('r.acme.io')],
      new AbortController().signal,
    );
    t.match(result, { ok: false, failure, problem }, what);
    t.equal(leak(JSON.stringify(result)) === undefined, true, what);
  }
});

t.test('none takes the login away that was given before, and the next good one is taken', async (t) => {
  const failures: string[] = [];
  const asker = openHostAsker([patternOf('r.acme.io')], 60_000, {
    ask: ask(1_000),
    askedWith: 'digest',
    known: () => undefined,
    onChange: () => undefined,
    onFailure: (failure) => void failures.push(failure),
    now: Date.now,
    random: () => 0,
    later: () => () => undefined,
  });
  const password = () => asker.reading()?.logins.get('r.acme.io')?.password;
  install(answer('fake-1'));
  await asker.refresh();
  t.equal(password(), 'fake-1');
  for (const [what, script] of BAD) {
    install(script);
    await asker.refresh();
    t.equal(password(), 'fake-1', what);
  }
  t.same(
    failures,
    BAD.map(([, , failure]) => failure),
  );
  install(answer('fake-2'));
  await asker.refresh();
  t.equal(password(), 'fake-2');
  t.equal(asker.reading()?.problems.length, 0);
  await asker.stop();
});
