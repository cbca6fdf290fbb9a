// The program as a user runs it: what goes to which stream, and with which exit code.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { locateBinaries } from '../control-plane/binaries.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, [...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const pullpass = (...args: string[]): Promise<Ran> => run(process.execPath, [PROGRAM, ...args]);

t.test('without a command it says what there is', async (t) => {
  for (const args of [[], ['help'], ['--help']]) {
    const { code, stdout, stderr } = await pullpass(...args);
    t.same([code, stderr], [0, '']);
    t.match(stdout, /^Commands:$/m);
  }
});

t.test('the help of a command goes to stdout, with examples', async (t) => {
  const { code, stdout, stderr } = await pullpass('serve', '--help');
  t.same([code, stderr], [0, '']);
  t.match(stdout, /^Examples:\n {2}pullpass serve /m);
});

t.test('wrong usage is 2, with one line on stderr that names what was meant', async (t) => {
  t.same(await pullpass('serv'), {
    code: 2,
    stdout: '',
    stderr: 'unknown command "serv", did you mean "serve"?; see pullpass --help\n',
  });
  t.same(await pullpass('rotate-ca', '--namspace', 'x'), {
    code: 2,
    stdout: '',
    stderr: 'unknown option --namspace, did you mean "namespace"?; see pullpass rotate-ca --help\n',
  });
});

t.test('what could not be had is 1', async (t) => {
  const { code, stdout, stderr } = await pullpass('rotate-ca', '--kubeconfig', '/nowhere');
  t.same([code, stdout], [1, '']);
  t.match(stderr, /^pullpass: .+\n$/);
});

t.test('it is a plugin of kubectl too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plugin-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  symlinkSync(PROGRAM, join(folder, 'kubectl-pullpass'));
  const { kubectl } = await locateBinaries();
  const path = `${folder}:${join(process.execPath, '..')}:${process.env.PATH}`;
  const { code, stdout } = await run(kubectl, ['pullpass', '--help'], { PATH: path });
  t.equal(code, 0);
  t.match(stdout, /^pullpass: private images just pull/);
});
