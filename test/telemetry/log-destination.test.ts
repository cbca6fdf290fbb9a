// Where the log goes: gathered for a moment, whole at the end, and never a reason to wait.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'telemetry', 'log-destination.ts');
t.setTimeout(60_000);

/** A program that has a log on standard error, and what it did on standard output. */
function start(t: Test, body: string) {
  const text = `import { openLogDestination } from ${JSON.stringify(MODULE)};
    const log = openLogDestination(2);
    process.prependListener('exit', log.flush);
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const said = { out: '', log: '' };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const read = (): void => void child.stderr.on('data', (chunk) => (said.log += chunk));
  return { said, ended, read };
}

for (const lines of [1, 5_000]) {
  t.test(`${lines} lines come in order and whole, those of the last moment too`, async (t) => {
    const expected = Array.from({ length: lines }, (_, i) => `line ${i}\n`).join('');
    const body = `for (let i = 0; i < ${lines}; i++) log.gather('line ' + i + '\\n'); process.exit(3);`;
    // On a busy machine the other thread has often not begun yet when the program ends.
    const programs = Array.from({ length: 8 }, () => start(t, body));
    for (const { read } of programs) read();
    for (const { said, ended } of programs) {
      t.equal(await ended, 3);
      t.ok(said.log === expected, `${said.log.length} characters, from ${said.log.slice(0, 9)}`);
    }
  });
}

t.test('a line is written soon, though nothing follows it', async (t) => {
  const { said, read } = start(t, "log.gather('alone\\n'); setTimeout(() => undefined, 20_000);");
  read();
  for (let i = 0; i < 200 && said.log === ''; i++) await sleep(50);
  t.equal(said.log, 'alone\n');
});

t.test('whoever does not read holds up nobody', async (t) => {
  const { said, ended } = start(
    t,
    `const line = 'x'.repeat(999) + '\\n';
    for (let i = 0; i < 20_000; i++) log.gather(line);
    setTimeout(() => process.stdout.write('on time', () => process.kill(process.pid, 'SIGKILL')), 100);`,
  );
  t.equal(await ended, null, 'it was not waiting for its log');
  t.equal(said.out, 'on time');
});

t.test('what is no admission is written at once, behind what was gathered', async (t) => {
  const { said, ended, read } = start(
    t,
    "log.gather('first\\n'); log.write('second\\n'); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 30);",
  );
  read();
  t.equal(await ended, null);
  t.equal(said.log, 'first\nsecond\n');
});
