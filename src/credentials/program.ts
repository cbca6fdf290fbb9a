// Runs a program that is asked for a login: an argument list, never a shell; its input, then the end of it; its output up to
// a limit; killed with everything that it started when its time is up. It must never reject, and no message may hold what
// the program printed but in a form in which no login can be.
import { type ChildProcess, spawn } from 'node:child_process';
import { kill as killByPid } from 'node:process';
import { showable, valuesOf } from './program-words.ts';

export { showable } from './program-words.ts';

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
/** So long is waited for pipes that somebody holds who left the group. */
const LEFT_BEHIND_MS = 500;

export async function runProgram(call: ProgramCall): Promise<ProgramResult> {
  if (call.signal?.aborted) return refused('stopped', verdictProblem('stopped', call.timeoutMs));
  const child = start(call);
  if (child instanceof Error) return refused(...startFailure(child, call.command));
  return new Promise((resolve) => follow(child, call, resolve));
}

/** @param settle is called once at least; what comes after the first time says nothing new */
function follow(child: ChildProcess, call: ProgramCall, settle: (result: ProgramResult) => void): void {
  const { command, input, timeoutMs, signal } = call;
  const output = collect(child, () => end('too-much-output'));
  let verdict: ProgramFailure | undefined;

  function end(failure: ProgramFailure): void {
    if (verdict !== undefined) return;
    verdict = failure;
    kill(child);
    // One that cannot be killed, as it waits for a disk that is gone, must not be waited for.
    setTimeout(() => fail(failure, verdictProblem(failure, timeoutMs)), 2 * LEFT_BEHIND_MS).unref();
  }

  function release(): void {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  }

  function fail(failure: ProgramFailure, problem: string): void {
    release();
    settle({ ok: false, failure, problem, stdout: output.stdout() });
  }

  const stop = (): void => end('stopped');
  const timer = setTimeout(() => end('timeout'), timeoutMs);
  signal?.addEventListener('abort', stop, { once: true });
  child.on('error', (error) => fail(...startFailure(error, command)));
  child.on('exit', (code, killedBy) => {
    clearTimeout(timer);
    // What it left behind holds the pipes; with it gone they close, and all that was printed has arrived.
    kill(child);
    const finish = (): void => {
      release();
      if (verdict !== undefined) fail(verdict, verdictProblem(verdict, timeoutMs));
      else if (code !== 0) fail('exit', exitProblem(code, killedBy, output, call));
      else settle({ ok: true, stdout: output.stdout() });
    };
    child.on('close', finish);
    setTimeout(finish, LEFT_BEHIND_MS).unref();
  });
  // A program that does not read its input closes it: no fault of its answer.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
}

function refused(failure: ProgramFailure, problem: string): ProgramResult {
  return { ok: false, failure, problem, stdout: '' };
}

/** Node throws some of the reasons why a program cannot be started, and tells of the others later. */
function start({ command, args, env }: ProgramCall): ChildProcess | Error {
  try {
    // A group of its own: what it starts holds our pipes too, and must end with it.
    return spawn(command, args, { env, detached: true, shell: false, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    return error instanceof Error ? error : new Error('not an error');
  }
}

function collect(child: ChildProcess, tooMuch: () => void) {
  const chunks: Buffer[] = [];
  let size = 0;
  let stderr = '';
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
  output: { stdout(): string; stderr(): string },
  { env, args }: ProgramCall,
): string {
  const said = showable(output.stderr(), [...Object.values(env), ...valuesOf(args)], output.stdout());
  return `it ended with ${code === null ? `signal ${killedBy}` : `code ${code}`}${said === '' ? '' : `: ${said}`}`;
}
