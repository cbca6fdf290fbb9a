// What the tests of the core start from, written as a user would write it: patterns, credentials and images as texts.
import type { Credential } from '../../src/core/credential.ts';
import { type ImageReference, parseImage } from '../../src/core/image.ts';
import { type Pattern, parsePattern } from '../../src/core/pattern.ts';
import { type LabelSelector, parseSelector } from '../../src/core/selector.ts';

export function patternOf(text: string): Pattern {
  const parsed = parsePattern(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

export function imageOf(text: string): ImageReference {
  const image = parseImage(text);
  if (image === undefined) throw new Error(`${text} is not an image`);
  return image;
}

export function selectorOf(text: string): LabelSelector {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export interface CredentialOptions {
  readonly except?: readonly string[];
  /** As `kubectl -l` has it. */
  readonly namespaces?: string;
  /** The patterns without a login. */
  readonly missing?: readonly string[];
}

export function credential(name: string, match: readonly string[], options: CredentialOptions = {}): Credential {
  return {
    name,
    patterns: match.map((text) => ({ pattern: patternOf(text), hasLogin: !options.missing?.includes(text) })),
    except: (options.except ?? []).map(patternOf),
    ...(options.namespaces !== undefined && { namespaces: selectorOf(options.namespaces) }),
  };
}
