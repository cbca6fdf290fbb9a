// What the tests of the core start from, written as a user would write it: patterns, credentials and images as texts.
import type { Credential } from '../../src/core/credential.ts';
import { type ImageReference, parseImage } from '../../src/core/image.ts';
import { type Pattern, parsePattern } from '../../src/core/pattern.ts';
import { compilePolicy, type Policy } from '../../src/core/policy.ts';
import type { PullSecretSettings } from '../../src/core/pull-secret.ts';
import { compileRenderings, type Rendering, type Renderings } from '../../src/core/rendering.ts';
import { type LabelSelector, parseSelector } from '../../src/core/selector.ts';
import type { ObservedPullSecret } from '../../src/core/surroundings.ts';
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

export const SETTINGS: PullSecretSettings = {
  name: 'pullpass-dockercfg',
  type: 'kubernetes.io/dockerconfigjson',
  labels: {},
  annotations: {},
  instance: 'pullpass-system',
};

/** What the credentials of a policy make of a pull Secret, each with its own name as username and password. */
export function renderingsOf(policy: Policy, settings: PullSecretSettings = SETTINGS): Renderings {
  const logins = (name: string) => ({ username: name, password: name });
  return compileRenderings(policy, logins, settings, (base64) => `digest of ${base64}`);
}

export function renderingOf(credentials: readonly Credential[], settings?: PullSecretSettings): Rendering {
  return renderingsOf(compilePolicy(credentials), settings).of({});
}

/** A pull Secret of ours as the view has it. */
export function observed(more: Partial<ObservedPullSecret> = {}): ObservedPullSecret {
  return {
    uid: 'u',
    resourceVersion: '1',
    type: SETTINGS.type,
    ours: true,
    credentials: [],
    keys: new Set(),
    entries: new Map(),
    digest: '',
    marks: '',
    immutable: false,
    leaving: false,
    unwantedSince: undefined,
    ...more,
  };
}
