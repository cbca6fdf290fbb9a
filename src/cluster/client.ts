// The one door to the API server: plain JSON over kept-alive connections. An answer of any status is a value; only the lack
// of an answer is an exception. It must never put a header or a body into a message: both hold secrets. Every call, list page
// and start of a watch is told to `onCall`, because "no API call in the steady state" is a promise that is measured.
import type { Dispatcher } from 'undici';
import type { ApiStatus } from './api-object.ts';
import { jsonLines } from './json-lines.ts';
import { type Access, type Choice, openAccess } from './kubeconfig.ts';
import { type Outages, watchOutages } from './outage.ts';
import { SYSTEM_TIME, type Time } from './time.ts';
import { ApiUnavailable, givenUpWith, timeLimit, unavailable } from './unavailable.ts';

export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

export type Verb = 'get' | 'list' | 'patch' | 'create' | 'update' | 'delete';

/** Told once for each call; status 0 means that there was no answer. */
export type OnCall = (verb: Verb | 'watch', resource: string, status: number) => void;

export interface Call {
  readonly verb: Verb;
  /** The plural name, for the metric. */
  readonly resource: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default: application/json. */
  readonly contentType?: string;
  /** Default: application/json. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** For the whole call, answer included. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  /** The parsed JSON; undefined when an error answer held none. */
  readonly body: unknown;
}

export interface StreamCall {
  readonly resource: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The stream fails when nothing arrived for so long. */
  readonly inactivityMs: number;
}

export interface Client {
  /** The namespace of the context, or of the Pod that this process runs in. */
  readonly namespace: string;
  /** @throws ApiUnavailable when there is no answer in time */
  call(call: Call): Promise<Answer>;
  /**
   * The JSON lines of a watch. A refused start is yielded as the one `{type: 'ERROR', object: Status}` that a running stream
   * would carry. @throws ApiUnavailable when the connection breaks, stays silent or carries something else than JSON
   */
  stream(call: StreamCall): AsyncIterable<unknown>;
  /** Ends everything that is under way. */
  close(): Promise<void>;
}

const METHODS = { get: 'GET', list: 'GET', patch: 'PATCH', create: 'POST', update: 'PUT', delete: 'DELETE' } as const;
const HEADERS = { accept: 'application/json', 'user-agent': 'pullpass' };
const WATCH_START_MS = 30_000;

/** What a call travels on. */
interface Line {
  readonly access: Access;
  readonly onCall: OnCall;
  readonly outages: Outages;
}

/** @throws Error with a hint when the kubeconfig cannot be used */
export function connect(
  options: Choice & { readonly onCall?: OnCall; readonly time?: Pick<Time, 'now'> } = {},
): Client {
  const access = openAccess(options, options.time ?? SYSTEM_TIME);
  const outages = watchOutages(() => performance.now(), access.renew);
  const line = { access, onCall: options.onCall ?? (() => undefined), outages };
  return {
    namespace: access.namespace,
    call: (call) => callOn(line, call),
    stream: (call) => streamOn(line, call),
    close: access.close,
  };
}

async function callOn({ access, onCall, outages }: Line, call: Call): Promise<Answer> {
  const { verb, resource, body, contentType = 'application/json', accept = HEADERS.accept } = call;
  const limit = timeLimit(call.timeoutMs, call.signal);
  const began = performance.now();
  let status = 0;
  try {
    const { headers, dispatcher } = await givenUpWith(limit.signal, access.grant());
    const response = await dispatcher.request({
      ...address(access, call),
      method: METHODS[verb],
      headers: { ...HEADERS, accept, ...(body !== undefined && { 'content-type': contentType }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: limit.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const answer = readAnswer(response.statusCode, await response.body.text());
    status = answer.status;
    outages.answered();
    return answer;
  } catch (error) {
    const failure = unavailable(error, limit.signal, `${verb} ${resource}`);
    if (failure.kind === 'timeout' || failure.kind === 'transport' || failure.kind === 'refused') outages.failed(began);
    throw failure;
  } finally {
    limit.end();
    onCall(verb, resource, status);
  }
}

async function* streamOn(line: Line, call: StreamCall): AsyncGenerator<unknown> {
  const life = line.outages.follow(call.signal);
  try {
    const response = await startStream(line, { ...call, signal: life.signal });
    life.heard();
    if (response.statusCode !== 200) return yield await refusal(response);
    for await (const event of jsonLines(response.body.setEncoding('utf8'))) {
      life.heard();
      yield event;
    }
  } catch (error) {
    const what = `watch ${call.resource}`;
    const wasEnded = life.signal.aborted && !call.signal.aborted;
    throw wasEnded
      ? new ApiUnavailable('timeout', `${what}: silent through an outage`)
      : unavailable(error, call.signal, what);
  } finally {
    life.end();
  }
}

async function startStream({ access, onCall }: Line, call: StreamCall): Promise<Dispatcher.ResponseData> {
  let status = 0;
  try {
    const { headers, dispatcher } = await givenUpWith(call.signal, access.grant());
    const response = await dispatcher.request({
      ...address(access, call),
      method: 'GET',
      headers: { ...HEADERS, ...headers },
      signal: call.signal,
      headersTimeout: WATCH_START_MS,
      bodyTimeout: call.inactivityMs,
    });
    status = response.statusCode;
    return response;
  } finally {
    onCall('watch', call.resource, status);
  }
}

function address(
  { server }: Access,
  { path, query = {} }: Pick<Call, 'path' | 'query'>,
): { origin: string; path: string } {
  const text = new URLSearchParams(query).toString();
  return { origin: server.origin, path: `${server.pathname.replace(/\/$/, '')}${path}${text && `?${text}`}` };
}

async function refusal(response: Dispatcher.ResponseData): Promise<{ type: 'ERROR'; object: ApiStatus }> {
  await response.body.dump();
  return { type: 'ERROR', object: { code: response.statusCode } };
}

function readAnswer(status: number, text: string): Answer {
  try {
    return { status, body: JSON.parse(text) };
  } catch (error) {
    // A proxy in between answers in its own words, which is fine for a refusal only.
    if (status >= 400) return { status, body: undefined };
    throw error;
  }
}
