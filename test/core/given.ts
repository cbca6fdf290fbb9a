// What the tests of the core start from, written as a user would write it: patterns, credentials and images as texts.
import type { Credential } from '../../src/core/credential.ts';
import { type ImageReference, parseImage } from '../../src/core/image.ts';
import { type Pattern, parsePattern } from '../../src/core/pattern.ts';
import { type LabelSelector, parseSelector } from '../../src/core/selector.ts';
import type { Workload } from '../../src/core/workload.ts';

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

/** An object of the kind whose pod spec is this one; `beside` stands beside the pod spec, as a template's metadata does. */
export function objectOf(workload: Workload, podSpec: unknown, beside: object = {}): Record<string, unknown> {
  const last = workload.podSpec.at(-1) ?? '';
  let object: Record<string, unknown> = { ...beside, [last]: podSpec };
  for (const segment of workload.podSpec.slice(0, -1).toReversed()) object = { [segment]: object };
  return object;
}
