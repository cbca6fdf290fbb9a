// The bill of materials lists what is in the bundle and nothing else, in valid CycloneDX, the same for the same bundle.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { build, type Plugin } from 'esbuild';
import t from 'tap';
import { billOfMaterials, type Materials } from '../../sbom.ts';

const PROJECT = join(import.meta.dirname, '../..');
const read = (path: string) => JSON.parse(readFileSync(join(PROJECT, path), 'utf8'));

interface Component {
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly {
    readonly license: { readonly id: string; readonly text?: { readonly content: string } };
  }[];
}
interface Bill {
  readonly serialNumber: string;
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** @returns what is wrong with it */
function faultsOf(bill: object): readonly string[] {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')),
    'res/schema',
  );
  const schema = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8'));
  const ajv = new Ajv.default({
    strict: false,
    allErrors: true,
    formats: { 'iri-reference': true, 'idn-email': true },
  });
  addFormats.default(ajv);
  for (const name of ['spdx', 'jsf-0.82'])
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  const validate = ajv.compile(schema('bom-1.6'));
  return validate(bill) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const folder = mkdtempSync(join(tmpdir(), 'sbom-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const FILES = {
  'src/main.js': "import { a } from 'used'; import { u } from 'unused'; import 'virtual'; console.log(a);",
  'node_modules/used/index.js': "import { b } from 'inner'; export const a = b;",
  'node_modules/used/node_modules/inner/index.js': 'export const b = 1;',
  'node_modules/inner/index.js': 'console.log(2);',
  'node_modules/@scope/deep/index.js': "import 'inner'; console.log(3);",
  'node_modules/unused/index.js': 'export const u = 4;',
  'node_modules/unused/package.json': '{ "sideEffects": false }',
};
for (const [path, text] of Object.entries(FILES)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const hash = { integrity: `sha512-${Buffer.alloc(64).toString('base64')}`, license: 'MIT' };
const LOCK = {
  '': { version: '7.0.0', license: 'Apache-2.0' },
  'node_modules/@scope/deep': { version: '3.0.0', ...hash, license: '(MIT OR Apache-2.0)' },
  'node_modules/inner': { version: '2.0.0', ...hash },
  'node_modules/unused': { version: '4.0.0', ...hash },
  'node_modules/used': { version: '1.0.0', ...hash },
  'node_modules/used/node_modules/inner': { version: '1.1.0', ...hash },
};

const virtual: Plugin = {
  name: 'virtual',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual$/ }, ({ path }) => ({ path, namespace: 'made-up' }));
    onLoad({ filter: /.*/, namespace: 'made-up' }, () => ({
      contents: "import '@scope/deep'; console.log(5)",
      resolveDir: folder,
    }));
  },
};
const { metafile } = await build({
  absWorkingDir: folder,
  entryPoints: ['src/main.js'],
  bundle: true,
  outdir: 'dist',
  metafile: true,
  plugins: [virtual],
  logLevel: 'silent',
});
const materials: Materials = { metafile, lock: LOCK, outputs: {}, licenceText: (of) => `the licence of ${of}` };

t.test('that of the program is valid CycloneDX 1.6', async (t) => {
  const bill = read('dist/pullpass.cdx.json');
  t.same(faultsOf(bill), []);
  t.not(faultsOf({ ...bill, serialNumber: 'urn:uuid:1' }).length, 0, 'the schema is really applied');
  t.not(
    faultsOf({ ...bill, components: [{ type: 'library', name: 'x', licenses: [{ license: { id: 'MTI' } }] }] }).length,
    0,
  );
});

t.test('that of the program lists part of what npm installs, each as it is locked and with its licence', async (t) => {
  const { components, dependencies }: Bill = read('dist/pullpass.cdx.json');
  const lock: Record<string, { version: string; dev?: boolean }> = read('package-lock.json').packages;
  const installed = Object.entries(lock).filter(([folder, { dev }]) => folder !== '' && !dev);
  const names = new Set(
    installed.map(([folder, { version }]) => `${folder.replace(/^.*node_modules\//, '')}@${version}`),
  );
  const listed = components.map(
    ({ group, name, version }) => `${group === undefined ? '' : `${group}/`}${name}@${version}`,
  );
  t.same(
    listed.filter((name) => !names.has(name)),
    [],
  );
  t.ok(listed.length < names.size, `${listed.length} of ${names.size}`);
  t.comment(`${listed.length} packages, of ${names.size} that are installed for production`);
  const silent = components.filter(({ licenses }) => licenses[0]?.license.text === undefined).map(({ name }) => name);
  t.same(silent, ['abstract-logging'], 'all others bring the text');
  t.same(
    dependencies.map(({ ref }) => ref).filter((ref) => ref !== `pullpass@${read('package.json').version}`),
    components.map((component) => component['bom-ref']),
  );
});

t.test('it lists the packages whose code is in the bundle, and which uses which', async (t) => {
  const bill = billOfMaterials(materials) as Bill;
  t.same(faultsOf(bill), []);
  t.same(
    bill.dependencies.map(({ ref, dependsOn }) => [ref, ...dependsOn]),
    [
      ['pkg:npm/%40scope/deep@3.0.0', 'pkg:npm/inner@2.0.0'],
      ['pkg:npm/inner@1.1.0'],
      ['pkg:npm/inner@2.0.0'],
      ['pkg:npm/used@1.0.0', 'pkg:npm/inner@1.1.0'],
      ['pullpass@7.0.0', 'pkg:npm/%40scope/deep@3.0.0', 'pkg:npm/used@1.0.0'],
    ],
  );
  t.equal(bill.components.length, 4, 'what was shaken out is not in it');
  t.equal(bill.components.at(-1)?.licenses[0]?.license.text?.content, 'the licence of node_modules/used');
});

t.test('the same bundle gives the same bytes, another one another serial number', async (t) => {
  const reversed = Object.fromEntries(Object.entries(LOCK).reverse());
  const bill = billOfMaterials(materials) as Bill;
  t.equal(JSON.stringify(billOfMaterials({ ...materials, lock: reversed })), JSON.stringify(bill));
  const other = billOfMaterials({ ...materials, outputs: { 'dist/main.js': Buffer.from('x') } }) as Bill;
  t.not(other.serialNumber, bill.serialNumber);
});

t.test('it refuses what it could say only half of', async (t) => {
  const { integrity: _, ...unhashed } = { ...LOCK['node_modules/used'] };
  const { license: __, ...unlicensed } = { ...LOCK['node_modules/used'] };
  const without = (used: object) => () =>
    billOfMaterials({ ...materials, lock: { ...LOCK, 'node_modules/used': used } as Materials['lock'] });
  t.throws(without(unhashed), { message: 'node_modules/used has no SHA-512 in package-lock.json' });
  t.throws(without(unlicensed), { message: 'node_modules/used has no licence in package-lock.json' });
  t.throws(() => billOfMaterials({ ...materials, lock: { '': LOCK[''] } }), {
    message: /is in the bundle and not in package-lock/,
  });
});
