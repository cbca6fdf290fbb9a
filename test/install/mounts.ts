// The files of a Pod, in a folder of this machine: `/etc/pullpass` is `FOLDER/etc/pullpass`, and texts that name the one are made to
// name the other. They follow their ConfigMaps and Secrets as a kubelet does it: a whole new folder takes the place of the old.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../chart/render.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { expectOk } from '../serve/installation.ts';

export interface Mounts {
  /** What the Pod would find at the path that is given. */
  place(path: string): string;
  /** With every mounted path replaced by the place of it. */
  rewrite(text: string): string;
  /** Brings the files up to date. */
  refresh(): Promise<void>;
  remove(): void;
}

interface Volume {
  readonly path: string;
  read(): Promise<Files>;
  shown: string;
  version: number;
}

type Files = Readonly<Record<string, string>>;

/** Where Kubernetes puts the token of the ServiceAccount, if the Pod asks for it. */
export const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @param account the files of the ServiceAccount, which the kubelet asks for on behalf of the Pod */
export async function mountFiles(
  { api, folder: home }: Pick<ControlPlane, 'api' | 'folder'>,
  pod: Manifest,
  account: () => Promise<Files>,
): Promise<Mounts> {
  // In that of the control plane, which is removed however the test ends: there are tokens in it.
  const folder = mkdtempSync(join(home, 'pod-'));
  const { containers, volumes = [] } = pod.spec;
  const read = async (kind: string, name: string): Promise<Manifest> =>
    (await expectOk(api.call('GET', `/api/v1/namespaces/${pod.metadata.namespace}/${kind}/${name}`))).body.data ?? {};
  const mounted: Volume[] = (containers[0].volumeMounts ?? []).map((mount: Manifest) => {
    const volume = volumes.find(({ name }: Manifest) => name === mount.name);
    return { path: mount.mountPath, read: reader(volume, { read, account, rewrite }), shown: '', version: 0 };
  });
  const paths = mounted.map(({ path }) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  function rewrite(text: string): string {
    return paths.length === 0 ? text : text.replace(new RegExp(`(${paths.join('|')})(?=/)`, 'g'), `${folder}$1`);
  }
  const mounts: Mounts = {
    place: (path) => join(folder, path),
    rewrite,
    async refresh() {
      for (const volume of mounted) show(volume, join(folder, volume.path), await volume.read());
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  await mounts.refresh();
  return mounts;
}

interface Sources {
  readonly read: (kind: string, name: string) => Promise<Files>;
  readonly account: () => Promise<Files>;
  readonly rewrite: (text: string) => string;
}

function reader(volume: Manifest, { read, account, rewrite }: Sources): () => Promise<Files> {
  if (volume.configMap) {
    return async () => mapped(await read('configmaps', volume.configMap.name), rewrite);
  }
  if (volume.secret) {
    const plain = (text: string): string => Buffer.from(text, 'base64').toString();
    return async () => mapped(await read('secrets', volume.secret.secretName), plain);
  }
  const isAccount = volume.projected?.sources.some((source: Manifest) => source.serviceAccountToken !== undefined);
  // Once: a token lives longer than a test.
  if (isAccount) {
    const files = account();
    return () => files;
  }
  throw new Error(`this node has no such volume: ${JSON.stringify(volume)}`);
}

function mapped(files: Files, change: (text: string) => string): Files {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, change(text)]));
}

function show(volume: Volume, folder: string, files: Files): void {
  const shown = JSON.stringify(files);
  if (shown === volume.shown) return;
  volume.shown = shown;
  volume.version += 1;
  const fresh = `..${volume.version}`;
  mkdirSync(`${folder}/${fresh}`, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${fresh}/${name}`, text);
  symlinkSync(fresh, `${folder}/..data_tmp`);
  renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
  for (const name of Object.keys(files)) {
    if (!existsSync(`${folder}/${name}`)) symlinkSync(`..data/${name}`, `${folder}/${name}`);
  }
}
