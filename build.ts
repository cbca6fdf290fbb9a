// Bundles the program into one file, dist/pullpass.mjs, which runs without node_modules.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

// Some dependencies are CommonJS and ask for `require`, which a module does not have.
const banner = [
  '#!/usr/bin/env node',
  "import { createRequire as pullpassRequire } from 'node:module';",
  'const require = pullpassRequire(import.meta.url);',
].join('\n');

await build({
  entryPoints: ['src/main.ts'],
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  outfile: 'dist/pullpass.mjs',
  banner: { js: banner },
  legalComments: 'none',
  logLevel: 'warning',
});
chmodSync('dist/pullpass.mjs', 0o755);
