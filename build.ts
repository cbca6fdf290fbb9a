// Bundles the program into one file, dist/pullpass.mjs, which runs without node_modules. It decides how much memory every
// replica holds before it has seen a single namespace, so what is never used is left out: of the Kubernetes client only
// the part that reads a kubeconfig is taken, without the classes of every kind of the API.
import { chmodSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { writeBillOfMaterials } from './sbom.ts';

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

const UNDICI = dirname(fileURLToPath(import.meta.resolve('undici')));

/** Of undici only what makes connections, without fetch, WebSocket, caches and mocks. */
const connectionsOnly: Plugin = {
  name: 'connections-only',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'connections' }));
    onLoad({ filter: /.*/, namespace: 'connections' }, () => ({
      contents: `
        exports.Agent = require('./lib/dispatcher/agent.js');
        exports.ProxyAgent = require('./lib/dispatcher/proxy-agent.js');
        exports.EnvHttpProxyAgent = require('./lib/dispatcher/env-http-proxy-agent.js');
        // What connections do for others, proxies among them.
        Object.assign(require('./lib/dispatcher/dispatcher.js').prototype, require('./lib/api/index.js'));`,
      resolveDir: UNDICI,
    }));
  },
};

/** What few clusters need is loaded where it is needed: an import for each, and what stands in its place. */
const RARE: readonly (readonly [file: RegExp, eager: string, late: string])[] = [
  [
    /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client\.js$/,
    "const connectH2 = require('./client-h2.js')",
    "const connectH2 = (...args) => require('./client-h2.js')(...args)",
  ],
  [
    /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]proxy-agent\.js$/,
    "const Socks5ProxyAgent = require('./socks5-proxy-agent')",
    "const Socks5ProxyAgent = function (...args) { return new (require('./socks5-proxy-agent'))(...args) }",
  ],
  [
    /[\\/]client-node[\\/]dist[\\/]config\.js$/,
    "import { SocksProxyAgent } from 'socks-proxy-agent';",
    "const SocksProxyAgent = function (...args) { return new (require('socks-proxy-agent').SocksProxyAgent)(...args) };",
  ],
  [
    /[\\/]client-node[\\/]dist[\\/]config\.js$/,
    "import { SocksClient } from 'socks';",
    "const SocksClient = { createConnection: (...args) => require('socks').SocksClient.createConnection(...args) };",
  ],
];

const rareLater: Plugin = {
  name: 'rare-later',
  setup({ onLoad }) {
    for (const file of new Set(RARE.map(([path]) => String(path)))) {
      const edits = RARE.filter(([path]) => String(path) === file);
      onLoad({ filter: edits[0]?.[0] ?? /$^/ }, async ({ path }) => {
        let contents = await readFile(path, 'utf8');
        for (const [, eager, late] of edits) {
          if (!contents.includes(eager)) throw new Error(`${path} has no longer the line: ${eager}`);
          contents = contents.replace(eager, late);
        }
        return { contents };
      });
    }
  },
};

/**
 * Node's own modules are required, not imported: an import asks a module for every property once, and node:http answers for
 * WebSocket by loading a whole HTTP library of its own.
 */
const requireBuiltins: Plugin = {
  name: 'require-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: new RegExp(`^(node:)?(${builtinModules.join('|')})$`) }, ({ path, kind }) =>
      kind === 'require-call' ? { path, external: true } : { path, namespace: 'builtin' },
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
  },
};

const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  bundle: true,
  metafile: true,
  // What `debug` would like to have, and only development installs.
  external: ['supports-color'],
  platform: 'node',
  target: 'node22',
  format: 'esm',
  outfile: 'dist/pullpass.mjs',
  banner: { js: banner },
  plugins: [requireBuiltins, kubeconfigOnly, connectionsOnly, rareLater, englishOnly],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
});
chmodSync('dist/pullpass.mjs', 0o755);
writeBillOfMaterials(metafile, 'dist/pullpass.cdx.json');
