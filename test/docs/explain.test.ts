// docs/explain.md has a row for each reason, with the very sentences and commands of the code. UPDATE=1 writes them anew.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  type Advice,
  AROUND_ADVICE,
  fill,
  IMAGE_ADVICE,
  type Names,
  OBJECT_ADVICE,
  SECRET_ADVICE,
} from '../../src/explain/advice.ts';
import { part, read, rows } from './documents.ts';

const DOCUMENT = 'docs/explain.md';

/** Of a Deployment `web` in `shop`. */
const EXAMPLE: Names = {
  ...{
    object: 'deployment/web',
    namespace: 'shop',
    own: 'pullpass-system',
    webhook: 'pullpass',
    resource: 'deployments',
  },
  ...{
    pullSecret: 'pullpass-dockercfg',
    foreign: 'pullpass-dockercfg',
    account: 'default',
    image: 'ghcr.io/acme/web:1',
  },
  ...{
    credential: 'ghcr',
    host: 'ghcr.io',
    source: 'ghcr',
    newSecret: 'ghcr-io',
    newScope: 'team=payments',
    where: 'Secret ghcr',
  },
  ...{ managers: 'kubectl-create', needed: 'team=payments', quota: 'small', counts: 'secrets', raised: '11' },
  ...{ labels: 'pullpass.dev/inject=enabled', admit: 'kubectl label namespace shop team=payments' },
  ...{ missed: '2 of 2 Pods were', part: 'namespaceSelector', unmet: 'team=a', conditions: 'blue', result: 'refused' },
  ...{ problem: '…', patch: '[…]', setImage: 'kubectl -n shop set image deployment/web main=IMAGE' },
  anew: 'kubectl -n shop rollout restart deployment/web',
  widen: 'kubectl -n pullpass-system annotate --overwrite secret ghcr pullpass.dev/match=ghcr.io/acme/,ghcr.io/labs/',
  optIn:
    'kubectl -n shop patch deployment/web --type=json -p \'[{"op":"remove","path":"/spec/template/metadata/labels/pullpass.dev~1inject"}]\'',
};

const TABLES: Readonly<Record<string, Readonly<Record<string, Advice>>>> = {
  '**Of an object**': OBJECT_ADVICE,
  '**Of an image**': IMAGE_ADVICE,
  '**Of the pull Secret**': SECRET_ADVICE,
  '**Around them**': AROUND_ADVICE,
};

function rowsOf(advice: Readonly<Record<string, Advice>>): string[][] {
  return Object.entries(advice).map(([reason, { says, fix }]) => {
    // A nearer way to mend it takes the place of the general one.
    const general = fix.includes('{widen}') ? /\{newSecret\}/ : /^(?!)/;
    // To change the template of a Deployment makes its Pods anew already.
    const steps = fix.filter(
      (step) => !step.includes('{newScope}') && !general.test(step) && !(step === '{anew}' && fix.includes('{optIn}')),
    );
    const command = steps.map((step) => fill(step, EXAMPLE) ?? step).join(' && ');
    return [
      `\`${reason}\``,
      fill(says, EXAMPLE) ?? says,
      command === '' ? '' : `\`${command.replaceAll('|', '\\|')}\``,
    ];
  });
}

function tableOf(advice: Readonly<Record<string, Advice>>): string {
  const lines = rowsOf(advice).map((cells) => `| ${cells.join(' | ')} |`);
  return ['', '| reason | means | mended by |', '|---|---|---|', ...lines, ''].join('\n');
}

if (process.env.UPDATE === '1') {
  let text = read(DOCUMENT);
  for (const [head, advice] of Object.entries(TABLES)) {
    text = text.replace(`${head}\n${part(text, head)}`, () => `${head}\n${tableOf(advice)}`);
  }
  writeFileSync(join(import.meta.dirname, '..', '..', DOCUMENT), text);
}

t.test('each reason has a row, in the words of the code', async (t) => {
  const text = read(DOCUMENT);
  for (const [head, advice] of Object.entries(TABLES)) {
    const expected = rowsOf(advice).map((cells) => cells.map((cell) => cell.replaceAll('\\|', '|')));
    const shown = rows(part(text, head).replaceAll('\\|', '¦')).map((cells) =>
      cells.map((cell) => cell.replaceAll('¦', '|')),
    );
    t.same(shown, expected, `${head}; UPDATE=1 writes it anew`);
  }
});

t.test('every name in a sentence or command is one that there is', async (t) => {
  for (const [reason, { says, fix }] of Object.values(TABLES).flatMap(Object.entries) as [string, Advice][]) {
    for (const text of [says, ...fix]) t.type(fill(text, EXAMPLE), 'string', `${reason}: ${text}`);
  }
});

t.test('what is fine needs no command, and what is wrong says what to do', async (t) => {
  for (const [reason, { is, fix }] of Object.values(TABLES).flatMap(Object.entries) as [string, Advice][]) {
    if (is === 'fine') t.same(fix, [], reason);
  }
});
