// Where the programs of the control plane come from, in this order: $KUBEBUILDER_ASSETS, a cache folder of the user, Go
// modules when `go` is there, the official release binaries, else an error that says what to do. A missing one is never
// skipped. The first build takes minutes and happens once per machine and version; parallel starts wait for each other.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const DEFAULT_VERSION = 'v1.37.2';
const TOOLS = join(import.meta.dirname, 'tools');
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const;

export type Program = keyof typeof PROGRAMS;
export type Binaries = Readonly<Record<Program, string>>;

export function kubernetesVersion(): string {
  const wanted = process.env.KUBERNETES_VERSION ?? DEFAULT_VERSION;
  return wanted.startsWith('v') ? wanted : `v${wanted}`;
}

export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pullpass', 'control-plane');
}

export async function locateBinaries(version = kubernetesVersion()): Promise<Binaries> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const folder = join(cacheFolder(), version);
  const result: Partial<Record<Program, string>> = {};
  for (const program of Object.keys(PROGRAMS) as Program[]) {
    const given = assets === undefined ? undefined : join(assets, program);
    if (given !== undefined && existsSync(given)) result[program] = given;
    else result[program] = await cached(join(folder, program), (target) => obtain(program, version, target));
  }
  return result as Binaries;
}

/** Builds one of our own Go programs, `tools/<name>`; the cache knows it by the hash of its sources. */
export async function locateTool(name: 'oracle' | 'render'): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', join(name, 'main.go')]) hash.update(readFileSync(join(TOOLS, file)));
  const target = join(cacheFolder(), 'tools', `${name}-${hash.digest('hex').slice(0, 16)}`);
  return cached(target, (to) => goBuild(`./${name}`, to, TOOLS, '-s -w', name));
}

async function cached(target: string, make: (target: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  mkdirSync(join(target, '..'), { recursive: true });
  const release = await lock(`${target}.lock`);
  try {
    if (!existsSync(target)) {
      await make(`${target}.part`);
      chmodSync(`${target}.part`, 0o755);
      renameSync(`${target}.part`, target);
    }
  } finally {
    release();
  }
  return target;
}

/** A folder is made or is there already, in one step; a lock whose owner is gone is taken over. */
async function lock(path: string): Promise<() => void> {
  for (;;) {
    try {
      mkdirSync(path);
      writeFileSync(join(path, 'pid'), String(process.pid));
      return () => rmSync(path, { recursive: true, force: true });
    } catch {
      if (abandoned(path)) rmSync(path, { recursive: true, force: true });
      else await sleep(500);
    }
  }
}

function abandoned(path: string): boolean {
  try {
    const owner = Number(readFileSync(join(path, 'pid'), 'utf8'));
    process.kill(owner, 0);
    return false;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH') return true;
    // Made a moment ago, its owner not written yet.
    return code === 'ENOENT' && existsSync(path) && Date.now() - statSync(path).mtimeMs > 5_000;
  }
}

async function obtain(program: Program, version: string, target: string): Promise<void> {
  if (await hasGo()) {
    const minor = version.split('.')[1] ?? '';
    const prefix = 'k8s.io/component-base/version';
    const flags = `-s -w -X ${prefix}.gitVersion=${version} -X ${prefix}.gitMajor=1 -X ${prefix}.gitMinor=${minor}`;
    return goBuild(PROGRAMS[program], target, await moduleFolder(version), flags, `${program} ${version}`);
  }
  if (program !== 'etcd') return download(program, version, target);
  throw new Error(
    `no etcd for the control plane: install Go, or set KUBEBUILDER_ASSETS to a folder with ${Object.keys(PROGRAMS).join(', ')}`,
  );
}

async function hasGo(): Promise<boolean> {
  return promisify(execFile)('go', ['version']).then(
    () => true,
    () => false,
  );
}

/** The committed module for the default version; for another minor one derived from it, with that version's staging modules. */
async function moduleFolder(version: string): Promise<string> {
  if (version === DEFAULT_VERSION) return TOOLS;
  const folder = join(cacheFolder(), version, 'module');
  if (existsSync(join(folder, 'ready'))) return folder;
  mkdirSync(folder, { recursive: true });
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `k8s.io/kubernetes@${version}`], {
    cwd: TOOLS,
  });
  const upstream = readFileSync((JSON.parse(stdout) as { GoMod: string }).GoMod, 'utf8');
  const staging = [...upstream.matchAll(/^\s*(k8s\.io\/[a-z-]+) => \.\/staging/gm)].map((match) => match[1]);
  const replaces = staging.map((name) => `\t${name} => ${name} ${version.replace('v1.', 'v0.')}`).join('\n');
  const requires = `\tgo.etcd.io/etcd/server/v3 v3.7.3\n\tk8s.io/kubernetes ${version}`;
  writeFileSync(
    join(folder, 'go.mod'),
    `module pullpass.dev/control-plane\n\ngo 1.26.0\n\nrequire (\n${requires}\n)\n\nreplace (\n${replaces}\n)\n`,
  );
  const programs = Object.values(PROGRAMS).map((path) => `\t_ "${path}"`);
  writeFileSync(join(folder, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport (\n${programs.join('\n')}\n)\n`);
  await promisify(execFile)('go', ['mod', 'tidy'], { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
  copyFileSync(join(folder, 'go.sum'), join(folder, 'ready'));
  return folder;
}

async function goBuild(path: string, target: string, cwd: string, ldflags: string, what: string): Promise<void> {
  const started = Date.now();
  const minutes = (): string => `${Math.round((Date.now() - started) / 6_000) / 10} min`;
  process.stderr.write(`building ${what} from Go modules, once per machine\n`);
  const progress = setInterval(() => process.stderr.write(`building ${what}, ${minutes()} so far\n`), 30_000);
  const args = ['build', '-trimpath', '-ldflags', ldflags, '-o', target, path];
  const child = spawn('go', args, {
    cwd,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk.toString()}`.slice(-4_000);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve).on('error', () => resolve(-1)));
  clearInterval(progress);
  if (code !== 0) throw new Error(`go build ${path} failed with code ${code}:\n${errors}`);
  process.stderr.write(`built ${what} in ${minutes()}\n`);
}

async function download(program: Program, version: string, target: string): Promise<void> {
  const base = process.env.PULLPASS_DOWNLOAD_BASE ?? 'https://dl.k8s.io/release';
  const url = `${base}/${version}/bin/linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}/${program}`;
  const [content, checksum] = await Promise.all([fetchBytes(url), fetchBytes(`${url}.sha256`)]);
  const digest = createHash('sha256').update(content).digest('hex');
  if (checksum.toString('utf8').trim().split(' ')[0] !== digest)
    throw new Error(`${url}: its SHA-256 is not the published one`);
  writeFileSync(target, content);
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) {
    throw new Error(`${url} cannot be downloaded: install Go, or set KUBEBUILDER_ASSETS or PULLPASS_DOWNLOAD_BASE`);
  }
  return Buffer.from(await response.arrayBuffer());
}
