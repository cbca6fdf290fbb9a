// The bill of materials of the bundle, in CycloneDX: the packages whose code is in it, as esbuild says, and not all that npm
// installs for it. It carries their licence texts, which the bundle leaves out. The same sources give the same bytes, so
// it has no time, and its serial number is derived from the rest.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { version as esbuildVersion, type Metafile } from 'esbuild';

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
}

/** `packages` of package-lock.json: folder to package; the folder of the project itself is ''. */
type Lock = Readonly<Record<string, LockedPackage>>;

export interface Materials {
  readonly metafile: Metafile;
  readonly lock: Lock;
  /** What the files of the bundle hold. */
  readonly outputs: Readonly<Record<string, Uint8Array>>;
  /** The licence texts of the package in a folder, '' if it has none. */
  licenceText(folder: string): string;
}

const PROJECT = '';

/** Throws if a package has no version, licence or hash in the lock: such a bill would be of no use. */
export function billOfMaterials({ metafile, lock, outputs, licenceText }: Materials): object {
  const edges = dependencies(metafile);
  const folders = [...edges.keys()].filter((folder) => folder !== PROJECT);
  const ref = (folder: string): string => purl(folder, locked(lock, folder).version);
  const components = new Map(
    folders.map((folder) => [ref(folder), component(folder, locked(lock, folder), licenceText(folder))]),
  );
  const graph = new Map<string, Set<string>>();
  for (const [folder, uses] of edges) {
    const merged = graph.get(ref(folder)) ?? new Set();
    for (const used of uses) merged.add(ref(used));
    graph.set(ref(folder), merged);
  }
  const content = {
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      tools: { components: [{ type: 'application', name: 'esbuild', version: esbuildVersion }] },
      component: {
        type: 'application',
        'bom-ref': ref(PROJECT),
        name: 'pullpass',
        version: locked(lock, PROJECT).version,
        licenses: [{ license: { id: locked(lock, PROJECT).license } }],
        components: sorted(Object.entries(outputs)).map(([path, bytes]) => ({
          type: 'file',
          name: basename(path),
          hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(bytes).digest('hex') }],
        })),
      },
    },
    components: sorted(components).map(([, one]) => one),
    dependencies: sorted(graph).map(([of, on]) => ({ ref: of, dependsOn: [...on].sort() })),
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(JSON.stringify(content)),
    ...content,
  };
}

/** Call it last: it hashes the files of the bundle as they are. */
export function writeBillOfMaterials(metafile: Metafile, target: string): void {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages as Lock;
  const outputs = Object.fromEntries(Object.keys(metafile.outputs).map((path) => [path, readFileSync(path)]));
  const bill = billOfMaterials({ metafile, lock, outputs, licenceText });
  writeFileSync(target, `${JSON.stringify(bill, null, 1)}\n`);
}

/** Which package of the bundle uses which, by folder. */
function dependencies({ inputs, outputs }: Metafile): Map<string, Set<string>> {
  const contributions = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const bundled = new Set(contributions.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path));
  const edges = new Map<string, Set<string>>([[PROJECT, new Set()]]);
  for (const path of bundled) {
    const uses = edges.get(folderOf(path)) ?? new Set();
    edges.set(folderOf(path), uses);
    for (const used of imports(path)) if (folderOf(used) !== folderOf(path)) uses.add(folderOf(used));
  }
  return edges;

  /** The files of packages that a file imports, also by way of a module that a plugin made up. */
  function imports(path: string): readonly string[] {
    const direct = (inputs[path]?.imports ?? []).map((used) => used.path).filter((used) => bundled.has(used));
    return direct.flatMap((used) => (folderOf(used) !== PROJECT ? [used] : isMadeUp(used) ? imports(used) : []));
  }
}

/** Such a module has a namespace before its name. */
function isMadeUp(path: string): boolean {
  return /^[a-z-]+:/.test(path);
}

/** The innermost package; our own sources, and what plugins made up, are the project's. */
function folderOf(path: string): string {
  return /^node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? PROJECT;
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function locked(lock: Lock, folder: string): LockedPackage {
  const found = lock[folder];
  if (found !== undefined) return found;
  throw new Error(`${folder} is in the bundle and not in package-lock.json: run npm ci`);
}

function purl(folder: string, version: string): string {
  return folder === PROJECT ? `pullpass@${version}` : `pkg:npm/${nameOf(folder).replace('@', '%40')}@${version}`;
}

function component(folder: string, { version, integrity, license }: LockedPackage, text: string): object {
  const [algorithm, hash] = (integrity ?? '').split('-');
  if (algorithm !== 'sha512' || hash === undefined) throw new Error(`${folder} has no SHA-512 in package-lock.json`);
  if (license === undefined) throw new Error(`${folder} has no licence in package-lock.json`);
  const [group, name] = nameOf(folder).startsWith('@') ? nameOf(folder).split('/') : [undefined, nameOf(folder)];
  const id = purl(folder, version);
  const written = text === '' ? {} : { text: { contentType: 'text/plain', content: text } };
  return {
    type: 'library',
    'bom-ref': id,
    ...(group === undefined ? {} : { group }),
    name,
    version,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }],
    licenses: [/^[\w.+-]+$/.test(license) ? { license: { id: license, ...written } } : { expression: license }],
    purl: id,
  };
}

function licenceText(folder: string): string {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  return files
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim())
    .join('\n\n');
}

/** A UUID of version 8, whose bits are anybody's: here of the SHA-256 of the content. */
function serialNumber(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}

function sorted<T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}
