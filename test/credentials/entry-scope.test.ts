import t from 'tap';
import { type Pattern, parsePattern } from '../../src/core/pattern.ts';
import { coveringEntry, missingEntryProblem } from '../../src/credentials/entry-scope.ts';

function pattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

function entries(...texts: readonly string[]): readonly { readonly pattern: Pattern }[] {
  return texts.map((text) => ({ pattern: pattern(text) }));
}

t.test('the entry that a pattern takes its login from', async (t) => {
  const rows: readonly (readonly [entries: readonly string[], pattern: string, found: string | undefined])[] = [
    [['ghcr.io'], 'ghcr.io', 'ghcr.io'],
    [['ghcr.io'], 'ghcr.io/acme/app', 'ghcr.io'],
    [['ghcr.io', 'ghcr.io/acme'], 'ghcr.io/acme/app', 'ghcr.io/acme'],
    [['ghcr.io/acme'], 'ghcr.io/acme', 'ghcr.io/acme'],
    [['ghcr.io/acme/'], 'ghcr.io/acme', 'ghcr.io/acme/'],
    [['ghcr.io/acme'], 'ghcr.io', undefined], // wider than its login
    [['ghcr.io/acme'], 'ghcr.io/acme-evil', undefined], // whole segments
    [['ghcr.io/acme', 'quay.io'], 'ghcr.io/other', undefined],
    [['ghcr.io:443'], 'ghcr.io', undefined],
    [['ghcr.io'], 'ghcr.io:443', undefined],
    [['a.ghcr.io'], 'ghcr.io', undefined],
    [['ghcr.io'], 'a.ghcr.io', undefined],
    [['*.acme.io'], 'eu.acme.io', '*.acme.io'],
    [['*.acme.io'], '*.acme.io', '*.acme.io'],
    [['*.acme.io'], 'eu-*.acme.io', '*.acme.io'],
    [['eu-*.acme.io'], '*.acme.io', undefined],
    [['eu*.acme.io'], 'e*.acme.io', undefined],
    [['*-eu.acme.io'], '*-west-eu.acme.io', '*-eu.acme.io'],
    [['ab*b.acme.io'], 'ab.acme.io', undefined], // prefix and suffix must not share a character
    [['*.acme.io'], 'a.b.acme.io', undefined],
    [['*.acme.io', 'eu.acme.io'], 'eu.acme.io/x', 'eu.acme.io'], // the more literal host
    [['eu.acme.io', '*.acme.io/x'], 'eu.acme.io/x/y', '*.acme.io/x'], // the longer path before the more literal host
    [['*u.acme.io', 'e*.acme.io'], 'eu.acme.io', '*u.acme.io'], // the order
    [['ghcr.io/team-*'], 'ghcr.io/team-a/app', 'ghcr.io/team-*'],
    [['ghcr.io/team-*'], 'ghcr.io/team-a*', 'ghcr.io/team-*'],
    [['ghcr.io/team-a'], 'ghcr.io/team-*', undefined],
    [[], 'ghcr.io', undefined],
  ];
  for (const [texts, wanted, found] of rows) {
    const entry = coveringEntry(entries(...texts), pattern(wanted));
    t.equal(entry?.pattern.text, found, `${wanted} out of ${texts.join(', ')}`);
  }
});

t.test('the entries are named when none covers', async (t) => {
  const problem = (...texts: readonly string[]): string => missingEntryProblem(pattern('ghcr.io'), entries(...texts));
  t.equal(
    problem('quay.io', 'docker.io'),
    'source has no entry for pattern "ghcr.io", it has entries for quay.io, docker.io',
  );
  t.equal(problem(), 'source has no entry for pattern "ghcr.io", it has no usable entry at all');
  const many = Array.from({ length: 20 }, (_, i) => `r${i}.acme.io`);
  t.match(problem(...many), /r7\.acme\.io, 12 more$/);
});
