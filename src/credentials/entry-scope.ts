// What a key of a docker config stands for, by the kubelet's rules (pkg/credentialprovider/keyring.go): scheme, user, query
// and fragment drop out, and a path that starts with `/v1/` or `/v2/` loses that part. Two things differ on purpose: all
// spellings of Docker Hub become `docker.io`, and a key serves whole path segments only. A key may hold a user and a
// password (`https://user:password@host`), so it must never be shown but through `showKey`.

import { isShowable, parseMatch } from '../config/match.ts';
import { hostContains } from '../core/host-glob.ts';
import { DOCKER_HUB } from '../core/image.ts';
import { compareSpecificity, globMatches, type Pattern } from '../core/pattern.ts';
import type { Parsed } from '../core/selector.ts';

const HUB_HOSTS: readonly string[] = [DOCKER_HUB, 'index.docker.io'];

export function patternOfKey(key: string): Parsed<Pattern> {
  return parseMatch(bareKey(key));
}

/** The key without what may hold a login; a fixed text if it is still not fit to be shown. */
export function showKey(key: string): string {
  const bare = bareKey(key);
  return isShowable(bare) ? `"${bare}"` : 'a key that is not shown';
}

function bareKey(key: string): string {
  const schemeless = key.replace(/^https?:\/\//, '').replace(/[?#].*$/s, '');
  const slash = schemeless.indexOf('/');
  const authority = slash < 0 ? schemeless : schemeless.slice(0, slash);
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const path = slash < 0 ? '' : schemeless.slice(slash);
  if (HUB_HOSTS.includes(host) && /^\/v[12]$/.test(path)) return host;
  const effective = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return effective === '/' ? host : host + effective;
}

/**
 * The entry that a pattern's login comes from: its host covers the pattern's host at the same port, its path is a prefix
 * of the pattern's in whole segments; the longest path wins, then the most literal host, then the order.
 */
export function coveringEntry<E extends { readonly pattern: Pattern }>(
  entries: readonly E[],
  pattern: Pattern,
): E | undefined {
  return entries
    .filter((entry) => containsScope(entry.pattern, pattern))
    .sort((a, b) => compareSpecificity(a.pattern, b.pattern))[0];
}

function containsScope(outer: Pattern, inner: Pattern): boolean {
  if (outer.port !== inner.port || !hostContains(outer.host, inner.host)) return false;
  if (outer.path.length > inner.path.length) return false;
  // A glob covers another glob if it matches the text of it: only its own star can take in the other's.
  return outer.path.every((glob, i) => globMatches(glob, inner.path[i] ?? ''));
}

export function missingEntryProblem(pattern: Pattern, entries: readonly { readonly pattern: Pattern }[]): string {
  const known = entries.map((entry) => entry.pattern.text);
  const listed = known.length > 8 ? [...known.slice(0, 8), `${known.length - 8} more`] : known;
  const there = known.length === 0 ? 'no usable entry at all' : `entries for ${listed.join(', ')}`;
  return `source has no entry for pattern "${pattern.text}", it has ${there}`;
}
