// The demo, run as a user runs it. It gets a temporary folder of its own: every process that it starts has that folder in
// its arguments, so what is left behind can be found, and the folder must be empty in the end.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { surprises } from '../examples/demo/expected.ts';
import { LOGINS } from '../examples/demo/logins.ts';
import { locateBinaries, locateTool } from './control-plane/binaries.ts';
import { eventually } from './serve/installation.ts';

const DEMO = join(import.meta.dirname, '..', 'examples', 'demo', 'demo.ts');

// On a machine that never built them this takes minutes, which no single run of the demo below should wait for.
await locateBinaries();
await locateTool('render');

interface Run {
  readonly folder: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout(): string;
  stderr(): string;
}

function run(
  t: { teardown(end: () => void): unknown },
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Run {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-demo-test-'));
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  }
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  t.teardown(() => {
    child.kill('SIGKILL');
    for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, child, exited, stdout: () => text.stdout, stderr: () => text.stderr };
}

/** Ids of the processes that have the folder in their arguments. */
function processesOf(folder: string): readonly number[] {
  if (!existsSync('/proc/self/cmdline')) {
    const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.includes(folder)).map((line) => Number.parseInt(line, 10));
  }
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  return pids.filter((pid) => argumentsOf(pid).includes(folder)).map(Number);
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}

/** Waits for a line, and so for the moment when everything runs. */
async function says(demo: Run, text: string): Promise<void> {
  await eventually(text, async () => ((demo.stdout() + demo.stderr()).includes(text) ? true : undefined), 120);
}

async function leavesNothing(
  t: { same(a: unknown, b: unknown, why: string): unknown },
  { folder }: Run,
): Promise<void> {
  await eventually('all processes are gone', async () => (processesOf(folder).length === 0 ? true : undefined));
  t.same(readdirSync(folder), [], 'no file is left');
}

t.test('a fact that is not as it must be is named', async (t) => {
  const image = 'nginx:1.29';
  const pod = {
    namespace: 'shop',
    kind: 'Pod',
    name: 'public',
    sent: true,
    images: [{ image, reason: 'excepted' }],
  } as const;
  const orders = [
    { namespace: 'shop', secret: 7, pod: 5, podName: 'web', credentials: 'ghcr-io' },
    { namespace: 'classic', secret: 5, pod: 7, podName: 'web', credentials: 'ghcr-io' },
  ];
  const sentences = surprises([{ ...pod, reason: 'no-private-image', lists: true }], orders);
  t.ok(sentences.includes('shop: a Pod came before the Secret'));
  t.ok(sentences.includes('shop/Pod/mixed: it is not there'));
  t.ok(sentences.includes('shop/Pod/public: serve said no-private-image, but it lists the pull Secret'));
  t.notOk(sentences.some((sentence) => sentence.startsWith('classic: ')));
  const [first] = surprises([{ ...pod, reason: 'injected', lists: true }], orders);
  t.equal(first, 'shop/Pod/public: expected no-private-image, excepted, found injected, excepted');
});

t.test('it shows what was injected, and why the rest was left alone', async (t) => {
  const demo = run(t);
  await says(demo, 'kubectl apply');
  t.ok(processesOf(demo.folder).length >= 5, 'supervisor, control plane and serve are found by their folder');
  const code = await demo.exited;
  t.equal(code, 0, demo.stderr());
  const lines = demo.stdout().split('\n');
  for (const fact of [
    /^Deployment web +injected +ghcr\.io\/acme\/web:1 +ghcr-io$/,
    /^Pod web-\S+ +already-listed +ghcr\.io\/acme\/web:1 +ghcr-io$/,
    /^Pod private +injected +acme\/migrate:2 +docker-io$/,
    /^ +registry\.example\.com:5000\/api:2 +registry-example-com-5000$/,
    /^Pod public +left alone +nginx:1\.29 +-$/,
    /^Pod private +left alone +ghcr\.io\/acme\/web:1 +-$/,
    /^ +namespace-not-enabled: the namespace does not take part$/,
    /^ +excepted: every credential that would cover the image excepts it$/,
    /^ +shop\/pullpass-dockercfg +\d+ < \d+ +Pod \S+$/,
    /^ +classic\/pullpass-dockercfg +\d+ < \d+ +Pod \S+$/,
    /^ +that wrote the pull Secret first +2 +\d+\.\d ms +\d+\.\d ms$/,
  ]) {
    t.ok(
      lines.some((line) => fact.test(line)),
      `${fact}`,
    );
  }
  t.ok(
    lines.every((line) => line.length <= 100),
    'no line is wider than 100 columns',
  );
  t.notOk(demo.stdout().includes('\u001b'), 'no colours into a pipe');
  for (const { username, password } of Object.values(LOGINS)) {
    for (const form of [
      password,
      Buffer.from(password).toString('base64'),
      Buffer.from(`${username}:${password}`).toString('base64'),
    ]) {
      t.notOk((demo.stdout() + demo.stderr()).includes(form), 'no login is printed');
    }
  }
  await leavesNothing(t, demo);
});

t.test('with --keep it stays up, says how to use it, and ends well when it is told to', async (t) => {
  const demo = run(t, ['--keep']);
  await says(demo, 'It stays up');
  const kubeconfig = /--kubeconfig (\S+)/.exec(demo.stdout())?.[1] ?? '';
  const kubectl = /A kubectl that fits: (\S+)/.exec(demo.stdout())?.[1] ?? '';
  const args = ['--kubeconfig', kubeconfig, '--cache-dir', join(kubeconfig, '..', 'kubectl'), '-n', 'shop'];
  execFileSync(kubectl, [...args, 'run', 'mine', '--image=ghcr.io/acme/mine:1'], { encoding: 'utf8' });
  const list = execFileSync(kubectl, [...args, 'get', 'pod', 'mine', '-o', 'jsonpath={.spec.imagePullSecrets}'], {
    encoding: 'utf8',
  });
  t.same(JSON.parse(list), [{ name: 'pullpass-dockercfg' }], 'what it says to try works');
  demo.child.kill('SIGINT');
  t.equal(await demo.exited, 0);
  await leavesNothing(t, demo);
});

for (const when of ['starting etcd', 'starting pullpass', 'kubectl apply']) {
  t.test(`ended by a signal at "${when}", it leaves nothing behind`, async (t) => {
    const demo = run(t);
    await says(demo, when);
    demo.child.kill('SIGTERM');
    t.equal(await demo.exited, 143);
    await leavesNothing(t, demo);
  });
}
