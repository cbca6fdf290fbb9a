// The threat model says for each claim which test holds it: those tests are there, under these names.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { read, rows } from './documents.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const model = read('docs/security.md');

/** A row is a claim if its second cell is the path of a test. */
const claims = rows(model).flatMap(([claim = '', cell = '', name = '']) => {
  const [, path] = /^`(test\/\S+\.test\.ts)`$/.exec(cell) ?? [];
  return path === undefined ? [] : [{ claim, path, name }];
});

t.test('each claim has a test of that name in that file', async (t) => {
  t.ok(claims.length > 50, `${claims.length} claims are read`);
  for (const { claim, path, name } of claims) {
    t.not(claim, '', `${path}: ${name}`);
    if (!existsSync(join(ROOT, path))) t.fail(`there is no ${path}`);
    else t.ok(hasTest(read(path), name), `${path}: ${name}`);
  }
});

t.test('no path of a test stands in it but in such a row, and none twice for the same', async (t) => {
  const named = [...model.matchAll(/\btest\/[\w./-]+/g)].map(([path]) => path);
  t.same(
    named,
    claims.map(({ path }) => path),
  );
  const tests = claims.map(({ path, name }) => `${path}: ${name}`);
  t.equal(new Set(tests).size, tests.length);
});

/** The name stands behind `t.test(`, maybe on the next line, in quotes of either kind. */
function hasTest(text: string, name: string): boolean {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`\\bt\\.test\\(\\s*(['"])${literal}\\1,`).test(text);
}
