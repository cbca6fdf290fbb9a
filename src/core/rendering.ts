// What the pull Secret of a namespace should hold, rendered once for each set of credentials that namespaces may use: ten
// thousand namespaces share a handful. Admission and sync ask here, so that both mean the same bytes. The surprising rule:
// of the labels of a namespace only those count that any selector reads, so that a pass over all of them leaves next to nothing
// for the garbage collector.
import type { Credential, Logins } from './credential.ts';
import { planKeys } from './key-plan.ts';
import type { Candidate, Policy } from './policy.ts';
import {
  isReadable,
  type PullSecretContent,
  type PullSecretSettings,
  type PullSecretType,
  pullSecretMetadata,
  readEntries,
  renderPullSecret,
} from './pull-secret.ts';
import type { Labels } from './selector.ts';
import { markText } from './surroundings.ts';

/** A pattern of a credential that an image was served by. */
export interface Need {
  readonly credential: string;
  readonly pattern: string;
}

export interface Rendering {
  /** The credentials that the namespace may use, in order, whether they have a login or not. */
  readonly admitted: readonly Credential[];
  /** undefined: too large, or the host globs overlap in too many ways. */
  readonly content: PullSecretContent | undefined;
  /** Of `content.value`, base64-encoded, as the view computes it of what is there; empty without content. */
  readonly digest: string;
  /** A digest of each entry of `content`, by its key, as the view computes it of what is there. */
  readonly entries: ReadonlyMap<string, string>;
  /** The labels and annotations that it should carry, as `markText` writes them. */
  readonly marks: string;
  /**
   * Keys of the patterns that have no login just now, each with the name of its credential: one that is there now would be lost
   * by writing the content alone.
   */
  readonly lacking: ReadonlyMap<string, string>;
  /** The keys that stand for a pattern of a credential. */
  keysOf(need: Need): readonly string[];
}

export interface Renderings {
  readonly settings: PullSecretSettings;
  /** @param type absent: that of the settings */
  of(namespace: Labels, type?: PullSecretType): Rendering;
}

/** @param digestOf of a value as it stands in `data` of a Secret, and of an entry */
export function compileRenderings(
  policy: Policy,
  logins: Logins,
  settings: PullSecretSettings,
  digestOf: (base64: string) => string,
): Renderings {
  const keys = selectedKeys(policy.credentials);
  const byScope = new Map<string, Rendering>();
  const bySet = new Map<string, Rendering>();
  const position = new Map(policy.credentials.map((credential, i) => [credential, i]));

  function ofSet(namespace: Labels, type: PullSecretType): Rendering {
    const admitted = policy.admitted(namespace);
    const set = `${type} ${admitted.map((credential) => position.get(credential)).join()}`;
    const known = bySet.get(set);
    if (known !== undefined) return known;
    const rendering = render(admitted, logins, { ...settings, type }, digestOf);
    bySet.set(set, rendering);
    return rendering;
  }

  return {
    settings,
    of(namespace, type = settings.type) {
      const scope = scopeOf(namespace, keys, type);
      const known = byScope.get(scope);
      if (known !== undefined) return known;
      if (byScope.size >= SCOPES_MAX) byScope.clear();
      const rendering = ofSet(namespace, type);
      byScope.set(scope, rendering);
      return rendering;
    },
  };
}

/** Labels by which namespaces differ as far as any credential is concerned are few; names of namespaces, say, are not. */
const SCOPES_MAX = 20_000;

/** The labels that any selector reads. */
function selectedKeys(credentials: readonly Credential[]): readonly string[] {
  const keys = credentials.flatMap(({ namespaces }) => [
    ...Object.keys(namespaces?.matchLabels ?? {}),
    ...(namespaces?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  return [...new Set(keys)];
}

/** One text for all namespaces that no selector tells apart. A label that is not there differs from an empty one. */
function scopeOf(namespace: Labels, keys: readonly string[], type: PullSecretType): string {
  let scope: string = type;
  for (const key of keys) scope += Object.hasOwn(namespace, key) ? `\n=${namespace[key]}` : '\n';
  return scope;
}

function render(
  admitted: readonly Credential[],
  logins: Logins,
  settings: PullSecretSettings,
  digestOf: (base64: string) => string,
): Rendering {
  const content = renderPullSecret(admitted, logins, settings.type);
  const keys = new Map<string, string[]>();
  for (const [key, { credential, pattern }] of content?.keys ?? []) {
    const id = `${credential.name} ${pattern.text}`;
    keys.set(id, [...(keys.get(id) ?? []), key]);
  }
  return {
    admitted,
    content,
    digest: content === undefined ? '' : digestOf(encodeData(content.value)),
    entries: entryDigests(content?.value ?? '', digestOf),
    marks: content === undefined ? '' : marksOf(settings, content),
    lacking: lackingKeys(admitted, content),
    keysOf: ({ credential, pattern }) => keys.get(`${credential} ${pattern}`) ?? [],
  };
}

/** @param unwantedSince of a pull Secret that nobody is meant to use any more */
export function marksOf(
  settings: PullSecretSettings,
  content: Pick<PullSecretContent, 'credentials'>,
  unwantedSince?: number,
): string {
  const { labels, annotations } = pullSecretMetadata(settings, content, unwantedSince);
  return markText(labels, annotations);
}

/** Of each entry; empty for one that is not fit to stay. @param value a docker config of either format @param digestOf of any text */
export function entryDigests(value: string, digestOf: (text: string) => string): ReadonlyMap<string, string> {
  const digests = [...readEntries(value)].map(([key, entry]): [string, string] => [
    key,
    isReadable(entry) ? digestOf(JSON.stringify(entry)) : '',
  ]);
  return new Map(digests);
}

export function encodeData(value: string): string {
  return Buffer.from(value).toString('base64');
}

function lackingKeys(
  admitted: readonly Credential[],
  content: PullSecretContent | undefined,
): ReadonlyMap<string, string> {
  const idOf = ({ credential, pattern }: Pick<Candidate, 'credential' | 'pattern'>) =>
    `${credential.name} ${pattern.text}`;
  const without = new Set(
    admitted.flatMap((credential) =>
      credential.patterns.flatMap(({ pattern, hasLogin }) => (hasLogin ? [] : [idOf({ credential, pattern })])),
    ),
  );
  if (without.size === 0) return new Map();
  const complete = admitted.map((credential) => ({
    ...credential,
    patterns: credential.patterns.map(({ pattern }) => ({ pattern, hasLogin: true })),
  }));
  const keys = (planKeys(complete) ?? []).filter(
    // A key that others need beside them has their present login or none, never the one of before.
    ({ key, candidate }) => without.has(idOf(candidate)) && !content?.keys.has(key),
  );
  return new Map(keys.map(({ key, candidate }): [string, string] => [key, candidate.credential.name]));
}
