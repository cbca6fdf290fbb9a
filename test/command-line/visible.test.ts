// Texts of others at a terminal.
import t from 'tap';
import { formatPage } from '../../src/check/page.ts';
import { paintWith } from '../../src/command-line/paint.ts';
import { formatTable } from '../../src/command-line/table.ts';
import { visible } from '../../src/command-line/visible.ts';
import { explain } from '../../src/explain/explain.ts';
import { printText } from '../../src/explain/print.ts';
import { describe, type ObjectReport } from '../../src/inject/report.ts';
import { liveFacts, podFact } from '../explain/given.ts';

const ESC = '\u001b';
const TITLE = `${ESC}]0;owned\u0007`;

t.test('what cannot be seen, or turns the text around, is marked', async (t) => {
  t.equal(visible(`a${ESC}[2Jb\nc\u009bd\u202ee`), 'a\ufffd[2Jb\ufffdc\ufffdd\ufffde');
  t.equal(visible('ghcr.io/acme/ä:1 …'), 'ghcr.io/acme/ä:1 …');
});

t.test('no command passes it on to a terminal', async (t) => {
  const plain = paintWith(false);
  const image = `ghcr.io/acme/app${TITLE}`;
  const facts = liveFacts({ pods: [podFact()], namespace: { name: `a${ESC}`, read: { missing: 'absent' } } }, [image]);
  const result = {
    group: 'g',
    check: 'c',
    state: 'warn',
    text: `Deployment a/b (${image})`,
    hints: [TITLE, { run: TITLE }],
  } as const;
  const report: ObjectReport = {
    ...{ input: 'stdin', line: 1, kind: 'Pod', name: TITLE, namespace: TITLE, added: [] },
    reason: 'injected',
    images: [{ place: 'containers[0]', image, reason: 'invalid-reference' }],
  };
  const told = [
    printText(explain(facts), 80, plain),
    formatPage([result], { verbose: true, columns: 80, paint: plain }),
    formatTable(['A'], [[image]], 80),
    describe(report, { output: 'text', verbose: true, check: false }).join('\n'),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  for (const text of told) t.notMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, text);
});
