// Patterns say which images a credential serves: `host[:port][/path]`. Host labels and path segments may hold `*`, which
// never crosses a `.` or `/`. `ghcr.io/acme` covers that repository and everything below it, `ghcr.io/acme/` only what
// is below. A host label holds at most one `*`: then the overlap of two host globs is a host glob again, which is what
// lets the keys of a pull Secret follow the decision exactly (docs/decisions/0003-one-star-per-host-label.md).
import { DOCKER_HUB, type ImageReference, isDomain } from './image.ts';
import type { Parsed } from './selector.ts';

export interface Pattern {
  /** Canonical text, unique per meaning: what messages and tables show. */
  readonly text: string;
  /** Host labels in order, each a literal or with one `*`; an IPv6 address in brackets is a single label. */
  readonly host: readonly string[];
  /** As a string: `5000` and `05000` are different ports to the kubelet. Absent is not 443. */
  readonly port: string | undefined;
  /** Path segments, each a literal or a glob; empty: the whole host. */
  readonly path: readonly string[];
  /** It ended with `/`: only repositories below the path, not the path itself. */
  readonly below: boolean;
}

const HOST_LABEL = /^[a-zA-Z0-9*](?:[a-zA-Z0-9*-]*[a-zA-Z0-9*])?$/;
const IPV6 = /^\[[0-9a-fA-F:]*:[0-9a-fA-F:]*\]$/;
const PATH_SEGMENT = /^[a-z0-9*](?:[a-z0-9*._-]*[a-z0-9*])?$/;

export function parsePattern(text: string): Parsed<Pattern> {
  const problem = spellingProblem(text);
  if (problem !== undefined) return { ok: false, problem };
  const slash = text.indexOf('/');
  const authority = slash < 0 ? text : text.slice(0, slash);
  const below = slash >= 0 && slash < text.length - 1 && text.endsWith('/');
  const rest = slash < 0 ? '' : text.slice(slash + 1, below ? -1 : undefined);
  const path = rest === '' ? [] : rest.split('/');
  const [name, port] = splitPort(authority);
  const host = name === 'index.docker.io' ? ['docker', 'io'] : name.startsWith('[') ? [name] : name.split('.');
  const wrong = hostProblem(host, port, text) ?? pathProblem(path, text);
  if (wrong !== undefined) return { ok: false, problem: wrong };
  const canonical = `${host.join('.')}${port === undefined ? '' : `:${port}`}`;
  return { ok: true, value: { text: [canonical, ...path].join('/') + (below ? '/' : ''), host, port, path, below } };
}

/** Splits `host:port`; the port of a bracketed IPv6 address is what follows the bracket. */
export function splitPort(authority: string): readonly [host: string, port: string | undefined] {
  const colon = authority.indexOf(':', authority.lastIndexOf(']') + 1);
  return colon < 0 ? [authority, undefined] : [authority.slice(0, colon), authority.slice(colon + 1)];
}

function spellingProblem(text: string): string | undefined {
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0];
  if (scheme !== undefined) return `a pattern has no scheme, did you mean "${text.slice(scheme.length)}"?`;
  if (text === '') return 'a pattern must not be empty';
  if (/\s/.test(text)) return 'a pattern holds no white space';
  // What stands before an `@` may be a login: it is not repeated.
  if (text.includes('@')) return 'a pattern has no digest and no user, leave out the "@" and what belongs to it';
  if (/[?\\]/.test(text) || /\[(?![0-9a-fA-F:]+\])/.test(text)) return 'the only glob in a pattern is "*"';
  if (text.includes('//')) return `an empty path segment, did you mean "${text.replace(/\/+/g, '/')}"?`;
  return undefined;
}

function hostProblem(host: readonly string[], port: string | undefined, text: string): string | undefined {
  const first = host.join('.');
  if (port !== undefined && !/^[0-9]+$/.test(port)) return `"${port}" is not a port: digits only, without a glob`;
  if (first.startsWith('[')) {
    if (!IPV6.test(first) || !URL.canParse(`https://${first}/`)) return `"${first}" is not an IPv6 address`;
    return port === undefined ? `the kubelet cannot match ${first} without a port, write it with ":port"` : undefined;
  }
  const bad = host.find((label) => !HOST_LABEL.test(label));
  if (bad !== undefined) return `"${bad}" is not a host label in "${first}"`;
  if (host.some((label) => label.indexOf('*') !== label.lastIndexOf('*'))) return 'a host label holds at most one "*"';
  if (host.slice(-2).some((label) => label.includes('*'))) {
    return `a glob in one of the last two labels of "${first}" would send a login to a stranger's host, write them out`;
  }
  const authority = port === undefined ? first : `${first}:${port}`;
  if (!isDomain(authority)) {
    return `"${first}" is not a registry host (an image "${text}" is on Docker Hub), did you mean "${DOCKER_HUB}/${text}"?`;
  }
  return undefined;
}

function pathProblem(path: readonly string[], text: string): string | undefined {
  const last = path.at(-1);
  const tagged = last === undefined ? -1 : last.indexOf(':');
  if (tagged >= 0) return `a pattern has no tag, did you mean "${text.slice(0, text.lastIndexOf(':'))}"?`;
  const bad = path.find((segment) => !PATH_SEGMENT.test(segment));
  if (bad === undefined) return undefined;
  if (bad.toLowerCase() !== bad)
    return `"${bad}": repository names are lower case, did you mean "${bad.toLowerCase()}"?`;
  return `"${bad}" cannot be part of a repository name`;
}

export function covers(pattern: Pattern, image: ImageReference): boolean {
  return coversHost(pattern, image.host) && coversPath(pattern, image.repository);
}

export function coversHost(pattern: Pattern, authority: string): boolean {
  const [name, port] = splitPort(authority);
  if (port !== pattern.port) return false;
  const labels = name.startsWith('[') ? [name] : name.split('.');
  return labels.length === pattern.host.length && pattern.host.every((glob, i) => globMatches(glob, labels[i] ?? ''));
}

export function coversPath(pattern: Pattern, repository: string): boolean {
  if (pattern.path.length === 0) return true;
  const segments = repository.split('/');
  if (segments.length < pattern.path.length + (pattern.below ? 1 : 0)) return false;
  return pattern.path.every((glob, i) => globMatches(glob, segments[i] ?? ''));
}

/** `*` stands for any number of characters, none included; everything else for itself. Linear in glob times text. */
export function globMatches(glob: string, text: string): boolean {
  if (!glob.includes('*')) return glob === text;
  const parts = glob.split('*');
  const head = parts[0] ?? '';
  const tail = parts.at(-1) ?? '';
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - tail.length) return false;
    at = found + part.length;
  }
  return true;
}

/** Negative if `a` is more specific: longest path first (in segments), then most literal host labels. */
export function compareSpecificity(a: Pattern, b: Pattern): number {
  return b.path.length - a.path.length || literalLabels(b) - literalLabels(a);
}

function literalLabels(pattern: Pattern): number {
  return pattern.host.reduce((count, label) => (label.includes('*') ? count : count + 1), 0);
}
