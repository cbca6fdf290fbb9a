// Image references with the grammar of distribution/reference 0.6 (`ParseNormalizedNamed`), which the kubelet uses too.
// Only the name matters here: tag and digest are checked, because an image that does not parse is never pulled, and then
// forgotten. Held to the Go original by a differential test. Surprising but true: without a `/` there is no host, so
// `localhost:5000` is docker.io/library/localhost with the tag 5000.

export interface ImageReference {
  /**
   * `host[:port]` as the kubelet sees it: everything before the first `/` of the normalised name. This is where the
   * kubelet cuts, even where the grammar finds no domain (`a_b.example.com/app` is one long path to it).
   */
  readonly host: string;
  /** The path after the host, at least one component, without tag and digest. */
  readonly repository: string;
}

const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const PATH = `${COMPONENT}(?:/${COMPONENT})*`;
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?(${PATH})(?::${TAG})?(?:@(${DIGEST}))?$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;
/** The algorithms that go-digest knows, each with exactly its length; others are an error there too. */
const KNOWN_DIGEST = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;
const REPOSITORY_MAX = 255;

export const DOCKER_HUB = 'docker.io';
const LEGACY_DOCKER_HUB = 'index.docker.io';

/** @returns undefined if the text is not a valid reference; never throws */
export function parseImage(text: string): ImageReference | undefined {
  if (IDENTIFIER.test(text)) return undefined;
  const [domain, remainder] = splitDomain(text);
  const colon = remainder.indexOf(':');
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) return undefined;
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  const path = match?.[2];
  if (path === undefined || path.length > REPOSITORY_MAX) return undefined;
  const digest = match?.[3];
  if (digest !== undefined && !KNOWN_DIGEST.test(digest)) return undefined;
  const name = match?.[1] === undefined ? path : `${match[1]}/${path}`;
  const slash = name.indexOf('/');
  return { host: name.slice(0, slash), repository: name.slice(slash + 1) };
}

function splitDomain(text: string): readonly [domain: string, remainder: string] {
  const slash = text.indexOf('/');
  if (slash < 0) return [DOCKER_HUB, `library/${text}`];
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  if (!isDomain(first)) return [DOCKER_HUB, text];
  const domain = first === LEGACY_DOCKER_HUB ? DOCKER_HUB : first;
  return [domain, domain === DOCKER_HUB && !rest.includes('/') ? `library/${rest}` : rest];
}

/** Whether the first segment of an image counts as its registry host rather than as the first part of a Docker Hub path. */
export function isDomain(segment: string): boolean {
  return segment === 'localhost' || /[.:]/.test(segment) || segment.toLowerCase() !== segment;
}
