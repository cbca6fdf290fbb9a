// The kubelet's credential provider protocol (KEP-2133; k8s.io/kubelet/pkg/apis/credentialprovider/v1): a request with an image on
// stdin, logins by key on stdout. The cloud vendors' plugins work as they are. The image is made up from a configured
// pattern, never from a request. The surprising rule: `cacheKeyType` says how widely the kubelet may cache an answer, and all
// three kinds mean the same to us. Google's plugin says `Image` of a token that opens every registry of Google's, Amazon's and
// Azure's say `Registry`; what a login is for is said by the keys, and we take from them only what covers our patterns.
import { parseDuration } from '../config/duration.ts';
import { DOCKER_HUB } from '../core/image.ts';
import type { Pattern } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';
import type { Parsed } from '../core/selector.ts';
import { isObject, loginOfEntry } from './entry-login.ts';
import { patternOfKey, showKey } from './entry-scope.ts';
import { type AskProgram, type ExecAnswer, failed } from './exec-answer.ts';
import { runProgram } from './program.ts';

export interface ProviderSettings {
  readonly command: string;
  readonly args: readonly string[];
  readonly apiVersion: string;
  /** Complete: what the program may see. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const CACHE_KEY_TYPES: readonly unknown[] = ['Image', 'Registry', 'Global'];
/** For a host without a literal path: providers look at the host alone, but want an image. */
const ANY_REPOSITORY = 'pullpass/login';

export function credentialProvider(settings: ProviderSettings): AskProgram {
  const { apiVersion, ...program } = settings;
  return async (patterns, signal) => {
    const image = imageFor(patterns);
    if (image === undefined) return failed('no-login', 'there is no pattern to ask for');
    const input = JSON.stringify({ kind: 'CredentialProviderRequest', apiVersion, image });
    const result = await runProgram({ ...program, input, signal });
    return result.ok ? readResponse(result.stdout, apiVersion) : failed(result.failure, result.problem);
  };
}

/** The first pattern whose path is literal gives the repository. */
function imageFor(patterns: readonly Pattern[]): string | undefined {
  const [first] = patterns;
  if (first === undefined) return undefined;
  const host = authorityOf(first);
  const literal = patterns.find(({ path }) => path.length > 0 && !path.some((segment) => segment.includes('*')));
  if (literal === undefined) return `${host}/${ANY_REPOSITORY}`;
  const repository = literal.path.join('/');
  // On Docker Hub a single segment would be read as one of `library/`.
  const isFolder = literal.below || (host === DOCKER_HUB && literal.path.length === 1);
  return `${host}/${repository}${isFolder ? '/login' : ''}`;
}

export function readResponse(text: string, apiVersion: string): ExecAnswer {
  let response: unknown;
  try {
    response = JSON.parse(text);
  } catch {
    return failed('unreadable', 'its answer is not JSON');
  }
  if (!isObject(response)) return failed('unreadable', 'its answer is not a JSON object');
  if (response.kind !== 'CredentialProviderResponse' || response.apiVersion !== apiVersion) {
    return failed('unreadable', `its answer is not a CredentialProviderResponse of ${apiVersion}`);
  }
  if (!CACHE_KEY_TYPES.includes(response.cacheKeyType)) {
    return failed('unreadable', 'its answer has no cacheKeyType of Image, Registry and Global');
  }
  const holdsMs = readDuration(response.cacheDuration);
  if (holdsMs === 'unreadable') return failed('unreadable', 'the cacheDuration of its answer is not a duration');
  if (holdsMs !== undefined && holdsMs < 0) return failed('expired', 'its answer has expired already');
  const auth = response.auth ?? {};
  if (!isObject(auth)) return failed('unreadable', '"auth" of its answer is not an object');
  return { ok: true, holdsMs: holdsMs === 0 ? undefined : holdsMs, ...readAuth(auth) };
}

function readAuth(auth: Readonly<Record<string, unknown>>) {
  const entries = [];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(auth)) {
    const pattern = patternOfAnswer(key);
    const login = loginOfEntry(value);
    // Azure's plugin allows the anonymous pull of every host of Azure's in this way, beside the login that it has.
    if (!login.ok && 'empty' in login) continue;
    if (!pattern.ok) problems.push(`key ${showKey(key)} of its answer cannot be used: ${pattern.problem}`);
    else if (!login.ok) problems.push(`entry ${showKey(key)} of its answer cannot be used: ${login.problem}`);
    else entries.push({ pattern: pattern.value, login: login.value });
  }
  return { entries, problems };
}

/**
 * The kubelet takes globs anywhere in a host. Our own patterns do not in the last two labels, but here they do no harm: a login
 * goes to no other host than the literal one that was asked about.
 */
function patternOfAnswer(key: string): Parsed<Pattern> {
  const pattern = patternOfKey(key);
  const [, host = '', rest = ''] = /^(?:https?:\/\/)?([^/:@?#]*\*[^/:@?#]*)([^@]*)$/.exec(key) ?? [];
  if (pattern.ok || host === '') return pattern;
  const example = host.replace(/\*+/g, 'x');
  const literal = patternOfKey(example + rest);
  if (!literal.ok) return pattern;
  const text = host + literal.value.text.slice(example.length);
  return { ok: true, value: { ...literal.value, text, host: host.split('.') } };
}

/** meta/v1 Duration: Go's text form, with a sign and fractions. */
function readDuration(value: unknown): number | undefined | 'unreadable' {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return 'unreadable';
  const negative = value.startsWith('-');
  const ms = parseDuration(value.replace(/^[-+]/, ''));
  if (ms === undefined) return 'unreadable';
  return negative ? -ms : ms;
}
