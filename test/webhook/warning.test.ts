// Warnings go to a terminal that is not ours: short, one line, nothing that moves its cursor, and only where the user can act.
import t from 'tap';
import { ENSURE_REASONS, type EnsureReason, OBJECT_REASONS, type ObjectReason } from '../../src/core/reason.ts';
import { oneLine, WARNING_MAX, warningsFor } from '../../src/webhook/warning.ts';

const CONTEXT = { pullSecret: 'pullpass-dockercfg', serviceAccount: 'builder' };
/** Names as long as Kubernetes allows, and one that no API server would let through. */
const NASTY = { pullSecret: 's'.repeat(253), serviceAccount: `a\u001b[2Jb\nc\u2028d\u0085${'e'.repeat(253)}` };
const objectReasons = Object.keys(OBJECT_REASONS) as ObjectReason[];
const ensureReasons = [undefined, ...(Object.keys(ENSURE_REASONS) as EnsureReason[])];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

t.test('for every pair of reasons: at most 120 characters, and no control character', async (t) => {
  for (const reason of objectReasons) {
    for (const ensured of ensureReasons) {
      for (const warning of warningsFor(reason, ensured, NASTY)) {
        const sound = warning.length <= WARNING_MAX && !CONTROL.test(warning) && warning.startsWith('pullpass: ');
        t.ok(sound, `${reason}, ${ensured}`);
      }
    }
  }
});

t.test('a warning comes only where the user can act', async (t) => {
  const warned = (reason: ObjectReason, ensured?: EnsureReason): boolean =>
    warningsFor(reason, ensured, CONTEXT).length > 0;
  t.same(
    objectReasons.filter((reason) => warned(reason)),
    ['enforcing-service-account', 'foreign-secret'],
  );
  t.same(
    ensureReasons.filter((ensured) => ensured !== undefined && !warned('injected', ensured)),
    ['present', 'created', 'rewritten', 'dry-run', 'foreign', 'terminating'],
  );
});

t.test('with names of the usual length no warning is cut', async (t) => {
  for (const reason of ['enforcing-service-account', 'foreign-secret'] as const) {
    t.notMatch(warningsFor(reason, undefined, CONTEXT).join(), /…/);
  }
  for (const ensured of ensureReasons) t.notMatch(warningsFor('injected', ensured, CONTEXT).join(), /…/);
});

t.test('one line keeps 120 characters whole and cuts the 121st', async (t) => {
  t.equal(oneLine('x'.repeat(120)), 'x'.repeat(120));
  t.equal(oneLine('x'.repeat(121)), `${'x'.repeat(119)}…`);
  t.equal(oneLine('a\r\nb\tc'), 'a  b c');
});
