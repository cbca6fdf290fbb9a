// Asks a Pod over HTTP through the API server, as `kubectl port-forward` and a browser would: a WebSocket to the kubelet by way of
// the API server, whose messages begin with a channel: 0 is data, 1 is what went wrong, and each begins with the port, once. That
// protocol, v4.channel.k8s.io, is passed on to the kubelet by every API server of 1.30 to 1.37, and kept by container runtimes.
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ApiStatus } from './api-object.ts';
import { namespacePath } from './api-object.ts';
import type { Access } from './kubeconfig.ts';
import { ApiUnavailable, givenUpWith, timeLimit, unavailable } from './unavailable.ts';
import { encodeFrame, frameReader, OPCODE } from './websocket.ts';

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

export type PodAnswer =
  | { readonly status: number; readonly body: string }
  /** The API server does not let us, with its status and words. */
  | { readonly refused: { readonly status: number; readonly message: string } }
  /** The way is there, but nothing answers at its end. */
  | { readonly broken: string };

const PROTOCOL = 'v4.channel.k8s.io';
const [DATA, ERROR] = [0, 1] as const;
const PORT_BYTES = 2;
const CALL = 'port-forward';

/** @throws ApiUnavailable when the API server gives no answer in time */
export async function askPod(access: Access, to: PodPort, path: string, timeoutMs: number): Promise<PodAnswer> {
  const limit = timeLimit(timeoutMs, undefined);
  try {
    const opened = await givenUpWith(limit.signal, open(access, to, limit.signal));
    if ('refused' in opened) return opened;
    return await givenUpWith(limit.signal, fetchOver(channels(opened.socket), path)).finally(() =>
      opened.socket.destroy(),
    );
  } catch (error) {
    if (error instanceof Broken) return { broken: error.message };
    throw unavailable(error, limit.signal, CALL);
  } finally {
    limit.end();
  }
}

/** Nothing at the far end; its message is fit to be shown. */
class Broken extends Error {}

type Opened = { readonly socket: Duplex } | { readonly refused: { readonly status: number; readonly message: string } };

async function open(access: Access, { namespace, pod, port }: PodPort, signal: AbortSignal): Promise<Opened> {
  const { headers, dispatcher } = await access.grant();
  const { server } = access;
  return new Promise((resolve, reject) => {
    let status = 0;
    const chunks: Buffer[] = [];
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        signal.addEventListener('abort', () => controller.abort(new ApiUnavailable('aborted', 'given up')));
      },
      onRequestUpgrade: (_controller, _status, _headers, socket) => resolve({ socket }),
      onResponseStart(_controller, code) {
        status = code;
      },
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => resolve({ refused: { status, message: messageOf(status, Buffer.concat(chunks)) } }),
      onResponseError: (_controller, error) => reject(error),
    };
    const place = `${namespacePath(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`;
    dispatcher.dispatch(
      {
        origin: server.origin,
        path: `${server.pathname.replace(/\/$/, '')}${place}`,
        method: 'GET',
        upgrade: 'websocket',
        headers: {
          ...headers,
          'user-agent': 'pullpass',
          'sec-websocket-version': '13',
          'sec-websocket-key': randomBytes(16).toString('base64'),
          'sec-websocket-protocol': PROTOCOL,
        },
      },
      handler,
    );
  });
}

function messageOf(status: number, body: Buffer): string {
  try {
    const { message } = JSON.parse(body.toString()) as ApiStatus & { readonly message?: string };
    if (message) return message;
  } catch {
    // A proxy in between answers in its own words.
  }
  return `the API server answered ${status}`;
}

/** The data channel as a stream. */
function channels(socket: Duplex): Duplex {
  const read = frameReader();
  const isOpened = [false, false];
  const data = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(encodeFrame(OPCODE.binary, Buffer.concat([Buffer.from([DATA]), chunk])), done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });

  function take(channel: number, message: Buffer): void {
    const payload = message.subarray(isOpened[channel] ? 0 : PORT_BYTES);
    isOpened[channel] = true;
    if (payload.length === 0) return;
    if (channel === DATA) data.push(payload);
    else if (channel === ERROR) data.destroy(new Broken(payload.toString().trim()));
  }

  let parts: Buffer[] = [];
  /** A proxy in between may cut a message into several frames, of which only the first has the channel. */
  function join(part: Buffer, final: boolean): void {
    parts.push(part);
    if (!final) return;
    const message = Buffer.concat(parts);
    parts = [];
    take(message[0] ?? -1, message.subarray(1));
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      for (const { opcode, final, payload } of read(chunk)) {
        if (opcode === OPCODE.close) data.push(null);
        else if (opcode === OPCODE.ping) socket.write(encodeFrame(OPCODE.pong, payload));
        else if (opcode === OPCODE.binary || opcode === OPCODE.continuation) join(payload, final);
      }
    } catch (error) {
      data.destroy(error instanceof Error ? error : undefined);
    }
  });
  socket.on('error', (error) => data.destroy(error));
  socket.on('close', () => data.push(null));
  return data;
}

function fetchOver(connection: Duplex, path: string): Promise<PodAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', connection: 'close' };
    const asking = request({ createConnection: () => connection, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => reject(brokenBy(error)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    asking.on('error', (error) => reject(brokenBy(error)));
    asking.end();
  });
}

/** What our own HTTP client says of the far end. */
function brokenBy(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ECONNRESET') return new Broken('the connection ended before an answer');
  return error.code?.startsWith('HPE_') ? new Broken('what answers does not speak HTTP') : error;
}
