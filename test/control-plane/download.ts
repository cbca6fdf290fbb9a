// The official release binaries, when there is no Go to build them. Nothing is taken whose published SHA-256 is not right;
// $PULLPASS_DOWNLOAD_BASE names a mirror with the layout of dl.k8s.io/release, and with etcd/<version>/ beside it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const KUBERNETES = 'https://dl.k8s.io/release';
const ETCD = 'https://github.com/etcd-io/etcd/releases/download';

export interface Release {
  /** A mirror, or undefined for the official addresses. */
  readonly base: string | undefined;
  readonly architecture: 'amd64' | 'arm64';
}

export async function downloadKubernetes(program: string, version: string, target: string, release: Release) {
  const base = release.base ?? KUBERNETES;
  const url = `${base}/${version}/bin/linux/${release.architecture}/${program}`;
  const content = await fetchBytes(url);
  verify(url, content, (await fetchBytes(`${url}.sha256`)).toString('utf8').trim());
  writeFileSync(target, content);
}

/** A tarball with a folder of its own name. */
export async function downloadEtcd(version: string, target: string, release: Release): Promise<void> {
  const base = release.base === undefined ? ETCD : `${release.base}/etcd`;
  const name = `etcd-${version}-linux-${release.architecture}`;
  const url = `${base}/${version}/${name}.tar.gz`;
  const content = await fetchBytes(url);
  const sums = (await fetchBytes(`${base}/${version}/SHA256SUMS`)).toString('utf8').split('\n');
  verify(url, content, sums.find((line) => line.endsWith(` ${name}.tar.gz`)) ?? '');
  const folder = mkdtempSync(join(dirname(target), 'etcd-'));
  try {
    writeFileSync(join(folder, 'etcd.tar.gz'), content);
    await promisify(execFile)('tar', ['-xzf', 'etcd.tar.gz', `${name}/etcd`], { cwd: folder });
    copyFileSync(join(folder, name, 'etcd'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function verify(url: string, content: Buffer, published: string): void {
  const digest = createHash('sha256').update(content).digest('hex');
  if (published.split(' ')[0] !== digest) throw new Error(`${url} is not what was published: its SHA-256 differs`);
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok !== true) throw new Error(`${url} cannot be downloaded: ${response?.status ?? 'no answer'}`);
  return Buffer.from(await response.arrayBuffer());
}
