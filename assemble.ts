// Compiles src/webhook/json-walk.as.ts into src/webhook/json-walk-code.ts. Run by `npm run assemble`; a test fails when the code is not
// what the source gives. It is kept in the repository, so that neither a build nor a run needs the compiler.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const FOLDER = join(import.meta.dirname, 'src', 'webhook');
/** Without a runtime: nothing in it makes objects. The memory is whoever's calls it. */
const OPTIONS = ['--optimizeLevel', '3', '--runtime', 'stub', '--enable', 'simd', '--importMemory', '--noExportMemory'];

/** @returns the text of the module with the code */
export async function assemble(): Promise<string> {
  let code: Uint8Array | string = '';
  const { error, stderr } = await asc.main(['json-walk.as.ts', '--baseDir', FOLDER, '--outFile', 'walk', ...OPTIONS], {
    writeFile: (_name, contents) => {
      code = contents;
    },
  });
  if (error !== null) throw new Error(`${stderr}`, { cause: error });
  const lines =
    Buffer.from(code)
      .toString('base64')
      .match(/.{1,100}/g) ?? [];
  return [
    '// Made by `npm run assemble` of json-walk.as.ts: WebAssembly, as base64. Not to be written by hand.',
    `export const WALK_CODE = [\n${lines.map((line) => `  '${line}',`).join('\n')}\n].join('');\n`,
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(FOLDER, 'json-walk-code.ts'), await assemble());
}
