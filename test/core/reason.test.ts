// Reasons are metric labels and messages: their words and sentences have a form.
import t from 'tap';
import { DIFFERENCE_CLASSES } from '../../src/core/kubelet-difference.ts';
import * as sets from '../../src/core/reason.ts';

const SETS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ...Object.entries(sets),
  ['DIFFERENCE_CLASSES', DIFFERENCE_CLASSES],
];

t.test(
  'a reason is a few words in kebab case, and its sentence has no capital before and no period after',
  async (t) => {
    t.ok(SETS.length > 8);
    for (const [name, reasons] of SETS) {
      for (const [reason, sentence] of Object.entries(reasons)) {
        t.match(reason, /^[a-z]+(-[a-z]+)*$/, name);
        t.match(sentence, /^[a-z].*[^.\s]$/, `${name}: ${reason}`);
        t.notMatch(
          sentence,
          /\. |[\n|]/,
          `${name}: ${reason} is one sentence, as a line of a log or the row of a table`,
        );
      }
      t.equal(
        new Set(Object.values(reasons)).size,
        Object.keys(reasons).length,
        `each of ${name} has its own sentence`,
      );
    }
  },
);
