// Reasons are metric labels and messages: their words and sentences have a form.
import t from 'tap';
import { DIFFERENCE_CLASSES } from '../../src/core/kubelet-difference.ts';
import { ENSURE_REASONS, IMAGE_REASONS, OBJECT_REASONS } from '../../src/core/reason.ts';

t.test(
  'a reason is a few words in kebab case, and its sentence has no capital before and no period after',
  async (t) => {
    for (const reasons of [OBJECT_REASONS, IMAGE_REASONS, ENSURE_REASONS, DIFFERENCE_CLASSES]) {
      for (const [reason, sentence] of Object.entries(reasons)) {
        t.match(reason, /^[a-z]+(-[a-z]+)*$/);
        t.match(sentence, /^[a-z].*[^.\s]$/, reason);
      }
      t.equal(new Set(Object.values(reasons)).size, Object.keys(reasons).length, 'each has its own sentence');
    }
  },
);
