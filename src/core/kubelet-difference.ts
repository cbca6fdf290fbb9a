// Where the kubelet's key language cannot follow the decision. Each class is forced: there is no set of keys without it.
// docs/kubelet-keys.md has a row for each; the differential test counts them and allows nothing else.
import type { ImageReference } from './image.ts';
import { hasGlob, type PlannedKey } from './key-plan.ts';
import { covers } from './pattern.ts';
import type { Candidate } from './policy.ts';

export const DIFFERENCE_CLASSES = {
  'path-glob':
    'a key holds no glob in its path, so it reaches up to the glob: wider than the pattern, on the same host',
  except: 'a key cannot except a path below it, so the login is tried there too',
  'string-prefix':
    'a key is compared as a string, so `/acme` is tried for `/acme-labs` too; a `/` at the end prevents it',
} as const;

export type DifferenceClass = keyof typeof DIFFERENCE_CLASSES;

/**
 * @param chosen what the decision gives to the image
 * @param tried the key whose login the kubelet tries first
 * @returns undefined if they agree, or if no class explains why they do not
 */
export function differenceClass(
  image: ImageReference,
  chosen: Candidate | undefined,
  tried: PlannedKey | undefined,
): DifferenceClass | undefined {
  if (tried === undefined || sameCandidate(chosen, tried.candidate)) return undefined;
  const { pattern, credential } = tried.candidate;
  if (hasGlob(pattern.path) || (chosen !== undefined && hasGlob(chosen.pattern.path))) return 'path-glob';
  if (covers(pattern, image) && credential.except.some((except) => covers(except, image))) return 'except';
  return splitsSegment(tried.key, image) ? 'string-prefix' : undefined;
}

/** The same pattern of the same credential: the keys and the decision each rank the candidates for themselves. */
export function sameCandidate(a: Candidate | undefined, b: Candidate | undefined): boolean {
  return a?.credential === b?.credential && a?.pattern === b?.pattern;
}

function splitsSegment(key: string, image: ImageReference): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return false;
  const path = key.slice(slash).replace(/^\/v[12]\//, '/');
  const repository = `/${image.repository}`;
  return !path.endsWith('/') && repository.startsWith(path) && !['', '/'].includes(repository.charAt(path.length));
}
