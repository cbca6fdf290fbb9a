// promtool as the tests of the alerts call it: built from the Go module beside this file, once per machine and version, and kept
// where the programs of the control plane are. The surprising rule: without service discovery (`remove_all_sd`), which is most
// of Prometheus and which no rule needs.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../control-plane/binaries.ts';
import { withLock } from '../control-plane/lock.ts';

const MODULE = join(import.meta.dirname, 'promtool');
const PACKAGE = 'github.com/prometheus/prometheus/cmd/promtool';

type Environment = Readonly<Record<string, string | undefined>>;

export interface PromtoolAnswer {
  readonly code: number;
  /** All that it printed. */
  readonly output: string;
}

export async function promtool(args: readonly string[]): Promise<PromtoolAnswer> {
  try {
    const { stdout, stderr } = await promisify(execFile)(await locatePromtool(), [...args]);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: `${stdout}${stderr}` };
  }
}

/** @returns where it is, after building it if it is not there yet */
export async function locatePromtool(env: Environment = process.env): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULE, file)));
  const target = join(cacheFolder(env), 'tools', `promtool-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const onWait = (owner: number) => process.stderr.write(`waiting for process ${owner}, which makes ${target}\n`);
  await withLock(`${target}.lock`, onWait, async () => {
    if (existsSync(target)) return;
    const part = `${target}.${process.pid}.part`;
    await build(part, env);
    renameSync(part, target);
  });
  return target;
}

async function build(target: string, env: Environment): Promise<void> {
  process.stderr.write('building promtool from Go modules, once per machine\n');
  const started = Date.now();
  const args = ['build', '-trimpath', '-buildvcs=false', '-tags', 'remove_all_sd', '-ldflags', '-s -w', '-o', target];
  const options = { cwd: MODULE, env: { ...env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' } };
  await promisify(execFile)('go', [...args, PACKAGE], options).catch((error: unknown) => {
    throw new Error('promtool could not be built: install Go as go.mod beside this file says', { cause: error });
  });
  process.stderr.write(`built promtool in ${Math.round((Date.now() - started) / 1_000)} s\n`);
}
