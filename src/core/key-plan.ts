// The keys of a pull Secret, derived from the patterns of all credentials in it together, so that the kubelet tries
// first the login that the decision chose. The kubelet (pkg/credentialprovider/keyring.go) sorts all matching keys in
// reverse as strings: among keys of one host the longest path comes first, but between hosts the spelling decides. So
//
//   1. hosts are closed under overlap: for every registry host one member, contained in all others that match it, holds
//      everything that is known about it;
//   2. that member sorts first, because `*` sorts below every character of a host, and a glob that would sort too high
//      gets further stars (`**b` below `*ab`), which mean the same to the kubelet;
//   3. under each host, every literal path prefix gets the candidate that the decision gives to a repository there.
//
// What the key language cannot say (docs/kubelet-keys.md): globs in paths, `except`, and that `/acme` is not `/acme-evil`.
import type { Credential } from './credential.ts';
import { closeUnderOverlap, cut, type HostGlob, hostContains } from './host-glob.ts';
import { coversPath, type Pattern } from './pattern.ts';
import { type Candidate, rank } from './policy.ts';

export interface PlannedKey {
  /** As it stands in the docker config. */
  readonly key: string;
  readonly candidate: Candidate;
}

/** Stands for a path segment that no pattern names; no repository can hold it, so only a `*` covers it. */
const ANY = '\u0001';

/** @returns the keys, sorted; undefined if the host globs overlap in too many ways (CLOSURE_MAX) */
export function planKeys(credentials: readonly Credential[]): readonly PlannedKey[] | undefined {
  const candidates = rank(credentials).filter((candidate) => candidate.hasLogin);
  const keys: PlannedKey[] = [];
  for (const group of groupByShape(candidates).values()) {
    const excepted = group.flatMap(({ credential }) => credential.except.filter((e) => sameShape(e, group)));
    const patterns = [...group.map(({ pattern }) => pattern), ...excepted];
    const hosts = closeUnderOverlap(patterns.map(({ host }) => host));
    if (hosts === undefined) return undefined;
    for (const host of hosts) keys.push(...planHost(host, hosts, group));
  }
  return keys.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Only patterns with the same port, number of labels and literal end can match the same host. */
function shapeOf({ host, port }: Pattern): string {
  return `${host.length} ${host.slice(-2).join('.')} ${port ?? ''}`;
}

function groupByShape(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  return Map.groupBy(candidates, ({ pattern }) => shapeOf(pattern));
}

function sameShape(pattern: Pattern, group: readonly Candidate[]): boolean {
  return group[0] !== undefined && shapeOf(pattern) === shapeOf(group[0].pattern);
}

function planHost(host: HostGlob, hosts: readonly HostGlob[], group: readonly Candidate[]): PlannedKey[] {
  const relevant = group.filter(({ pattern }) => hostContains(pattern.host, host));
  const first = relevant[0];
  if (first === undefined) return [];
  const prefixes = new Set<string>();
  for (const { pattern, credential } of relevant) {
    for (const source of [pattern, ...credential.except.filter((e) => exceptApplies(e, pattern, host))]) {
      for (const prefix of literalPrefixes(source)) prefixes.add(prefix);
    }
  }
  const owners = new Map<string, Candidate>();
  for (const prefix of [...prefixes].sort((a, b) => a.length - b.length)) {
    const owner = ownerOf(prefix, host, relevant);
    if (owner !== undefined && owner !== inherited(prefix, owners)) owners.set(prefix, owner);
  }
  const authority = spellHost(host, hosts) + (first.pattern.port === undefined ? '' : `:${first.pattern.port}`);
  return [...owners].map(([prefix, candidate]) => ({ key: authority + guardVersion(prefix), candidate }));
}

/** The path prefixes at which a pattern begins to matter: up to its first glob, else itself and what is below it. */
function literalPrefixes({ path, below }: Pattern): readonly string[] {
  const text = path.map((segment) => `/${segment}`).join('');
  const star = text.indexOf('*');
  if (star >= 0) return [rootAsEmpty(text.slice(0, star))];
  if (text === '') return [''];
  return below ? [`${text}/`] : [text, `${text}/`];
}

function rootAsEmpty(prefix: string): string {
  return prefix === '/' ? '' : prefix;
}

/** Who serves a repository that begins with the prefix and is named by nothing more specific. */
function ownerOf(prefix: string, host: HostGlob, relevant: readonly Candidate[]): Candidate | undefined {
  const named = relevant.flatMap(({ pattern, credential }) => [pattern, ...credential.except]);
  const exact = named.some(({ path, below }) => !below && `/${path.join('/')}` === prefix);
  const repository = exact ? prefix.slice(1) : `${prefix.slice(1)}${ANY}`;
  const chosen = relevant.find((candidate) => serves(candidate, host, repository));
  // A glob further on in the path: without this wider key the images that it covers would have no login at all.
  return chosen ?? relevant.find(({ pattern }) => hasGlob(pattern.path) && literalPrefixes(pattern)[0] === prefix);
}

function serves({ credential, pattern }: Candidate, host: HostGlob, repository: string): boolean {
  return (
    coversPath(pattern, repository) &&
    !credential.except.some((e) => exceptApplies(e, pattern, host) && coversPath(e, repository))
  );
}

function exceptApplies(except: Pattern, pattern: Pattern, host: HostGlob): boolean {
  return except.port === pattern.port && hostContains(except.host, host);
}

export function hasGlob(segments: readonly string[]): boolean {
  return segments.some((segment) => segment.includes('*'));
}

/** The candidate that a shorter key of the same host gives already: the longest one that is a prefix of this. */
function inherited(prefix: string, owners: ReadonlyMap<string, Candidate>): Candidate | undefined {
  let longest: string | undefined;
  for (const known of owners.keys()) {
    if (prefix.startsWith(known) && known.length >= (longest?.length ?? 0)) longest = known;
  }
  return longest === undefined ? undefined : owners.get(longest);
}

/** The kubelet cuts a leading `/v1` or `/v2` off a key's path; a second one keeps a repository of that name reachable. */
function guardVersion(prefix: string): string {
  return /^\/v[12]\//.test(prefix) ? `/v2${prefix}` : prefix;
}

/**
 * Spells a host so that it sorts below every host of the plan that it contains. Containment shows at the first label in
 * which they differ; there a longer head or a literal sorts higher by itself, a longer tail does not.
 */
function spellHost(host: HostGlob, hosts: readonly HostGlob[]): string {
  return host.map((label, i) => (label.includes('*') ? spellLabel(label, hosts, i) : label)).join('.');
}

function spellLabel(label: string, hosts: readonly HostGlob[], position: number): string {
  const [head, tail] = cut(label);
  const longer = new Set<string>();
  for (const other of hosts) {
    const text = other[position] ?? '';
    if (!text.includes('*')) continue;
    const [otherHead, otherTail] = cut(text);
    if (otherHead === head && otherTail.length > tail.length && otherTail.endsWith(tail)) longer.add(otherTail);
  }
  return `${head}${'*'.repeat(1 + longer.size)}${tail}`;
}
