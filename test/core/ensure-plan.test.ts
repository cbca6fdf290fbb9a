// When an admission writes the pull Secret, and when it leaves that to sync.
import t from 'tap';
import { planEnsure } from '../../src/core/ensure-plan.ts';
import type { PullSecretState } from '../../src/core/surroundings.ts';
import { credential, observed, renderingOf } from './given.ts';

const OURS: PullSecretState = observed({ credentials: ['a', 'b'], keys: new Set(['r.io', 'b.io']) });
const A = credential('a', ['r.io']);
const A_GREW = credential('a', ['r.io', 'e.io']);
const A_WITHOUT = credential('a', ['r.io', 'e.io'], { missing: ['r.io'] });
const C = credential('c', ['c.io']);
const C_WITHOUT = credential('c', ['c.io', 'd.io'], { missing: ['d.io'] });
const GLOBS = Array.from({ length: 60 }, (_, i) => [`${'a'.repeat(i)}*.r.io`, `*${'b'.repeat(i + 1)}.r.io`]).flat();

const need = (name: string, pattern: string) => ({ credential: name, pattern });
const nothing = (reason: string) => ({ act: 'nothing', reason });
const rewrite = { act: 'rewrite', seen: OURS };

t.test('when an admission writes it', async (t) => {
  const rows = [
    ['missing', undefined, [need('a', 'r.io')], [A], { act: 'create' }],
    ['not ours', { ...OURS, ours: false }, [need('a', 'r.io')], [A], nothing('foreign')],
    ['named, and its key is there', OURS, [need('a', 'r.io')], [A], nothing('present')],
    ['nothing needed', OURS, [], [A], nothing('present')],
    ['named, but it gained a pattern', OURS, [need('a', 'e.io')], [A_GREW], rewrite],
    ['it gained a pattern that nobody asks for', OURS, [need('a', 'r.io')], [A_GREW], nothing('present')],
    ['one is not named', OURS, [need('a', 'r.io'), need('c', 'c.io')], [A, C], rewrite],
    ['the key of another credential of that host', OURS, [need('c', 'r.io')], [credential('c', ['r.io'])], rewrite],
    ['a rewrite would lose an entry', OURS, [need('c', 'c.io')], [A_WITHOUT, C], nothing('login-missing')],
    ['a login is missing that was never there', OURS, [need('c', 'c.io')], [A, C_WITHOUT], rewrite],
    ['a withdrawn credential is no loss', OURS, [need('c', 'c.io')], [C], rewrite],
    ['it cannot be rendered', undefined, [need('a', 'r.io')], [credential('a', GLOBS)], nothing('too-large')],
  ] as const;
  for (const [because, present, needs, admitted, plan] of rows) {
    t.same(planEnsure(present, needs, renderingOf(admitted)), plan, because);
  }
});

t.test('a login that only changed is no reason to write: sync brings it to every namespace', async (t) => {
  const before = renderingOf([A]);
  const written = observed({ credentials: ['a'], keys: new Set(before.content?.keys.keys()), digest: 'an older one' });
  t.same(planEnsure(written, [need('a', 'r.io')], renderingOf([A])), nothing('present'));
});
