// Where the programs of the control plane come from, in this order: $KUBEBUILDER_ASSETS, $PATH, a cache folder of the user,
// Go modules when `go` is there, the official release binaries, else an error that says what to do. A missing one is never
// skipped. The first build takes minutes and happens once per machine and version; parallel starts wait for each other.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { downloadEtcd, downloadKubernetes } from './download.ts';
import { buildProgram, buildTool, hasGo, PROGRAMS, type Program, pinned } from './go-modules.ts';
import { withLock } from './lock.ts';

export const DEFAULT_VERSION = 'v1.37.2';
const TOOLS = join(import.meta.dirname, 'tools');
const HELM_MAJOR = 4;
const SERVERS = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const satisfies readonly Program[];

export type { Program };
export type Binaries = Readonly<Record<Program, string>>;
type Environment = Readonly<Record<string, string | undefined>>;

export function kubernetesVersion(env: Environment = process.env): string {
  const wanted = env.KUBERNETES_VERSION ?? DEFAULT_VERSION;
  const version = wanted.startsWith('v') ? wanted : `v${wanted}`;
  if (/^v1\.\d+\.\d+$/.test(version)) return version;
  throw new Error(`KUBERNETES_VERSION "${wanted}" is not a whole version, write it like ${DEFAULT_VERSION}`);
}

export function cacheFolder(env: Environment = process.env): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'pullpass', 'control-plane');
}

export async function locateBinaries(version?: string, env: Environment = process.env): Promise<Binaries> {
  const wanted = version ?? kubernetesVersion(env);
  const found: Partial<Record<Program, string>> = { ...(await inAssets(wanted, env)) };
  for (const [program, path] of Object.entries(await onPath(wanted, env))) found[program as Program] ??= path;
  const folder = join(cacheFolder(env), wanted);
  for (const program of PROGRAMS) {
    found[program] ??= await cached(join(folder, program), (target) => obtain(program, wanted, target, env));
  }
  return found as Binaries;
}

const PEERS = join(import.meta.dirname, '..', '..', 'bench', 'peers', 'go');

/** The module of each of our own Go programs; some have one of their own, as nothing else needs what they need. */
const MODULES = {
  oracle: TOOLS,
  render: TOOLS,
  registry: join(import.meta.dirname, '..', 'registry', 'tools'),
  kubelet: join(import.meta.dirname, '..', 'kubelet', 'tools'),
  helm: join(import.meta.dirname, '..', 'chart', 'tools'),
  'controller-runtime': PEERS,
  plain: PEERS,
  jsonv2: PEERS,
} as const;

export type Tool = keyof typeof MODULES;

/** What the Go toolchain still calls an experiment, and a program is about. */
const EXPERIMENTS: Readonly<Partial<Record<Tool, string>>> = { jsonv2: 'jsonv2' };

/** What programs of a module share, as folders beside their own. */
const SHARED: Readonly<Record<string, readonly string[]>> = { [PEERS]: ['decision', 'serving'] };

/** Builds one of our own Go programs, `tools/<name>`; the cache knows it by the hash of its sources. */
export async function locateTool(name: Tool, env: Environment = process.env): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', join(name, 'main.go'), ...sharedBy(name)])
    hash.update(readFileSync(join(MODULES[name], file)));
  const target = join(cacheFolder(env), 'tools', `${name}-${hash.digest('hex').slice(0, 16)}`);
  return cached(target, async (to) => {
    if (!(await hasGo(env)))
      throw new Error(`${name} is a Go program of the tests: install Go, ${goVersion()} or later`);
    await buildTool(name, MODULES[name], to, { ...env, GOEXPERIMENT: EXPERIMENTS[name] ?? '' });
  });
}

function sharedBy(name: Tool): readonly string[] {
  const folders = SHARED[MODULES[name]] ?? [];
  return folders.flatMap((folder) =>
    readdirSync(join(MODULES[name], folder))
      .map((file) => join(folder, file))
      .sort(),
  );
}

/** That of $PATH if it is of the major version that the tests are written for, else one that is built. */
export async function locateHelm(env: Environment = process.env): Promise<string> {
  const path = (env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'helm'));
  const found = path.find(isProgram);
  if (found === undefined) return locateTool('helm', env);
  const asked = promisify(execFile)(found, ['version', '--short'], { timeout: 10_000 });
  const { stdout } = await asked.catch(() => ({ stdout: '' }));
  return stdout.startsWith(`v${HELM_MAJOR}.`) ? found : locateTool('helm', env);
}

/** Taken as they are, unless another version was asked for in so many words. */
async function inAssets(wanted: string, env: Environment): Promise<Partial<Binaries>> {
  const folder = env.KUBEBUILDER_ASSETS;
  if (!folder) return {};
  const found = lookIn([folder]);
  if (env.KUBERNETES_VERSION !== undefined && found['kube-apiserver'] !== undefined) {
    const version = await versionOf(found['kube-apiserver']);
    if (version !== wanted) {
      throw new Error(`KUBEBUILDER_ASSETS has ${version}, KUBERNETES_VERSION asks for ${wanted}: unset one of them`);
    }
  }
  return found;
}

/** The servers only together and in the version that was asked for; kubectl when it is within one minor of it. */
async function onPath(wanted: string, env: Environment): Promise<Partial<Binaries>> {
  const { kubectl, ...servers } = lookIn((env.PATH ?? '').split(delimiter));
  const complete = SERVERS.every((name) => servers[name] !== undefined);
  const same = complete && (await versionOf(servers['kube-apiserver'])) === wanted;
  const distance = Math.abs(minorOf(await versionOf(kubectl)) - minorOf(wanted));
  return { ...(same ? servers : {}), ...(kubectl !== undefined && distance <= 1 ? { kubectl } : {}) };
}

function lookIn(folders: readonly string[]): Partial<Record<Program, string>> {
  const found: Partial<Record<Program, string>> = {};
  for (const program of PROGRAMS) {
    const path = folders.map((folder) => join(folder, program)).find(isProgram);
    if (path !== undefined) found[program] = path;
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As it says itself; undefined if it says nothing that looks like one. */
async function versionOf(program: string | undefined): Promise<string | undefined> {
  if (program === undefined) return undefined;
  const args = program.endsWith('kubectl') ? ['version', '--client'] : ['--version'];
  const said = await promisify(execFile)(program, args, { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return /v1\.\d+\.\d+/.exec(said.stdout)?.[0];
}

function minorOf(version: string | undefined): number {
  return Number(version?.split('.')[1] ?? Number.NaN);
}

async function cached(target: string, make: (target: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const onWait = (owner: number) => process.stderr.write(`waiting for process ${owner}, which makes ${target}\n`);
  await withLock(`${target}.lock`, onWait, async () => {
    if (existsSync(target)) return;
    const part = `${target}.${process.pid}.part`;
    await make(part);
    chmodSync(part, 0o755);
    renameSync(part, target);
  });
  return target;
}

async function obtain(program: Program, version: string, target: string, env: Environment): Promise<void> {
  const problems: string[] = [];
  const derived = join(cacheFolder(env), version, 'module');
  const ways = [
    async () => {
      if (!(await hasGo(env))) throw new Error('there is no go to build it');
      await buildProgram(program, version, target, derived, env);
    },
    async () => download(program, version, target, env),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    `no ${program} ${version} for the control plane: ${problems.join('; ')}. ` +
      `Install Go ${goVersion()} or later, or set KUBEBUILDER_ASSETS to a folder with ${PROGRAMS.join(', ')}, ` +
      'or PULLPASS_DOWNLOAD_BASE to a mirror of dl.k8s.io/release',
  );
}

async function download(program: Program, version: string, target: string, env: Environment): Promise<void> {
  if (process.platform !== 'linux')
    throw new Error(`servers are published for linux only, this is ${process.platform}`);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const release = { base: env.PULLPASS_DOWNLOAD_BASE, architecture } as const;
  if (program !== 'etcd') return downloadKubernetes(program, version, target, release);
  return downloadEtcd(pinned('go.etcd.io/etcd/server/v3') ?? '', target, release);
}

function goVersion(): string {
  return /^go (\d+\.\d+)/m.exec(readFileSync(join(TOOLS, 'go.mod'), 'utf8'))?.[1] ?? '';
}
