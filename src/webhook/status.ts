// The third port, on loopback alone: what a replica knows, as JSON, for `pullpass status`, which comes by a port-forward. Whoever
// reaches it is on the machine, in the Pod, or may forward ports to it. The surprising rule: the Host header must name this
// machine, or a web page whose name was made to point here could read the answer in somebody's browser.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { ReplicaStatus } from '../core/replica-status.ts';

export interface StatusServerOptions {
  /** @param namespace only of this one */
  readonly status: (namespace: string | undefined) => Promise<ReplicaStatus>;
  /** A fault of ours. */
  readonly onFault: (error: unknown) => void;
}

/** Where it listens, whatever else does. */
export const STATUS_HOST = '127.0.0.1';
const OWN_HOST = /^(localhost|127\.0\.0\.1)(:\d+)?$/;
/** One person looks at a time, or a few. */
const CONNECTIONS_MAX = 16;
const PER_PIECE = 100;

export function createStatusServer({ status, onFault }: StatusServerOptions): Server {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '', 'http://localhost');
    if (!OWN_HOST.test(request.headers.host ?? '')) return refuse(response, 403, 'ask for localhost');
    if (request.method !== 'GET' || url?.pathname !== '/status') return refuse(response, 404, 'there is GET /status');
    const document = await status(url.searchParams.get('namespace') ?? undefined);
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    await pipeline(Readable.from(piecesOf(document)), response);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // Whoever asked may have gone.
      if (!response.headersSent) refuse(response, 500, 'failed');
      if (!response.destroyed) onFault(error);
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

function refuse(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`);
}

/** As one text of thousands of namespaces it would hold up every admission while it is made. */
async function* piecesOf({ sync, ...document }: ReplicaStatus): AsyncGenerator<string> {
  if (sync === undefined) return yield `${JSON.stringify(document)}\n`;
  const { namespaces, ...rest } = sync;
  yield `${JSON.stringify(document).slice(0, -1)},"sync":${JSON.stringify(rest).slice(0, -1)},"namespaces":[`;
  for (let i = 0; i < namespaces.length; i += PER_PIECE) {
    await setImmediate();
    const texts = namespaces.slice(i, i + PER_PIECE).map((namespace) => JSON.stringify(namespace));
    yield `${i === 0 ? '' : ','}${texts.join()}`;
  }
  yield ']}}\n';
}
