// The control plane itself: two side by side, an API server that dies and comes back, and nothing left of it afterwards,
// whether it was stopped or whoever started it was killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startControlPlane } from './control-plane.ts';

t.setTimeout(180_000);

/** A process that has ended but was not waited for yet still has its id, and is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function within(milliseconds: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await sleep(50)) if (await condition()) return true;
  return condition();
}

t.test('two side by side, each its own', async (t) => {
  const planes = await Promise.all([startControlPlane(), startControlPlane()]);
  t.teardown(() => Promise.all(planes.map((plane) => plane.stop())));
  const [one, two] = planes;
  t.not(one.server, two.server);
  t.equal((await one.api.call('POST', '/api/v1/namespaces', { metadata: { name: 'only-here' } })).status, 201);
  t.equal((await two.api.call('GET', '/api/v1/namespaces/only-here')).status, 404);

  const account = '/api/v1/namespaces/only-here/serviceaccounts/default';
  t.ok(await within(10_000, async () => (await one.api.call('GET', account)).status === 200), 'controllers run');

  const listed = await one.kubectl(['get', 'namespace', 'only-here', '-o', 'name']);
  t.same({ code: listed.code, stdout: listed.stdout }, { code: 0, stdout: 'namespace/only-here\n' });
  t.not((await two.kubectl(['get', 'namespace', 'only-here'])).code, 0);
  t.ok(readFileSync(one.auditLog, 'utf8').includes('only-here'), 'the audit log names what was done');

  const before = one.pids.get('kube-apiserver') ?? 0;
  await one.killApiServer();
  t.notOk(isAlive(before));
  await t.rejects(one.api.call('GET', '/readyz'));
  await one.startApiServer();
  t.not(one.pids.get('kube-apiserver'), before);
  t.equal((await one.api.call('GET', '/api/v1/namespaces/only-here')).status, 200, 'what was there is there again');
});

t.test('a token is its owner and no more', async (t) => {
  const plane = await startControlPlane();
  t.teardown(() => plane.stop());
  const token = (await plane.kubectl(['create', 'token', 'default'])).stdout.trim();
  const kubeconfig = plane.kubeconfigFor(token, 'default-account');
  t.match(await plane.kubectl(['--kubeconfig', kubeconfig, 'auth', 'whoami']), {
    code: 0,
    stdout: 'system:serviceaccount:default:default',
  });
  t.match(await plane.kubectl(['--kubeconfig', kubeconfig, 'get', 'secrets']), { code: 1, stderr: 'Forbidden' });
});

t.test('stop leaves no process and no folder', async (t) => {
  const plane = await startControlPlane();
  const pids = [...plane.pids.values()];
  t.equal(pids.filter(isAlive).length, 3);
  await plane.stop();
  t.same(pids.filter(isAlive), []);
  t.notOk(existsSync(plane.folder));
});

t.test('killing whoever started it leaves no process and no folder', async (t) => {
  const victim = spawn(process.execPath, [join(import.meta.dirname, 'crash-victim.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => victim.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: victim.stdout }), 'line')) as [string];
  const { folder, pids } = JSON.parse(line) as { folder: string; pids: number[] };
  t.equal(pids.filter(isAlive).length, 3);
  victim.kill('SIGKILL');
  t.ok(await within(5_000, () => !pids.some(isAlive)), 'no process');
  t.ok(await within(5_000, () => !existsSync(folder)), 'no folder, which holds the key of an administrator');
});
