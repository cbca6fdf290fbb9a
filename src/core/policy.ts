// Which credential serves an image in a namespace. The most specific pattern wins: longest path in segments, then most
// literal host labels, then the order of the credentials. Excepted images, credentials that are not for the namespace
// and patterns without a login are passed over; the answer says which of these was the last obstacle.
import type { Credential } from './credential.ts';
import type { ImageReference } from './image.ts';
import { compareSpecificity, covers, coversHost, type Pattern } from './pattern.ts';
import type { ImageReason } from './reason.ts';
import { type Labels, selects } from './selector.ts';

/** One pattern of one credential: what is chosen for an image, and what a key of the pull Secret stands for. */
export interface Candidate {
  readonly credential: Credential;
  readonly pattern: Pattern;
  readonly hasLogin: boolean;
}

export type Choice =
  | { readonly reason: 'served'; readonly candidate: Candidate }
  | { readonly reason: Exclude<ImageReason, 'served' | 'invalid-reference'> };

export interface Policy {
  readonly credentials: readonly Credential[];
  choose(image: ImageReference, namespace: Labels): Choice;
  /** The credentials that a namespace with these labels may use, in order: what its pull Secret holds. */
  admitted(namespace: Labels): readonly Credential[];
}

/** @param credentials in the order of the configuration; their names must be unique */
export function compilePolicy(credentials: readonly Credential[]): Policy {
  const candidatesFor = indexByHost(rank(credentials));
  return {
    credentials,
    choose: (image, namespace) => choose(candidatesFor(image.host), image, namespace),
    admitted: (namespace) => credentials.filter((credential) => admits(credential, namespace)),
  };
}

export function admits(credential: Credential, namespace: Labels): boolean {
  return credential.namespaces === undefined || selects(credential.namespaces, namespace);
}

/** Every pattern of the credentials, the most specific first; a stable sort keeps the given order among equals. */
export function rank(credentials: readonly Credential[]): readonly Candidate[] {
  return credentials
    .flatMap((credential) => credential.patterns.map((entry): Candidate => ({ credential, ...entry })))
    .sort((a, b) => compareSpecificity(a.pattern, b.pattern));
}

function choose(candidates: readonly Candidate[], image: ImageReference, namespace: Labels): Choice {
  let excepted = false;
  let notAllowed = false;
  let noLogin = false;
  for (const candidate of candidates) {
    if (!covers(candidate.pattern, image)) continue;
    if (candidate.credential.except.some((pattern) => covers(pattern, image))) excepted = true;
    else if (!admits(candidate.credential, namespace)) notAllowed = true;
    else if (!candidate.hasLogin) noLogin = true;
    else return { reason: 'served', candidate };
  }
  if (noLogin) return { reason: 'no-login' };
  if (notAllowed) return { reason: 'not-allowed' };
  return { reason: excepted ? 'excepted' : 'no-credential' };
}

/** Literal hosts by map, globs by a scan of the few there are: hundreds of credentials cost an image one look-up. */
function indexByHost(ranked: readonly Candidate[]): (host: string) => readonly Candidate[] {
  const literal = new Map<string, Candidate[]>();
  const globs: Candidate[] = [];
  for (const candidate of ranked) {
    if (candidate.pattern.host.some((label) => label.includes('*'))) globs.push(candidate);
    else {
      const host = authorityOf(candidate.pattern);
      const list = literal.get(host);
      if (list === undefined) literal.set(host, [candidate]);
      else list.push(candidate);
    }
  }
  const order = new Map(ranked.map((candidate, position) => [candidate, position]));
  const byOrder = (a: Candidate, b: Candidate): number => (order.get(a) ?? 0) - (order.get(b) ?? 0);
  return (host) => {
    const exact = literal.get(host) ?? [];
    const matching = globs.filter((candidate) => coversHost(candidate.pattern, host));
    return matching.length === 0 ? exact : [...exact, ...matching].sort(byOrder);
  };
}

export function authorityOf(pattern: Pattern): string {
  const host = pattern.host.join('.');
  return pattern.port === undefined ? host : `${host}:${pattern.port}`;
}
