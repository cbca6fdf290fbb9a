// Builds a Dockerfile without a container engine. buildah comes from PATH, else from Debian's packages, which are unpacked
// into a cache folder of the user and never installed: they are laid over /usr in a mount namespace of each call alone.
// That, and buildah's chroot isolation, need root.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from '../control-plane/binaries.ts';
import { withLock } from '../control-plane/lock.ts';

export interface Buildah {
  /** Builds an image; `args` are those of `buildah bud`. */
  build(...args: readonly string[]): Promise<void>;
  inspect(image: string): Promise<Inspected>;
  /** Writes a manifest, and the files that it names by their digests; layers as plain tar. */
  export(image: string, folder: string): Promise<void>;
}

export interface Inspected {
  /** Of the manifest. */
  readonly digest: string;
  /** The digests of its layers, uncompressed; the base's first. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
}

export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck?: object;
}

/** @param folder where images and all that buildah needs are kept; `signal` ends what still runs */
export async function openBuildah(folder: string, signal: AbortSignal): Promise<Buildah> {
  if (process.getuid?.() !== 0) throw new Error('buildah needs root here, for mount namespaces and chroot');
  const packages = onPath('buildah') ? undefined : await unpackedPackages();
  const [policy, registries] = [join(folder, 'policy.json'), join(folder, 'registries.conf')];
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  writeFileSync(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  writeFileSync(registries, 'unqualified-search-registries = []\n');
  const places = ['--storage-driver', 'vfs', '--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const env = { ...process.env, TMPDIR: join(folder, 'tmp') };
  const buildah = (...args: readonly string[]): Promise<string> => {
    const whole = ['buildah', ...places, ...args];
    if (packages === undefined) return run(whole, { env, signal });
    const script = 'mount -t overlay overlay -o "lowerdir=$0:/usr" /usr && exec "$@"';
    const apart = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, packages];
    return run([...apart, ...whole], { env, signal });
  };
  const trust = ['--signature-policy', policy];
  return {
    async build(...args) {
      const here = ['--isolation', 'chroot', '--pull-never', '--registries-conf', registries];
      await buildah('bud', '--quiet', ...trust, ...here, ...args);
    },
    async inspect(image) {
      const said = JSON.parse(await buildah('inspect', '--type', 'image', image));
      return { digest: said.FromImageDigest, layers: said.OCIv1.rootfs.diff_ids, config: said.Docker.config };
    },
    async export(image, to) {
      await buildah('push', '--quiet', '--disable-compression', ...trust, image, `dir:${to}`);
    },
  };
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** The `usr` of buildah's package and of what this machine lacks for it; once per machine and release of Debian. */
async function unpackedPackages(): Promise<string> {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  const target = join(cacheFolder(), '..', 'buildah', release);
  const usr = join(target, 'usr');
  if (existsSync(usr)) return usr;
  mkdirSync(dirname(target), { recursive: true });
  const onWait = (owner: number) => process.stderr.write(`waiting for process ${owner}, which makes ${target}\n`);
  await withLock(`${target}.lock`, onWait, async () => {
    if (existsSync(usr)) return;
    const work = mkdtempSync(`${target}-`);
    try {
      await unpack(work);
      rmSync(target, { recursive: true, force: true });
      renameSync(join(work, 'root'), target);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return usr;
}

/** With package lists of its own, as a new machine has none, and old lists name versions that are gone. */
async function unpack(work: string): Promise<void> {
  if (!onPath('apt-get')) throw new Error('there is no buildah, and no apt-get to fetch it: install buildah');
  process.stderr.write('fetching buildah from the packages of Debian, once per machine\n');
  const [lists, cache, root] = ['lists', 'cache', 'root'].map((name) => join(work, name)) as [string, string, string];
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives/partial'), { recursive: true });
  mkdirSync(join(root, 'usr/lib'), { recursive: true });
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    'APT::Sandbox::User=root',
    'Debug::NoLocking=1',
  ];
  const apt = ['apt-get', '--quiet', '--yes', ...options.flatMap((option) => ['-o', option])];
  await run([...apt, 'update']);
  await run([...apt, '--no-install-recommends', '--download-only', 'install', 'buildah']);
  for (const archive of globSync(join(cache, 'archives/*.deb'))) await run(['dpkg-deb', '--extract', archive, root]);
  // Some packages of older releases still name the folders that /usr took in.
  if (existsSync(join(root, 'lib'))) await run(['cp', '-a', join(root, 'lib/.'), join(root, 'usr/lib')]);
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves with its standard output; what it said is in the error of a program that fails. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await ending(command, options);
  if (code === 0) return stdout;
  throw new Error(`${command.join(' ')} ended with code ${code}:\n${`${stdout}${stderr}`.slice(-4_000)}`);
}

export function ending([program = '', ...args]: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { env = process.env, signal } = options;
  const child: ChildProcess = spawn(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
