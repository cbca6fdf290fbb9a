// The file system of an image, made from its exported layers, and a program run in it as a container runtime would: as the
// image's user, on a read-only root, with the image's environment and nothing of this machine.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, ending, type ImageConfig, run } from './buildah.ts';

export interface Entry {
  readonly path: string;
  readonly mode: string;
  /** User and group as numbers. */
  readonly owner: string;
  readonly size: number;
  readonly time: string;
}

/** The layers of an exported image as files of tar, the base's first. */
export function layersOf(exported: string): readonly string[] {
  const { layers } = JSON.parse(readFileSync(join(exported, 'manifest.json'), 'utf8'));
  return layers.map(({ digest }: { digest: string }) => join(exported, digest.replace('sha256:', '')));
}

export async function entriesOf(layer: string): Promise<readonly Entry[]> {
  const listing = ['tar', '--numeric-owner', '--full-time', '--utc', '--list', '--verbose', '--file', layer];
  const lines = (await run(listing)).trim().split('\n');
  return lines.map((line) => {
    const [mode = '', owner = '', size = '', day, time, ...path] = line.split(/\s+/);
    return { path: path.join(' '), mode, owner, size: Number(size), time: `${day} ${time}` };
  });
}

export async function unpack(layers: readonly string[], root: string): Promise<void> {
  mkdirSync(root, { recursive: true });
  for (const layer of layers) {
    await run(['tar', '--directory', root, '--numeric-owner', '--same-permissions', '--extract', '--file', layer]);
  }
}

/** Runs the image's program; its name is looked up on the image's PATH. */
export function runInside(
  root: string,
  { User, Env, Entrypoint }: ImageConfig,
  args: readonly string[],
): Promise<Ended> {
  const readOnly = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"';
  const script = `${readOnly} && exec env --ignore-environment "$@"`;
  const inside = ['/usr/sbin/chroot', '--groups=', `--userspec=${User}`, root, ...Entrypoint, ...args];
  const apart = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, root];
  return ending([...apart, ...Env, ...inside], { signal: AbortSignal.timeout(60_000) });
}
