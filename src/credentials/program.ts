// Runs a program that is asked for a login: an argument list, never a shell; its input, then the end of it; its output up to
// a limit; killed with everything that it started when its time is up. It must never reject, and no message may hold what
// the program printed but in a form in which no login can be.
import { type ChildProcess, spawn } from 'node:child_process';
import { kill as killByPid } from 'node:process';

export interface ProgramCall {
  /** A path, or a name to be found in the PATH of `env`. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  readonly timeoutMs: number;
  /** Kills it. */
  readonly signal?: AbortSignal;
}

export type ProgramFailure = 'not-found' | 'not-executable' | 'timeout' | 'exit' | 'too-much-output' | 'stopped';

export type ProgramResult =
  | { readonly ok: true; readonly stdout: string }
  | {
      readonly ok: false;
      readonly failure: ProgramFailure;
      /** In words, safe to be shown. */
      readonly problem: string;
      /** What it printed all the same, for callers that know what may stand there. */
      readonly stdout: string;
    };

const STDOUT_MAX = 1024 * 1024;
const STDERR_MAX = 8 * 1024;
const SHOWN_MAX = 200;
/** So long is waited for pipes that somebody holds who left the group. */
const LEFT_BEHIND_MS = 500;

export function runProgram(call: ProgramCall): Promise<ProgramResult> {
  const { command, args, env, input, timeoutMs, signal } = call;
  return new Promise((resolve) => {
    // A group of its own: what it started holds our pipes too, and must end with it.
    const child = spawn(command, args, { env, detached: true, shell: false, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = collect(child);
    let verdict: ProgramFailure | undefined;
    let settled = false;

    function end(failure: ProgramFailure): void {
      verdict ??= failure;
      kill(child);
    }

    function settle(result: ProgramResult): void {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      kill(child);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      resolve(result);
    }

    function fail(failure: ProgramFailure, problem: string): void {
      settle({ ok: false, failure, problem, stdout: output.stdout() });
    }

    const stop = (): void => end('stopped');
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    output.onTooMuch(() => end('too-much-output'));
    child.on('error', (error) => fail(...startFailure(error, command)));
    child.on('exit', (code, killedBy) => {
      const finish = (): void => {
        if (verdict !== undefined) fail(verdict, verdictProblem(verdict, timeoutMs));
        else if (code === 0) settle({ ok: true, stdout: output.stdout() });
        else fail('exit', exitProblem(code, killedBy, output.stderr(), env));
      };
      // What it left behind holds the pipes; with it gone they close, and all that was printed has arrived.
      kill(child);
      child.on('close', finish);
      setTimeout(finish, LEFT_BEHIND_MS).unref();
    });
    // A program that does not read its input closes it: no fault of its answer.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function collect(child: ChildProcess) {
  const chunks: Buffer[] = [];
  let size = 0;
  let stderr = '';
  let tooMuch: () => void = () => undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > STDOUT_MAX) tooMuch();
    else chunks.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < STDERR_MAX) stderr += chunk.toString('utf8');
  });
  return {
    stdout: () => Buffer.concat(chunks).toString('utf8'),
    stderr: () => stderr,
    onTooMuch(callback: () => void) {
      tooMuch = callback;
    },
  };
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    killByPid(-pid, 'SIGKILL');
  } catch {
    // The whole group is gone already.
  }
}

function startFailure(error: Error, command: string): [ProgramFailure, string] {
  const code = 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT') return ['not-found', `the program "${command}" is not there`];
  return ['not-executable', `the program "${command}" cannot be started: ${code}`];
}

function verdictProblem(failure: ProgramFailure, timeoutMs: number): string {
  if (failure === 'timeout') return `it gave no answer within ${timeoutMs / 1_000} s and was killed`;
  if (failure === 'too-much-output') return `it printed more than ${STDOUT_MAX} bytes and was killed`;
  return 'it was stopped';
}

function exitProblem(
  code: number | null,
  killedBy: string | null,
  stderr: string,
  env: Readonly<Record<string, string>>,
): string {
  const said = showable(stderr, Object.values(env));
  return `it ended with ${code === null ? `signal ${killedBy}` : `code ${code}`}${said === '' ? '' : `: ${said}`}`;
}

/**
 * What a program said on stderr, for people: the first line, short, without values of its environment and without anything that could
 * be a login. Words that could be a token are replaced, rather one too many than one too few.
 */
export function showable(stderr: string, secrets: readonly string[]): string {
  let text = (stderr.split('\n').find((line) => line.trim() !== '') ?? '').slice(0, 1_000);
  for (const secret of secrets) if (secret.length >= 4) text = text.replaceAll(secret, '…');
  const words = text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
    .replace(/\S+:\S+@/g, '…@')
    .replace(/((?:pass(?:word|wd)?|secret|token|auth\w*|key|credential|bearer|basic)\w*["']?\s*[:= ]\s*)\S+/gi, '$1…')
    .replace(/[A-Za-z0-9+/=_.-]{16,}/g, (word) => (looksLikeToken(word) ? '…' : word))
    .trim();
  return words.length <= SHOWN_MAX ? words : `${words.slice(0, SHOWN_MAX - 1)}…`;
}

/** Host names and paths have dots or slashes between plain words; a token mixes letters and digits. */
function looksLikeToken(word: string): boolean {
  return word.split(/[./-]/).some((part) => part.length >= 12 && /[0-9]/.test(part) && /[A-Za-z]/.test(part));
}
