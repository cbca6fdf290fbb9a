// Running a program that is asked for a login: it always ends, it never rejects, and it leaves nothing behind.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type ProgramCall, type ProgramResult, runProgram } from '../../src/credentials/program.ts';
import { programEnvironment } from '../../src/credentials/program-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'pullpass-program-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const MIB = 1_048_576;
let count = 0;

function program(script: string, head = '#!/bin/sh'): string {
  const path = join(folder, `program-${++count}`);
  writeFileSync(path, `${head}\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(command: string, more: Partial<ProgramCall> = {}): Promise<ProgramResult> {
  const env = { PATH: process.env.PATH ?? '' };
  return runProgram({ command, args: [], env, input: 'asked\n', timeoutMs: 20_000, ...more });
}

/** A process closes its files a moment before it is gone. */
async function ends(pid: number): Promise<boolean> {
  for (let tries = 0; isAlive(pid); tries++) {
    if (tries > 200) return false;
    await sleep(25);
  }
  return true;
}

/** A zombie that nobody has reaped yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

t.test('whatever keeps a program from being started is an answer', async (t) => {
  const good = program('echo started');
  const rows: readonly (readonly [because: string, command: string, more: Partial<ProgramCall>, failure: string])[] = [
    ['no such name', 'pullpass-no-such-program', {}, 'not-found'],
    ['no such path', join(folder, 'absent', 'program'), {}, 'not-found'],
    ['no PATH of ours', 'node', { env: { PATH: folder } }, 'not-found'],
    ['a folder', folder, {}, 'not-executable'],
    ['a part of the path is no folder', join(good, 'program'), {}, 'not-executable'],
    ['a path without end', `/${'a'.repeat(5_000)}`, {}, 'not-executable'],
    ['an empty name', '', {}, 'not-executable'],
    ['a name with a NUL', 'a\0b', {}, 'not-executable'],
    ['an argument with a NUL', good, { args: ['a\0b'] }, 'not-executable'],
    ['a variable with a NUL', good, { env: { X: 'a\0b' } }, 'not-executable'],
    ['a variable that is too long', good, { env: { X: 'x'.repeat(300_000) } }, 'not-executable'],
  ];
  for (const [because, command, more, failure] of rows)
    t.match(await run(command, more), { ok: false, failure }, because);
});

t.test('its name is looked up in the PATH that it is given', async (t) => {
  const name = program('cat').slice(folder.length + 1);
  t.same(await run(name, { env: { PATH: `${folder}:/usr/bin:/bin` } }), { ok: true, stdout: 'asked\n' });
});

t.test('nothing is started once we have stopped', async (t) => {
  const touched = join(folder, 'touched');
  const signal = AbortSignal.abort();
  t.match(await run(program(`touch ${touched}`), { signal }), { ok: false, failure: 'stopped' });
  t.notOk(existsSync(touched));
});

t.test('a program that ends while its child holds the pipes has answered, and the child ends', async (t) => {
  const began = performance.now();
  const result = await run(program('cat > /dev/null; sleep 300 & echo $!'));
  t.ok(performance.now() - began < 10_000, 'the child was not waited for');
  t.ok(result.ok);
  t.ok(await ends(Number(result.stdout)), 'the child is gone');
});

t.test('a child that left the group is not waited for either', async (t) => {
  for (const [script, expected] of [
    ['setsid sleep 300 & echo $!', { ok: true }],
    ['setsid sleep 300 & echo $!; sleep 300', { ok: false, failure: 'timeout' }],
  ] as const) {
    const began = performance.now();
    const result = await run(program(script), { timeoutMs: 1_000 });
    const pid = Number(result.stdout);
    if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
    t.ok(performance.now() - began < 10_000);
    t.match(result, expected, script);
    t.match(result.stdout, /^\d+\n$/, 'what was printed has arrived');
  }
});

t.test('stdout has a limit, stderr may be endless', async (t) => {
  const full = await run(program(`head -c ${MIB} /dev/zero`));
  t.equal(full.ok && full.stdout.length, MIB, 'a megabyte is an answer');
  t.match(await run(program(`head -c ${MIB + 1} /dev/zero`)), { ok: false, failure: 'too-much-output' });
  t.match(await run(program('while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done')), { failure: 'too-much-output' });
  const loud = await run(program(`head -c ${20 * MIB} /dev/zero | tr '\\0' e >&2; echo answer`));
  t.same(loud, { ok: true, stdout: 'answer\n' });
  const failing = await run(program(`head -c ${20 * MIB} /dev/zero | tr '\\0' 'e' >&2; exit 3`));
  t.match(failing, { ok: false, failure: 'exit' });
  t.ok(!failing.ok && failing.problem.length < 300);
});

t.test('many at once do not mix up', async (t) => {
  const command = program('cat');
  const inputs = Array.from({ length: 12 }, (_, i) => `${i} `.repeat(40_000));
  const results = await Promise.all(inputs.map((input) => run(command, { input })));
  t.same(
    results.map(({ ok, stdout }, i) => ok && stdout === inputs[i]),
    inputs.map(() => true),
  );
});

t.test('what a program printed on stdout is not told by its stderr', async (t) => {
  const result = await run(program('echo plainword; echo "refused plainword" >&2; exit 1'));
  t.match(result, { ok: false, problem: 'it ended with code 1: refused …' });
});

t.test('nor is what stands in its arguments', async (t) => {
  const result = await run(program('echo "refused $1" >&2; exit 1'), { args: ['plainword'] });
  t.match(result, { ok: false, problem: 'it ended with code 1: refused …' });
});

t.test('it is killed when its time is up, not some time after', async (t) => {
  const began = performance.now();
  const result = await run(program('echo $$; exec sleep 300'), { timeoutMs: 500 });
  const took = performance.now() - began;
  t.match(result, { ok: false, failure: 'timeout', problem: 'it gave no answer within 0.5 s and was killed' });
  t.notOk(isAlive(Number(result.stdout)), 'it is gone when that is said');
  t.ok(took < 1_500, `${Math.round(took)} ms, and not only when nobody waits for it any more`);
});

t.test('of our environment it gets what is meant for it, by name and by prefix', async (t) => {
  const ours = {
    ...Object.fromEntries(['PATH', 'HOME', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].map((name) => [name, 'ours'])),
    ...Object.fromEntries(['http_proxy', 'https_proxy', 'no_proxy'].map((name) => [name, 'ours'])),
    AWS_ROLE_ARN: 'ours',
    AZURE_CLIENT_ID: 'ours',
    GOOGLE_APPLICATION_CREDENTIALS: 'ours',
  };
  const kept = {
    KUBECONFIG: 'k',
    NODE_OPTIONS: 'n',
    LD_PRELOAD: 'l',
    MY_AWS_KEY: 'x',
    aws_region: 'x',
    AWS: 'x',
    Path: 'x',
  };
  t.same(programEnvironment({ ...ours, ...kept }, {}), ours);
  t.same(programEnvironment({ ...ours, ...kept, AWS_GONE: undefined }, { KUBECONFIG: 'mine', PATH: 'mine' }), {
    ...ours,
    KUBECONFIG: 'mine',
    PATH: 'mine',
  });
});
