// The kubelet's credential provider protocol (KEP-2133; k8s.io/kubelet/pkg/apis/credentialprovider/v1): a request with an image on
// stdin, logins by key on stdout. The cloud vendors' plugins work as they are. The image is made up from a configured
// pattern, never from a request. The surprising rule: `cacheKeyType` says how widely the kubelet may cache an answer; as we
// take from it only what covers the patterns of a host, all three kinds mean the same to us.
import { parseDuration } from '../config/duration.ts';
import type { Pattern } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';
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
  const literal = patterns.find(({ path }) => path.length > 0 && !path.some((segment) => segment.includes('*')));
  const below = literal?.below ? '/login' : '';
  return `${authorityOf(first)}/${literal === undefined ? ANY_REPOSITORY : `${literal.path.join('/')}${below}`}`;
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
    const pattern = patternOfKey(key);
    const login = loginOfEntry(value);
    if (!pattern.ok) problems.push(`key ${showKey(key)} of its answer cannot be used: ${pattern.problem}`);
    else if (!login.ok) problems.push(`entry ${showKey(key)} of its answer cannot be used: ${login.problem}`);
    else entries.push({ pattern: pattern.value, login: login.value });
  }
  return { entries, problems };
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
