// Every row of the table in docs/kubelet-keys.md, played with the kubelet's own code: it must show the difference that it is
// named after, and what the row says to write instead must show none.
import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { Credential } from '../../src/core/credential.ts';
import { planKeys } from '../../src/core/key-plan.ts';
import { DIFFERENCE_CLASSES, differenceClass } from '../../src/core/kubelet-difference.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { startOracle } from '../control-plane/oracle.ts';
import { credential, imageOf } from './given.ts';

t.setTimeout(300_000);

const page = await readFile(new URL('../../docs/kubelet-keys.md', import.meta.url), 'utf8');
const oracle = await startOracle();
t.teardown(() => oracle.stop());

/** The cells of the row of a class: class, image, patterns, decision, kubelet, instead. */
function rowOf(name: string): readonly string[] | undefined {
  const line = page.split('\n').find((text) => text.startsWith(`| \`${name}\` |`));
  return line?.split('|').slice(1, -1);
}

/** The texts between backquotes. */
function quoted(cell = ''): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text ?? '');
}

/** @returns what the decision says, the keys whose logins the kubelet tries, and the class of the difference */
async function play(credentials: readonly Credential[], text: string) {
  const keys = planKeys(credentials) ?? [];
  const auths = keys.map(({ key }, i) => [key, { auth: Buffer.from(`${i}:key`).toString('base64') }] as const);
  const content = JSON.stringify({ auths: Object.fromEntries(auths) });
  const [answer] = await oracle.lookup('kubernetes.io/dockerconfigjson', content, [text]);
  const tried = answer?.logins?.flatMap((login) => keys[Number.parseInt(login, 10)] ?? []) ?? [];
  const choice = compilePolicy(credentials).choose(imageOf(text), {});
  const chosen = choice.reason === 'served' ? choice.candidate : undefined;
  const difference = differenceClass(imageOf(text), chosen, tried[0]);
  return { reason: choice.reason, tried: tried.map(({ key }) => key), difference };
}

for (const name of Object.keys(DIFFERENCE_CLASSES)) {
  t.test(`the row of ${name}`, async (t) => {
    const [, image, patterns, decision] = rowOf(name) ?? [];
    const [text = ''] = quoted(image);
    const [match = '', ...except] = quoted(patterns);
    const { reason, tried, difference } = await play([credential('a', [match], { except })], text);
    t.equal(reason, decision?.includes('excepted') ? 'excepted' : 'no-credential', 'what the decision says');
    t.equal(tried.length, 1, 'the kubelet tries the login all the same');
    t.equal(difference, name);
  });
}

t.test('what the rows say to write instead', async (t) => {
  const instead = quoted(rowOf('string-prefix')?.[5]);
  t.same((await play([credential('a', instead)], 'r.acme.io/acme-labs/app')).tried, []);
  t.same((await play([credential('a', instead)], 'r.acme.io/acme/app')).tried, ['r.acme.io/acme/']);
  const teams = quoted(rowOf('except')?.[5]);
  t.equal(teams.length, 2);
  t.same((await play([credential('a', teams)], 'r.acme.io/public/app')).tried, []);
});

t.test('the examples beside the table', async (t) => {
  const globs = [credential('a', ['team-*.acme.io']), credential('b', ['*-eu.acme.io'])];
  t.ok(planKeys(globs)?.some(({ key }) => key === 'team-*-eu.acme.io'));
  const nested = [credential('a', ['r.acme.io/acme']), credential('b', ['r.acme.io'])];
  const { tried, difference } = await play(nested, 'r.acme.io/acme-labs/app');
  t.same(tried, ['r.acme.io/acme', 'r.acme.io']);
  t.equal(difference, 'string-prefix');
});

t.test('a class without a row would be noticed, and so would a row without a class', async (t) => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  t.same(rows.toSorted(), Object.keys(DIFFERENCE_CLASSES).toSorted());
  t.equal(rowOf('no-such-class'), undefined);
});
