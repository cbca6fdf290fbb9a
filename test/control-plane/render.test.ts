// The renderer of Go-templated manifests, on a chart as small as can be.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { locateTool } from './binaries.ts';

t.setTimeout(300_000);

const FILES = {
  'values.yaml': 'name: web\nreplicas: 2\nimage: { repository: ghcr.io/acme/app }\n',
  'templates/a.yaml': '{{ if .Values.createNamespace }}kind: Namespace{{ end }}\n',
  'templates/b.yaml':
    'name: {{ .Values.name }}\nreplicas: {{ .Values.replicas }}\nimage: {{ .Values.image.repository | quote }}\n' +
    'tag: {{ .Values.image.tag | default "latest" }}\nsecret: {{ b64enc "a:b" }}\n',
};

const render = await locateTool('render');
const folder = mkdtempSync(join(tmpdir(), 'render-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'templates'));
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);

function run(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(render, [...args]);
}

t.test('values, defaults, and no empty document', async (t) => {
  const { stdout } = await run(folder);
  t.equal(stdout, 'name: web\nreplicas: 2\nimage: "ghcr.io/acme/app"\ntag: latest\nsecret: YTpi\n');
});

t.test('--set descends, and documents are divided', async (t) => {
  const { stdout } = await run(
    '--set',
    'createNamespace=true',
    '--set',
    'image.tag=1.0',
    '--set',
    'replicas=0',
    folder,
  );
  t.match(stdout, /^kind: Namespace\n---\nname: web\nreplicas: 0\n/);
  t.match(stdout, /tag: 1\.0\n/);
});

t.test('what is wrong is said', async (t) => {
  await t.rejects(run('--set', 'name', folder), { message: /has no =/ });
  await t.rejects(run('--set', 'name.inner=1', folder), { message: /"name" is not a map/ });
  await t.rejects(run(join(folder, 'elsewhere')), { message: /no such file/ });
  await t.rejects(run(), { message: /usage: render/ });
});

t.test('an absent value is false in an if, and a slip where it is printed', async (t) => {
  const slip = mkdtempSync(join(folder, 'slip-'));
  mkdirSync(join(slip, 'templates'));
  writeFileSync(join(slip, 'values.yaml'), 'name: web\n');
  writeFileSync(join(slip, 'templates/a.yaml'), '{{ if .Values.nmae }}never{{ end }}{{ .Values.name }}\n');
  t.equal((await run(slip)).stdout, 'web\n');
  writeFileSync(join(slip, 'templates/a.yaml'), 'name: {{ .Values.nmae }}\n');
  await t.rejects(run(slip), { message: /a\.yaml: line 1 .*absent/ });
});
