// Programs that are asked for logins, as real ones: good ones in the form of the cloud vendors' answers, and all that can go
// wrong with one. None may hang us, fill us, see what it should not, leave something running, or get a login printed.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { credentialHelper } from '../../src/credentials/credential-helper.ts';
import { credentialProvider } from '../../src/credentials/credential-provider.ts';
import type { ExecAnswer } from '../../src/credentials/exec-answer.ts';
import { runProgram, showable } from '../../src/credentials/program.ts';
import { programEnvironment } from '../../src/credentials/program-environment.ts';
import { CANARY, leak } from '../config/canary.ts';
import { patternOf } from '../core/given.ts';

const folder = mkdtempSync(join(tmpdir(), 'pullpass-programs-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const env = { PATH: `${folder}:${process.env.PATH}` };
const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const never = new AbortController().signal;

function program(name: string, script: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

function response(auth: object, more: object = {}): string {
  const rest = {
    kind: 'CredentialProviderResponse',
    apiVersion: V1,
    cacheKeyType: 'Registry',
    cacheDuration: '6h0m0s',
  };
  return JSON.stringify({ ...rest, auth, ...more });
}

const printing = (text: string): string => `cat > ${join(folder, 'request')}\ncat <<'END'\n${text}\nEND`;

function ask(script: string, patterns = [ECR], timeoutMs = 5_000, mode?: number): Promise<ExecAnswer> {
  const command = program(`provider-${Math.random().toString(36).slice(2)}`, script, mode);
  const provider = credentialProvider({ command, args: ['get-credentials'], apiVersion: V1, env, timeoutMs });
  return provider(patterns.map(patternOf), never);
}

const summary = (answer: ExecAnswer): string =>
  answer.ok
    ? `${answer.entries.map(({ pattern, login }) => `${pattern.text}=${login.password}`).join(' ')} for ${answer.holdsMs}`
    : `${answer.failure}: ${answer.problem}`;

t.test('answers in the form of the cloud vendors', async (t) => {
  const login = { username: 'AWS', password: 'fake' };
  const rows = [
    ['ECR', { '*.dkr.ecr.*.amazonaws.com': login }, {}, '*.dkr.ecr.*.amazonaws.com=fake for 21600000'],
    [
      'GAR',
      { '*.pkg.dev': login, 'gcr.io': login },
      { cacheKeyType: 'Image' },
      '*.pkg.dev=fake gcr.io=fake for 21600000',
    ],
    ['ACR', { 'acme.azurecr.io': login }, { cacheDuration: '12m30s' }, 'acme.azurecr.io=fake for 750000'],
    ['no duration', { [ECR]: login }, { cacheDuration: undefined }, `${ECR}=fake for undefined`],
    ['not to be cached', { [ECR]: login }, { cacheDuration: '0s' }, `${ECR}=fake for undefined`],
    ['nothing', {}, {}, ' for 21600000'],
  ] as const;
  for (const [because, auth, more, expected] of rows) {
    t.equal(summary(await ask(printing(response(auth, more)))), expected, because);
  }
  const request = JSON.parse(readFileSync(join(folder, 'request'), 'utf8'));
  t.same(request, { kind: 'CredentialProviderRequest', apiVersion: V1, image: `${ECR}/pullpass/login` });
  await ask(printing(response({})), [`${ECR}/team-*`, `${ECR}/acme/app/`]);
  t.equal(JSON.parse(readFileSync(join(folder, 'request'), 'utf8')).image, `${ECR}/acme/app/login`);
});

t.test('all that can go wrong has a word, and no message holds a login', async (t) => {
  const bad = { username: 'AWS', password: CANARY, auth: `!${CANARY}` };
  const rows = [
    ['hangs', 'sleep 60', /^timeout: it gave no answer within 0.3 s and was killed$/],
    ['a grandchild that holds the pipe', 'sleep 60 & echo x; wait', /^timeout/],
    ['garbage', printing(`{ ${CANARY} `), /^unreadable: its answer is not JSON$/],
    ['a list', printing('[]'), /^unreadable/],
    ['another kind', printing(JSON.stringify({ kind: 'X', apiVersion: V1 })), /^unreadable: its answer is not a Cred/],
    ['another version', printing(response({}, { apiVersion: 'x/v1' })), /^unreadable/],
    ['no cacheKeyType', printing(response({}, { cacheKeyType: 'Host' })), /^unreadable: .*cacheKeyType/],
    ['no duration', printing(response({}, { cacheDuration: 'soon' })), /^unreadable: .*cacheDuration/],
    ['an expiry in the past', printing(response({}, { cacheDuration: '-5m0s' })), /^expired/],
    ['auth is a list', printing(response([bad])), /^unreadable/],
    ['a megabyte', 'head -c 3000000 /dev/zero', /^too-much-output: it printed more than 1048576 bytes and was killed$/],
    ['exit 1', `echo "denied: password=${CANARY}" >&2; exit 1`, /^exit: it ended with code 1: denied: password=…$/],
    ['killed', 'kill -9 $$', /^exit: it ended with signal SIGKILL$/],
  ] as const;
  for (const [because, script, expected] of rows) {
    const answer = summary(
      await ask(script, [ECR], because.includes('hangs') || because.includes('holds') ? 300 : 10_000),
    );
    t.match(answer, expected, because);
    t.equal(leak(answer) === undefined, true, because);
  }
  t.match(summary(await ask('exit 0', [ECR], 5_000, 0o644)), /^not-executable: .* EACCES$/);
  const gone = credentialProvider({ command: 'not-there', args: [], apiVersion: V1, env, timeoutMs: 1_000 });
  t.match(summary(await gone([patternOf(ECR)], never)), /^not-found: the program "not-there" is not there$/);
  const passedOver = await ask(printing(response({ [ECR]: bad, 'https://*': { username: 'a', password: 'b' } })));
  t.match(passedOver, { ok: true, entries: [], problems: [/auth/, /cannot be used/] });
  t.equal(leak(JSON.stringify(passedOver)) === undefined, true);
});

t.test('docker credential helpers', async (t) => {
  const rows = [
    [
      'good',
      printing('{"ServerURL":"x","Username":"robot","Secret":"fake"}'),
      'harbor.acme.io',
      'harbor.acme.io=fake for undefined',
    ],
    ['Docker Hub', printing('{"Username":"robot","Secret":"fake"}'), 'docker.io', 'docker.io=fake for undefined'],
    [
      'nothing',
      'echo "credentials not found in native keychain"; exit 1',
      'a.acme.io',
      'no-login: it has no login for a.acme.io',
    ],
    [
      'a token',
      printing('{"Username":"<token>","Secret":"x"}'),
      'a.acme.io',
      'no-login: it has only an identity token, which the kubelet ignores',
    ],
    [
      'no secret',
      printing('{"Username":"robot"}'),
      'a.acme.io',
      'no-login: its answer cannot be used: it has a username but no password',
    ],
    ['garbage', printing(CANARY), 'a.acme.io', 'unreadable: its answer is not JSON'],
  ] as const;
  for (const [because, script, host, expected] of rows) {
    program('docker-credential-acme', script);
    const helper = credentialHelper({ name: 'acme', env, timeoutMs: 5_000 });
    t.equal(summary(await helper([patternOf(host)], never)), expected, because);
    if (because === 'Docker Hub') t.equal(readFileSync(join(folder, 'request'), 'utf8'), 'https://index.docker.io/v1/');
  }
});

t.test('no shell, nothing of our environment but what is meant, its input may be ignored', async (t) => {
  const touched = join(folder, 'touched');
  const call = { args: [`; touch ${touched}`, '$(id)'], input: 'x'.repeat(300_000), timeoutMs: 5_000 };
  const echo = await runProgram({ ...call, command: program('echo-args', 'echo "$1" "$2"'), env });
  t.match(echo, { ok: true, stdout: `; touch ${touched} $(id)\n` });
  t.notOk(existsSync(touched));
  const ours = {
    PATH: env.PATH,
    HOME: '/h',
    AWS_REGION: 'a',
    AZURE_X: 'b',
    GOOGLE_X: 'c',
    https_proxy: 'p',
    KUBECONFIG: 'k',
    TOKEN: 's',
  };
  const seen = await runProgram({
    ...call,
    command: program('print-env', 'env -0'),
    env: programEnvironment(ours, { MINE: 'm', HOME: '/own' }),
  });
  const names = seen.ok ? seen.stdout.split('\0').map((line) => line.split('=')[0] ?? '') : [];
  // The shell adds some of its own, and so does the test runner.
  const added = /^(|PWD|SHLVL|_|OLDPWD|NODE_OPTIONS|_TAPJS.*)$/;
  const set = names.filter((name) => !added.test(name)).sort();
  t.same(set, ['AWS_REGION', 'AZURE_X', 'GOOGLE_X', 'HOME', 'MINE', 'PATH', 'https_proxy']);
  t.match(seen.stdout, /HOME=\/own/);
});

t.test('what it started ends with it, also when it is stopped by us', async (t) => {
  const pids = join(folder, 'pids');
  const script = `echo $$ > ${pids}; sleep 60 & echo $! >> ${pids}; wait`;
  const command = program('parent', script);
  const stopping = new AbortController();
  for (const [timeoutMs, stop] of [
    [400, false],
    [60_000, true],
  ] as const) {
    const running = runProgram({ command, args: [], env, input: '', timeoutMs, signal: stopping.signal });
    await sleep(250);
    if (stop) stopping.abort();
    t.match(await running, { ok: false, failure: stop ? 'stopped' : 'timeout' });
    await sleep(100);
    for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) t.notOk(isAlive(Number(pid)), `${pid} is gone`);
  }
});

/** A zombie that nobody has reaped yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

t.test('what is shown of stderr', async (t) => {
  const token = `eyJ${'a1B2'.repeat(10)}`;
  const rows = [
    [
      'cannot reach https://sts.eu-central-1.amazonaws.com: timeout',
      'cannot reach https://sts.eu-central-1.amazonaws.com: timeout',
    ],
    [`bad token ${token}`, 'bad token …'],
    ['user robot:hunter2@host refused', 'user …@host refused'],
    ['Authorization: Bearer abc', 'Authorization: … abc'],
    ['first\nsecond', 'first'],
    ['\u001b[31mred', '[31mred'],
    ['the value s3cr3t is wrong', 'the value … is wrong'],
  ] as const;
  for (const [said, shown] of rows) t.equal(showable(said, ['s3cr3t']), shown, said);
});
