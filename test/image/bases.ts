// Stand-ins for the bases that the Dockerfile names, as no image can be pulled here. The runtime has what distroless has:
// node with its libraries, certificates and a user, no shell. The builder is the same with npm, and a shell and the few
// programs that the Dockerfile calls, all taken from this machine.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Buildah, ending, run } from './buildah.ts';

export const RUNTIME = 'localhost/stand-in/nodejs:nonroot';
export const BUILDER = 'localhost/stand-in/node:slim';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

export async function makeBases(buildah: Buildah, folder: string): Promise<void> {
  const runtime = context(folder, 'runtime', ['FROM scratch', 'COPY root /', 'USER 65532', 'WORKDIR /home/nonroot']);
  await place(realpathSync(process.execPath), runtime, '/nodejs/bin/node');
  writeTo(
    runtime,
    '/etc/passwd',
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n',
  );
  if (existsSync(CERTIFICATES)) writeTo(runtime, CERTIFICATES, readFileSync(CERTIFICATES, 'utf8'));
  await buildah.build('--tag', RUNTIME, join(folder, 'runtime'));

  const paths = `ENV PATH=/nodejs/bin:/usr/bin NODE_EXTRA_CA_CERTS=${CERTIFICATES}`;
  const builder = context(folder, 'builder', [`FROM ${RUNTIME}`, 'COPY root /', 'USER 0', paths]);
  for (const name of ['env', 'mkdir', 'cp', 'chmod', 'find', 'touch']) await place(await located(name), builder);
  await place(await located('sh'), builder, '/bin/sh');
  mkdirSync(join(builder, 'tmp'), { recursive: true });
  cpSync(await npmFolder(), join(builder, 'usr/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(builder, 'usr/bin/npm'));
  await buildah.build('--tag', BUILDER, join(folder, 'builder'));
}

/** What npm knows of its registry on this machine, as a file: it may hold a login, so it goes in as a secret. */
export async function npmSettings(folder: string): Promise<{ readonly file: string; readonly cache: string }> {
  const setting = async (name: string): Promise<string> => (await run(['npm', 'config', 'get', name])).trim();
  const [user, cache, registry] = [await setting('userconfig'), await setting('cache'), await setting('registry')];
  mkdirSync(cache, { recursive: true });
  const own = existsSync(user) ? readFileSync(user, 'utf8') : '';
  const file = join(folder, 'npmrc');
  // What is in the cache is believed by its hash, so nobody needs to be asked for it again.
  writeFileSync(file, `${own}\nregistry=${registry}\nprefer-offline=true\n`, { mode: 0o600 });
  return { file, cache };
}

/** @returns the folder that becomes the root of the image */
function context(folder: string, name: string, dockerfile: readonly string[]): string {
  const root = join(folder, name, 'root');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(folder, name, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
  return root;
}

function writeTo(root: string, path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Copies a program and the libraries that it is linked to. */
async function place(program: string, root: string, as = `/usr/bin/${program.slice(program.lastIndexOf('/') + 1)}`) {
  const { stdout } = await ending(['ldd', program]);
  const libraries = [...stdout.matchAll(/(?:=> |^\s*)(\/\S+)/gm)].map(([, path = '']) => [path, path] as const);
  for (const [from, to] of [[program, as] as const, ...libraries]) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    if (!existsSync(join(root, to))) copyFileSync(from, join(root, to));
  }
}

async function located(program: string): Promise<string> {
  return realpathSync((await run(['sh', '-c', 'command -v "$0"', program])).trim());
}

/** npm as it is published: with all it needs in its own folder. */
async function npmFolder(): Promise<string> {
  const folder = dirname(dirname(await located('npm')));
  if (existsSync(join(folder, 'node_modules'))) return folder;
  throw new Error(`${folder} is no npm that can be copied: use the npm that comes with Node`);
}
