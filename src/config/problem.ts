// What is wrong with a configuration, one thing at a time, as a value that prints as one line. It must never hold a login:
// `found` and every key in a path are only ever texts that passed `isShowable`, and values under keys that we do not know
// are not taken at all.
import { isShowable } from './match.ts';
import type { Path } from './yaml-text.ts';

export interface Problem {
  /** `file:line:column`. */
  readonly where: string;
  /** `credentials[2].match[0]`; empty for the file as a whole. */
  readonly path: string;
  /** What the user wrote, if it may be shown. */
  readonly found?: string;
  /** What is wrong with it, with a hint. */
  readonly problem: string;
}

/** `pullpass.yaml:7:12 credentials[2].match[0] "https://ghcr.io": a pattern has no scheme, did you mean "ghcr.io"?` */
export function describeProblem({ where, path, found, problem }: Problem): string {
  const place = [where, path, found === undefined ? '' : JSON.stringify(found)].filter((part) => part !== '');
  return `${place.join(' ')}: ${problem}`;
}

/** A key may be `user:password@host` in the wrong place: one that must not be shown leaves only a mark. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (/^[A-Za-z][A-Za-z0-9_-]*$/.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += isShowable(segment) ? `[${JSON.stringify(segment)}]` : '[a key that is not shown]';
  }
  return text;
}
