// Programs built from Go modules. The module is the committed one (`tools/`) for the version that it pins, and one derived
// from kubernetes' own go.mod, in the cache, for any other. etcd always comes from the committed one: it serves every minor.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TOOLS = join(import.meta.dirname, 'tools');
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const;

export type Program = keyof typeof PACKAGES;
export const PROGRAMS = Object.keys(PACKAGES) as readonly Program[];

type Environment = Readonly<Record<string, string | undefined>>;

export async function hasGo(env: Environment): Promise<boolean> {
  return promisify(execFile)('go', ['version'], { env: { ...env } }).then(
    () => true,
    () => false,
  );
}

/** The version that the committed module pins, with its `v`; undefined if it requires no such module. */
export function pinned(module: string): string | undefined {
  const line = readFileSync(join(TOOLS, 'go.mod'), 'utf8')
    .split('\n')
    .map((text) => text.trim().split(' '))
    .find(([name]) => name === module);
  return line?.[1];
}

/** @param derived where the module of another version is kept */
export async function buildProgram(
  program: Program,
  version: string,
  target: string,
  derived: string,
  env: Environment,
) {
  const minor = version.split('.')[1] ?? '';
  const prefix = 'k8s.io/component-base/version';
  const stamps = `-X ${prefix}.gitVersion=${version} -X ${prefix}.gitMajor=1 -X ${prefix}.gitMinor=${minor}`;
  const own = program === 'etcd' || version === pinned('k8s.io/kubernetes');
  const cwd = own ? TOOLS : await deriveModule(version, derived, env);
  const args = [own ? '-mod=readonly' : '-mod=mod', '-ldflags', `-s -w ${stamps}`, '-o', target, PACKAGES[program]];
  await goBuild(`${program} ${version}`, args, cwd, env);
}

/** One of our own programs: a folder of a module. */
export async function buildTool(name: string, module: string, target: string, env: Environment): Promise<void> {
  await goBuild(name, ['-ldflags', '-s -w', '-o', target, `./${name}`], module, env);
}

/** Exported for its test: it asks the module cache only, and the proxy for what is not there. */
export async function deriveModule(version: string, folder: string, env: Environment): Promise<string> {
  if (existsSync(join(folder, 'go.mod'))) return folder;
  mkdirSync(folder, { recursive: true });
  const asked = ['mod', 'download', '-json', `k8s.io/kubernetes@${version}`];
  const { stdout } = await promisify(execFile)('go', asked, { cwd: TOOLS, env: { ...env, GOWORK: 'off' } });
  const upstream = readFileSync((JSON.parse(stdout) as { GoMod: string }).GoMod, 'utf8');
  const staging = new Set([...upstream.matchAll(/^\s*(k8s\.io\/[a-z-]+) => \.\/staging/gm)].map(([, name]) => name));
  const replaces = [...staging].map((name) => `\t${name} => ${name} ${version.replace('v1.', 'v0.')}`);
  const go = /^go .*$/m.exec(upstream)?.[0] ?? 'go 1.26.0';
  const lines = ['module pullpass.dev/control-plane', go, `require k8s.io/kubernetes ${version}`, 'replace ('];
  const part = join(folder, `go.mod.${process.pid}`);
  writeFileSync(part, `${[...lines, ...replaces, ')'].join('\n')}\n`);
  renameSync(part, join(folder, 'go.mod'));
  return folder;
}

async function goBuild(what: string, args: readonly string[], cwd: string, env: Environment): Promise<void> {
  const started = Date.now();
  const minutes = (): string => `${Math.round((Date.now() - started) / 6_000) / 10} min`;
  process.stderr.write(`building ${what} from Go modules, once per machine\n`);
  const tell = (): boolean =>
    process.stderr.write(`building ${what} from Go modules, ${minutes()} so far, once per machine\n`);
  const progress = setInterval(tell, 30_000);
  const child = spawn('go', ['build', '-trimpath', '-buildvcs=false', ...args], {
    cwd,
    env: { ...env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk.toString()}`.slice(-4_000);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve).on('error', () => resolve(-1)));
  clearInterval(progress);
  if (code !== 0) throw new Error(`go build of ${what} failed with code ${code}:\n${errors}`);
  process.stderr.write(`built ${what} in ${minutes()}\n`);
}
