// A tiny API server for tests that need answers which a real one gives rarely: every request goes to a handler of the test.
// It stops with the test, together with the client that is made for it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect, type Log } from '../../src/cluster/client.ts';
import { SYSTEM_TIME, type Time } from '../../src/cluster/time.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Handler = (asked: Asked, response: ServerResponse) => void;

export interface FakeApi {
  readonly client: Client;
  readonly asked: readonly Asked[];
  /** `verb resource status`, as told to onCall. */
  readonly calls: readonly string[];
  /** How many connections were opened. */
  connections(): number;
}

interface Test {
  teardown(callback: () => unknown): void;
}

export async function fakeApi(
  t: Test,
  handler: Handler,
  user: object = { token: 'not-a-real-token' },
  base = '',
): Promise<FakeApi> {
  const asked: Asked[] = [];
  const calls: string[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const chunks: string[] = [];
    for await (const chunk of request.setEncoding('utf8')) chunks.push(chunk);
    const { method = '', headers } = request;
    const query = Object.fromEntries(url.searchParams);
    const entry = { method, path: url.pathname, query, headers, body: chunks.join('') };
    asked.push(entry);
    handler(entry, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'fake-api-'));
  const kubeconfig = join(folder, 'config');
  writeFileSync(kubeconfig, kubeconfigFor(`http://127.0.0.1:${port}${base}`, user));
  const client = connect({
    kubeconfig,
    onCall: (verb, resource, status) => calls.push(`${verb} ${resource} ${status}`),
  });
  t.teardown(async () => {
    await client.close();
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client, asked, calls, connections: () => connections };
}

export function kubeconfigFor(server: string, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [
      { name: 'here', context: { cluster: 'fake', user: 'me', namespace: 'pullpass-system' } },
      { name: 'there', context: { cluster: 'fake', user: 'me' } },
    ],
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'me', user }],
  });
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Opens a watch with these events; the caller ends it. */
export function events(response: ServerResponse, ...list: readonly unknown[]): ServerResponse {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  for (const event of list) response.write(`${JSON.stringify(event)}\n`);
  return response;
}

/** Waits no longer than a tick, so that back-off costs a test nothing. */
export const IMPATIENT: Time = { ...SYSTEM_TIME, sleep: (_, signal) => SYSTEM_TIME.sleep(1, signal) };

/** A log that can be looked at. */
export function memoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (message: string, fields?: object) => lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  return { lines, debug: write, info: write, warn: write, error: write };
}

/** Resolves when the condition holds; rejects after twenty seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
