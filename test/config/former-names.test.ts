// The names that the pull Secret had before, as a setting: each fit for a Secret, none twice, none the present one.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { describeProblem } from '../../src/config/problem.ts';
import { configJsonSchema } from '../../src/config/schema.ts';
import { CANARY } from './canary.ts';

function complaints(text: string): readonly string[] {
  const loaded = loadConfig(text, 'pullpass.yaml');
  return 'problems' in loaded ? loaded.problems.map(describeProblem) : [];
}

t.test('there are none unless somebody says so, and those are taken as they are', async (t) => {
  const rows = [
    ['pullSecret: { name: pull }', []],
    ['pullSecret: { name: pull, formerNames: [] }', []],
    ['pullSecret: { name: pull, formerNames: [pullpass-dockercfg, acme.pull] }', ['pullpass-dockercfg', 'acme.pull']],
  ] as const;
  for (const [text, expected] of rows) {
    const loaded = loadConfig(text, 'pullpass.yaml');
    t.match(loaded, { config: { pullSecret: { formerNames: expected } } }, text);
    t.same('config' in loaded && loaded.config.pullSecret.formerNames, expected);
  }
});

const NOT_A_NAME = 'a name is lower-case letters, digits, "-" and ".", with a letter or digit at both ends';
const PRESENT = 'this is the name that it has now, list those that it had before';

t.test('what is wrong with one, where, and what to do', async (t) => {
  const rows: readonly (readonly [text: string, expected: readonly string[]])[] = [
    ['{ formerNames: [A_b] }', [`1:29 pullSecret.formerNames[0] "A_b": ${NOT_A_NAME}`]],
    ['{ formerNames: [""] }', [`1:29 pullSecret.formerNames[0] "": ${NOT_A_NAME}`]],
    [
      `{ formerNames: [${'a'.repeat(254)}] }`,
      ['1:29 pullSecret.formerNames[0]: a name has at most 253 characters, this one has 254'],
    ],
    [
      '{ formerNames: [old, other, old] }',
      ['1:41 pullSecret.formerNames[2] "old": this name stands twice, first at 1:29'],
    ],
    ['{ name: pull, formerNames: [pull] }', [`1:41 pullSecret.formerNames[0] "pull": ${PRESENT}`]],
    ['{ formerNames: [pullpass-dockercfg] }', [`1:29 pullSecret.formerNames[0] "pullpass-dockercfg": ${PRESENT}`]],
    ['{ formerNames: old }', ['1:28 pullSecret.formerNames: found a string, wanted a list']],
    ['{ formerNames: [1] }', ['1:29 pullSecret.formerNames[0]: found a number, wanted a string, put it in quotes']],
    ['{ formerName: [old] }', ['1:15 pullSecret.formerName: unknown key, did you mean "formerNames"?']],
  ];
  for (const [text, expected] of rows) {
    t.same(
      complaints(`pullSecret: ${text}`),
      expected.map((line) => `pullpass.yaml:${line}`),
      text.slice(0, 60),
    );
  }
});

t.test('a password in its place is not shown', async (t) => {
  const text = `pullSecret: { name: "${CANARY}@x", formerNames: ["${CANARY}@x", "${CANARY}@x"] }`;
  const said = complaints(text);
  t.equal(said.length, 6);
  t.notOk(said.some((line) => line.includes(CANARY)));
});

t.test('editors are told that none stands twice', async (t) => {
  const { pullSecret } = configJsonSchema().properties ?? {};
  t.match(pullSecret, { properties: { formerNames: { type: 'array', uniqueItems: true, default: [] } } });
});
