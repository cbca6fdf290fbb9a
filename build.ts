// Bundles the program into one file, dist/pullpass.mjs, which runs without node_modules. It decides how much memory every
// replica holds before it has seen a single namespace, so what is never used is left out: of the Kubernetes client only
// the part that reads a kubeconfig is taken, without the classes of every kind of the API.
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

// Some dependencies are CommonJS and ask for `require`, which a module does not have.
const banner = [
  '#!/usr/bin/env node',
  "import { createRequire as pullpassRequire } from 'node:module';",
  'const require = pullpassRequire(import.meta.url);',
].join('\n');

const CLIENT = dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node')));
const HTTP = `export * from ${JSON.stringify(join(CLIENT, 'gen/http/http.js'))};`;

const kubeconfigOnly: Plugin = {
  name: 'kubeconfig-only',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ path }) => ({ path, namespace: 'kubeconfig' }));
    onLoad({ filter: /.*/, namespace: 'kubeconfig' }, () => ({
      contents: `export * from ${JSON.stringify(join(CLIENT, 'config.js'))}; ${HTTP}`,
      resolveDir: CLIENT,
    }));
    // KubeConfig refers to the generated clients only where it would make one, which Pullpass never does.
    onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ path }) => ({ path, namespace: 'generated' }));
    onLoad({ filter: /.*/, namespace: 'generated' }, () => ({
      contents: `export function createConfiguration() { throw new Error('not bundled'); }
        export class ServerConfiguration {}
        ${HTTP}`,
      resolveDir: CLIENT,
    }));
  },
};

/** The messages of zod in forty languages; ours are English. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

await build({
  entryPoints: ['src/main.ts'],
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  outfile: 'dist/pullpass.mjs',
  banner: { js: banner },
  plugins: [kubeconfigOnly, englishOnly],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
});
chmodSync('dist/pullpass.mjs', 0o755);
