// Helm as a test calls it: without the developer's settings, plugins and cluster. It is found, or built once per machine, by
// test/control-plane/binaries.ts.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locateHelm } from '../control-plane/binaries.ts';

export const CHART = join(import.meta.dirname, '..', '..', 'charts', 'pullpass');

export interface HelmAnswer {
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws Error with what helm said, when it failed */
export async function helm(args: readonly string[], kubeconfig = '/dev/null'): Promise<HelmAnswer> {
  const program = await locateHelm();
  const home = mkdtempSync(join(tmpdir(), 'helm-'));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  };
  try {
    const options = { env: { ...env, KUBECONFIG: kubeconfig }, maxBuffer: 64 * 1024 * 1024 };
    return await promisify(execFile)(program, [...args], options);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
