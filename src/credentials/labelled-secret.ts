// A labelled Secret as a credential. Its scope never fails open: an annotation of ours that is unknown or does not parse
// refuses the whole credential, because what it was meant to narrow would otherwise be wide; so does a pattern without a
// login. A bad entry that no pattern needs is passed over. No message holds a login.
import { isShowable, parseMatch } from '../config/match.ts';
import { nearest } from '../config/nearest.ts';
import type { Credential, Login } from '../core/credential.ts';
import { ANNOTATION_EXCEPT, ANNOTATION_MATCH, ANNOTATION_NAMESPACES, ANNOTATION_PREFIX } from '../core/names.ts';
import type { Pattern } from '../core/pattern.ts';
import { isPullSecretType } from '../core/pull-secret.ts';
import { type LabelSelector, type Labels, parseSelector } from '../core/selector.ts';
import { type DockerConfigReading, readDockerConfig } from './docker-config.ts';
import { exceptOf } from './docker-hub.ts';
import { coveringEntry, missingEntryProblem } from './entry-scope.ts';
import type { KeptLogin } from './kept.ts';

export interface LabelledSecret {
  readonly name: string;
  /** Another one under the same name is another Secret. */
  readonly uid: string;
  readonly type: string;
  readonly annotations: Labels;
  /** The docker config in it; undefined if its type or key is another. */
  readonly data: string | undefined;
}

export interface LoadedCredential {
  readonly credential: Credential;
  /** By the text of the pattern. */
  readonly logins: ReadonlyMap<string, KeptLogin>;
}

export type SecretReading = { readonly loaded: LoadedCredential } | { readonly problems: readonly string[] };

/** What the annotations narrow the credential to; undefined where there is no such annotation. */
interface Scope {
  readonly match: readonly Pattern[] | undefined;
  readonly except: readonly Pattern[] | undefined;
  readonly namespaces: LabelSelector | undefined;
}

const OURS = [ANNOTATION_MATCH, ANNOTATION_EXCEPT, ANNOTATION_NAMESPACES];

export function credentialFromSecret(secret: LabelledSecret, requireNamespaces: boolean): SecretReading {
  const { name, annotations } = secret;
  const problems = unknownAnnotations(annotations);
  const scope = scopeOf(annotations, problems);
  if (scope.namespaces === undefined && requireNamespaces && annotations[ANNOTATION_NAMESPACES] === undefined) {
    problems.push(`it needs the annotation ${ANNOTATION_NAMESPACES}, because requireNamespaces is on`);
  }
  const reading = readData(secret, problems);
  const match = distinct(scope.match ?? reading.entries.map(({ pattern }) => pattern));
  const logins = takeLogins(match, reading, problems);
  // Without the annotation every key is a pattern, so a key that cannot be used is a pattern without a login.
  const covered = scope.match !== undefined && logins.size === match.length;
  if (!covered) problems.push(...reading.problems);
  if (problems.length > 0) return { problems };
  const credential: Credential = {
    name,
    patterns: match.map((pattern) => ({ pattern, hasLogin: true })),
    except: exceptOf(match, scope.except),
    ...(scope.namespaces === undefined ? {} : { namespaces: scope.namespaces }),
  };
  return { loaded: { credential, logins } };
}

function readData({ type, data }: LabelledSecret, problems: string[]): DockerConfigReading {
  const nothing = { entries: [], problems: [], broken: new Set<string>(), garbled: true };
  if (!isPullSecretType(type)) {
    problems.push(
      `its type is ${type}, wanted kubernetes.io/dockerconfigjson, make it with kubectl create secret docker-registry`,
    );
    return nothing;
  }
  const format = type === 'kubernetes.io/dockercfg' ? 'dockercfg' : 'dockerconfigjson';
  if (data !== undefined) return readDockerConfig(data, format);
  problems.push(`it has no key .${format}, which Secrets of its type must have`);
  return nothing;
}

function scopeOf(annotations: Labels, problems: string[]): Scope {
  const match = patternsOf(annotations, ANNOTATION_MATCH, problems);
  const except = patternsOf(annotations, ANNOTATION_EXCEPT, problems);
  const text = annotations[ANNOTATION_NAMESPACES];
  if (text === undefined) return { match, except, namespaces: undefined };
  const selector = parseSelector(text);
  if (!selector.ok) {
    const problem = isShowable(text) ? selector.problem : 'wanted a label selector (the text is not shown)';
    problems.push(`annotation ${ANNOTATION_NAMESPACES}: ${problem}`);
  }
  return { match, except, namespaces: selector.ok ? selector.value : undefined };
}

function patternsOf(annotations: Labels, key: string, problems: string[]): readonly Pattern[] | undefined {
  const text = annotations[key];
  if (text === undefined) return undefined;
  const patterns: Pattern[] = [];
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const parsed = parseMatch(part);
    if (parsed.ok) patterns.push(parsed.value);
    else problems.push(`annotation ${key}${isShowable(part) ? ` "${part}"` : ''}: ${parsed.problem}`);
  }
  return patterns;
}

function takeLogins(match: readonly Pattern[], reading: DockerConfigReading, problems: string[]): Map<string, Login> {
  const logins = new Map<string, Login>();
  for (const pattern of match) {
    const entry = coveringEntry(reading.entries, pattern);
    if (entry !== undefined) logins.set(pattern.text, entry.login);
    else if (!reading.garbled) problems.push(missingEntryProblem(pattern, reading.entries));
  }
  return logins;
}

function distinct(patterns: readonly Pattern[]): readonly Pattern[] {
  return [...new Map(patterns.map((pattern) => [pattern.text, pattern])).values()];
}

function unknownAnnotations(annotations: Labels): string[] {
  const known = OURS.map((name) => name.slice(ANNOTATION_PREFIX.length));
  return Object.keys(annotations)
    .filter((key) => key.startsWith(ANNOTATION_PREFIX) && !OURS.includes(key))
    .map((key) => {
      const near = nearest(key.slice(ANNOTATION_PREFIX.length), known);
      const hint = near === undefined ? `known are ${OURS.join(', ')}` : `did you mean "${ANNOTATION_PREFIX}${near}"?`;
      return `annotation ${key} is unknown, ${hint}`;
    });
}
