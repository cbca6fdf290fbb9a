// Why there was no answer from the API server, and the time limit of a call. It must never carry the text of another error:
// a parser or an exec plugin may quote what it read, and what it read may be a login.

export type Unavailability = 'timeout' | 'aborted' | 'refused' | 'transport' | 'unreadable' | 'unauthenticated';

/** The lack of an answer. `kind` says whose turn it is: ours (timeout, aborted) or the network's. */
export class ApiUnavailable extends Error {
  override readonly name = 'ApiUnavailable';
  readonly kind: Unavailability;
  constructor(kind: Unavailability, message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface TimeLimit {
  /** Aborts when the time is up, or with the outer signal. */
  readonly signal: AbortSignal;
  /** Must be called, or a timer and a listener stay behind. */
  end(): void;
}

const TIMED_OUT = Symbol('timed out');

export function timeLimit(timeoutMs: number, outer: AbortSignal | undefined): TimeLimit {
  const controller = new AbortController();
  const follow = () => controller.abort();
  const timer = setTimeout(() => controller.abort(TIMED_OUT), Math.max(0, timeoutMs));
  outer?.addEventListener('abort', follow, { once: true });
  if (outer?.aborted) follow();
  function end(): void {
    clearTimeout(timer);
    outer?.removeEventListener('abort', follow);
  }
  return { signal: controller.signal, end };
}

/** For what knows no signal itself: it goes on, but nobody waits for it any longer. */
export function givenUpWith<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new ApiUnavailable('aborted', 'given up'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** @param what the verb and resource, for the message */
export function unavailable(error: unknown, signal: AbortSignal, what: string): ApiUnavailable {
  if (signal.reason === TIMED_OUT) return new ApiUnavailable('timeout', `${what}: no answer in time`);
  if (signal.aborted) return new ApiUnavailable('aborted', `${what}: given up`);
  if (error instanceof ApiUnavailable) return new ApiUnavailable(error.kind, `${what}: ${error.message}`);
  if (error instanceof SyntaxError) return new ApiUnavailable('unreadable', `${what}: the answer is not JSON`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause';
  return new ApiUnavailable(kindOf(code), `${what}: the API server cannot be reached (${code})`);
}

function kindOf(code: string): Unavailability {
  if (code === 'ECONNREFUSED') return 'refused';
  return /TIMEOUT|ETIMEDOUT/.test(code) ? 'timeout' : 'transport';
}
