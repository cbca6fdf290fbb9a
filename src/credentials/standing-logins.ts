// Which login stands for each pattern of a configured credential: what its source says now, else the last good one of the
// same source. It must never be a login of another source, nor go to a pattern that the key it was given for does not
// cover: the settings may have been changed to be for other namespaces and other hosts.
import { parseMatch } from '../config/match.ts';
import type { ConfiguredCredential } from '../config/schema.ts';
import type { Pattern } from '../core/pattern.ts';
import { coveringEntry } from './entry-scope.ts';
import type { Kept, KeptLogin } from './kept.ts';
import type { SourceReading } from './source.ts';
import { sourceDigest } from './source-digest.ts';

/** @param kept what is remembered, the first before the others */
export function standingLogins(
  { name, match, source }: ConfiguredCredential,
  reading: SourceReading | undefined,
  kept: readonly Kept[],
): ReadonlyMap<string, KeptLogin> {
  const before = [...(reading?.logins ?? []), ...lastGood(name, sourceDigest(source), kept)];
  const logins = new Map<string, KeptLogin>();
  for (const pattern of match) {
    const login =
      reading?.logins.get(pattern.text) ?? (reading?.tells?.(pattern) ? undefined : standIn(pattern, before));
    if (login !== undefined) logins.set(pattern.text, login);
  }
  return logins;
}

type PatternLogin = readonly [pattern: string, login: KeptLogin];

/** Its own first; what the same source gave a credential of another name is as good, so that a new name loses nothing. */
function lastGood(name: string, source: string, kept: readonly Kept[]): readonly PatternLogin[] {
  const own = kept.map((one) => one.get(name));
  const others = kept.flatMap((one) => [...one].flatMap(([other, record]) => (other === name ? [] : [record])));
  // A labelled Secret that had the name before is another credential.
  return [...own, ...others].flatMap((record) =>
    record?.origin === 'configured' && record.source === source ? [...record.logins] : [],
  );
}

function standIn(pattern: Pattern, before: readonly PatternLogin[]): KeptLogin | undefined {
  const same = before.find(([text]) => text === pattern.text);
  if (same !== undefined) return same[1];
  const entries = before.flatMap(([, login]) => {
    const key = login.key === undefined ? undefined : parseMatch(login.key);
    return key?.ok ? [{ pattern: key.value, login }] : [];
  });
  return coveringEntry(entries, pattern)?.login;
}
