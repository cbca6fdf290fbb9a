// Holds the structure: who may import whom, and that files and names stay as small and plain as they are meant to be. It
// reads the import lines of `src/`; docs and review cannot forget it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';

const SRC = join(import.meta.dirname, '..', 'src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const COMMANDS = ['webhook', 'sync', 'inject', 'explain', 'check', 'status', 'rotate-ca', 'uninstall'];

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly target: string;
}

const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(SRC, file), 'utf8');
  const folder = file.includes('/') ? (file.split('/')[0] ?? '') : '';
  return [...text.matchAll(/(?:from |import |import\()'([^']+)'/g)].map(([, specifier = '']) => {
    const inside = specifier.startsWith('.');
    const target = inside ? relative(SRC, join(SRC, file, '..', specifier)) : specifier;
    return { file, folder, target };
  });
});

const breaking = (rule: (entry: Import) => boolean): string[] =>
  imports.filter(rule).map(({ file, target }) => `${file} imports ${target}`);

t.test('there is something to hold', async (t) => {
  t.ok(imports.length > 100, `${imports.length} imports are read`);
});

t.test('core imports only core', async (t) => {
  t.same(
    breaking(({ folder, target }) => folder === 'core' && !target.startsWith('core/')),
    [],
  );
});

t.test('commands never import each other', async (t) => {
  const crosses = ({ folder, target }: Import): boolean =>
    COMMANDS.includes(folder) && COMMANDS.some((other) => other !== folder && target.startsWith(`${other}/`));
  t.same(breaking(crosses), []);
});

t.test('only serve/ and commands/, which put the parts together, import a command or the cluster', async (t) => {
  const reaches = ({ folder, target }: Import): boolean =>
    folder !== 'serve' &&
    folder !== 'commands' &&
    ['cluster', ...COMMANDS].some((part) => part !== folder && target.startsWith(`${part}/`));
  t.same(breaking(reaches), []);
});

t.test('libraries stay behind their doors', async (t) => {
  const doors: readonly (readonly [library: RegExp, allowed: RegExp])[] = [
    [/^@kubernetes\/client-node/, /^cluster\//],
    [/^undici/, /^(cluster|registry)\//],
    [/^fastify$/, /^webhook\/(server|health)\.ts$/],
    [/^@peculiar\//, /^nowhere$/],
    [/^pino$/, /^telemetry\/(logger|log-destination)\.ts$/],
    [/^prom-client$/, /^telemetry\/(metrics|tally)\.ts$/],
    [/^yaml$/, /^(config|inject)\//],
    [/^zod$/, /^config\//],
    [/^tldts$/, /^serve\/health\.ts$/],
    [/^fast-json-patch$/, /^nowhere$/],
  ];
  for (const [library, allowed] of doors) {
    t.same(
      breaking(({ file, target }) => library.test(target) && !allowed.test(file)),
      [],
      String(library),
    );
  }
});

t.test('only main.ts knows the process, and only program.ts starts and ends others', async (t) => {
  const knows = files.filter((file) => {
    const text = readFileSync(join(SRC, file), 'utf8');
    if (file === 'credentials/program.ts') return false;
    return (file !== 'main.ts' && /\bprocess\.(?!env\.NODE)/.test(text)) || /'node:(process|child_process)'/.test(text);
  });
  t.same(knows, []);
});

t.test('core reads no clock, no chance and no environment', async (t) => {
  const impure = /\b(Date\.now|new Date\(\)|Math\.random|performance\.|setTimeout|console\.)/;
  t.same(
    files.filter((file) => file.startsWith('core/') && impure.test(readFileSync(join(SRC, file), 'utf8'))),
    [],
  );
});

t.test('files are short, begin with what they are for, and have names that say something', async (t) => {
  for (const file of files) {
    const text = readFileSync(join(SRC, file), 'utf8');
    const lines = text.split('\n').length - 1;
    t.ok(lines <= 200, `${file} has ${lines} lines`);
    t.ok(text.startsWith('// '), `${file} begins with what it is for`);
    t.notMatch(file, /(^|\/)(utils?|helpers?|common|misc|types|constants|errors)(\.ts|\/)/);
  }
});
