// Docker's credential helpers (docker/docker-credential-helpers): `docker-credential-NAME get` with the registry on stdin and a
// login on stdout. The surprising rules: Docker Hub is asked for by its old address, "not found" is said on stdout, and the
// username `<token>` stands for an identity token, which the kubelet cannot use.
import { DOCKER_HUB } from '../core/image.ts';
import { parsePattern } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';
import { fieldOf, isObject, loginOfEntry } from './entry-login.ts';
import { type AskProgram, type ExecAnswer, failed } from './exec-answer.ts';
import { runProgram } from './program.ts';

export interface HelperSettings {
  /** The NAME of docker-credential-NAME. */
  readonly name: string;
  /** Complete: what the program may see. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const HUB_SERVER = 'https://index.docker.io/v1/';

export function credentialHelper({ name, env, timeoutMs }: HelperSettings): AskProgram {
  const call = { command: `docker-credential-${name}`, args: ['get'], env, timeoutMs };
  return async (patterns, signal) => {
    const [first] = patterns;
    if (first === undefined) return failed('no-login', 'there is no pattern to ask for');
    const host = authorityOf(first);
    const result = await runProgram({ ...call, input: host === DOCKER_HUB ? HUB_SERVER : host, signal });
    if (result.ok) return readAnswer(result.stdout, host);
    const notFound = result.failure === 'exit' && /credentials not found/i.test(result.stdout.slice(0, 1_000));
    return notFound ? failed('no-login', `it has no login for ${host}`) : failed(result.failure, result.problem);
  };
}

function readAnswer(text: string, host: string): ExecAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return failed('unreadable', 'its answer is not JSON');
  }
  if (!isObject(answer)) return failed('unreadable', 'its answer is not a JSON object');
  const [username, password] = [fieldOf(answer, 'Username'), fieldOf(answer, 'Secret')];
  if (username === '<token>') return failed('no-login', 'it has only an identity token, which the kubelet ignores');
  const login = loginOfEntry({ username, password });
  const pattern = parsePattern(host);
  if (!login.ok) return failed('no-login', `its answer cannot be used: ${login.problem}`);
  if (!pattern.ok) return failed('unreadable', pattern.problem);
  return { ok: true, entries: [{ pattern: pattern.value, login: login.value }], holdsMs: undefined, problems: [] };
}
