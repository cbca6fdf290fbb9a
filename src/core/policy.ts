// Which credential serves an image in a namespace. The most specific pattern wins: longest path in segments, then most
// literal host labels, then the order of the credentials. Excepted images, credentials that are not for the namespace
// and patterns without a login are passed over; the answer says which of these was the last obstacle.
import type { Credential } from './credential.ts';
import { type ImageReference, parseImage } from './image.ts';
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
  /** The same for an image as it is written; undefined: it is no image reference. Images that come again cost next to nothing. */
  chooseFor(image: string, namespace: Labels): Choice | undefined;
  /** The credentials that a namespace with these labels may use, in order: what its pull Secret holds. */
  admitted(namespace: Labels): readonly Credential[];
}

/** @param credentials in the order of the configuration; their names must be unique */
export function compilePolicy(credentials: readonly Credential[]): Policy {
  const candidatesFor = indexByPlace(rank(credentials));
  const coveringFor = (image: ImageReference): readonly Covering[] => coveringOf(candidatesFor(image), image);
  const remembered = new Map<string, readonly Covering[] | undefined>();

  function recall(text: string): readonly Covering[] | undefined {
    const known = remembered.get(text);
    if (known !== undefined || remembered.has(text)) return known;
    const image = parseImage(text);
    const covering = image && coveringFor(image);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    if (text.length <= REMEMBERED_LENGTH) remembered.set(text, covering);
    return covering;
  }

  return {
    credentials,
    choose: (image, namespace) => choose(coveringFor(image), namespace),
    chooseFor(text, namespace) {
      const covering = recall(text);
      return covering && choose(covering, namespace);
    },
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

/** More images than a cluster runs, and longer names than they have: what is remembered stays within a few MiB. */
const REMEMBERED_MAX = 4_096;
const REMEMBERED_LENGTH = 512;

/** A candidate whose pattern covers the image, wherever that is to run. */
interface Covering {
  readonly candidate: Candidate;
  readonly isExcepted: boolean;
}

function coveringOf(candidates: readonly Candidate[], image: ImageReference): readonly Covering[] {
  return candidates
    .filter(({ pattern }) => covers(pattern, image))
    .map((candidate) => ({
      candidate,
      isExcepted: candidate.credential.except.some((pattern) => covers(pattern, image)),
    }));
}

function choose(covering: readonly Covering[], namespace: Labels): Choice {
  let excepted = false;
  let notAllowed = false;
  let noLogin = false;
  for (const { candidate, isExcepted } of covering) {
    if (isExcepted) excepted = true;
    else if (!admits(candidate.credential, namespace)) notAllowed = true;
    else if (!candidate.hasLogin) noLogin = true;
    else return { reason: 'served', candidate };
  }
  if (noLogin) return { reason: 'no-login' };
  if (notAllowed) return { reason: 'not-allowed' };
  return { reason: excepted ? 'excepted' : 'no-credential' };
}

/**
 * By host and first segment of the path, globs by a scan of the few there are: hundreds of credentials cost an image two look-ups,
 * also where all are on one host.
 */
function indexByPlace(ranked: readonly Candidate[]): (image: ImageReference) => readonly Candidate[] {
  const literal = new Map<string, Candidate[]>();
  const globs: Candidate[] = [];
  for (const candidate of ranked) {
    if (candidate.pattern.host.some(isGlob)) globs.push(candidate);
    else {
      const place = placeOf(authorityOf(candidate.pattern), candidate.pattern.path[0]);
      const list = literal.get(place);
      if (list === undefined) literal.set(place, [candidate]);
      else list.push(candidate);
    }
  }
  const order = new Map(ranked.map((candidate, position) => [candidate, position]));
  const byOrder = (a: Candidate, b: Candidate): number => (order.get(a) ?? 0) - (order.get(b) ?? 0);
  return ({ host, repository }) => {
    const lists = [
      literal.get(placeOf(host, repository.split('/', 1)[0])) ?? [],
      literal.get(placeOf(host, undefined)) ?? [],
      globs.filter(({ pattern }) => coversHost(pattern, host)),
    ].filter((list) => list.length > 0);
    return lists.length > 1 ? lists.flat().sort(byOrder) : (lists[0] ?? []);
  };
}

/** @param segment the first of the path; one that is a glob, or none, may be any */
function placeOf(host: string, segment: string | undefined): string {
  return segment === undefined || isGlob(segment) ? host : `${host}/${segment}`;
}

function isGlob(part: string): boolean {
  return part.includes('*');
}

export function authorityOf(pattern: Pattern): string {
  const host = pattern.host.join('.');
  return pattern.port === undefined ? host : `${host}:${pattern.port}`;
}
