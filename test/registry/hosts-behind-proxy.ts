// Registries and token services of any name, with https, and all of it on loopback: a proxy leads every name to one server, which
// answers as the name says. What a login would have reached outside is seen here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createProxy, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type tap from 'tap';
import { certificateFor } from '../certificates/certificate-for.ts';

export interface HostsBehindProxy {
  /** host:port */
  readonly proxy: string;
  /** The CA of all these hosts, and a file with it. */
  readonly ca: string;
  readonly caFile: string;
  /** What the proxy was asked to connect with, and the headers of that, which are not encrypted. */
  readonly connected: { readonly to: string; readonly headers: IncomingMessage['headers'] }[];
  /** What the hosts were asked. */
  readonly asked: { readonly host: string; readonly path: string; readonly authorization: string | undefined }[];
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** @param answers by the name of the host; the proxy does not know other names */
export async function hostsBehindProxy(
  t: Pick<typeof tap, 'teardown'>,
  answers: Readonly<Record<string, Answer>>,
): Promise<HostsBehindProxy> {
  const { key, cert, ca } = await certificateFor(...Object.keys(answers));
  const [connected, asked]: [HostsBehindProxy['connected'], HostsBehindProxy['asked']] = [[], []];
  const server = createServer({ key, cert }, (request, response) => {
    const { host = '', authorization } = request.headers;
    asked.push({ host, path: request.url ?? '', authorization });
    answers[host]?.(request, response);
  });
  const port = await listen(server);
  const sockets = new Set<Socket>();
  const proxy = createProxy((_, response) => response.writeHead(502).end());
  proxy.on('connect', ({ url: to = '', headers }: IncomingMessage, client: Socket) => {
    connected.push({ to, headers });
    if (answers[to.replace(/:443$/, '')] === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const upstream = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.pipe(upstream).pipe(client);
  });
  const proxyPort = await listen(proxy);
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-hosts-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, ca);
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    for (const each of [server, proxy]) {
      each.closeAllConnections();
      each.close();
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return { proxy: `127.0.0.1:${proxyPort}`, ca, caFile, connected, asked };
}

async function listen(server: ReturnType<typeof createProxy>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** A registry that sends its clients to a token service, and takes the token that `tokenService` gives. */
export function registryOf(realm: string): Answer {
  return ({ headers }, response) => {
    if (headers.authorization === 'Bearer a-token') response.end('{}');
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="tests"` }).end();
  };
}

/** Knows one login. */
export function tokenService(username: string, password: string): Answer {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return ({ headers }, response) => {
    if (headers.authorization === expected) response.end('{"token":"a-token"}');
    else response.writeHead(401).end();
  };
}
