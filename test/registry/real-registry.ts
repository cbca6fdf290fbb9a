// A real registry on loopback, with a password file or a token service, and small servers that misbehave. Each ends with its test.
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type t from 'tap';
import { locateTool } from '../control-plane/binaries.ts';
import { freePorts } from '../control-plane/ports.ts';

type Test = Pick<typeof t, 'teardown'>;

export interface RunningRegistry {
  /** host:port */
  readonly host: string;
}

/** @param auth the part `auth` of its configuration, as YAML in flow style */
async function startRegistry(t: Test, folder: string, auth: string, port: number): Promise<RunningRegistry> {
  const config = join(folder, 'registry.yaml');
  writeFileSync(
    config,
    `version: 0.1
log: { level: error }
storage: { inmemory: {} }
http: { addr: "127.0.0.1:${port}" }
auth: ${auth}
`,
  );
  const child = spawn(await locateTool('registry'), ['serve', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  t.teardown(() => child.kill('SIGKILL'));
  for (let i = 0; i < 200; i++) {
    if (await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined)) return { host: `127.0.0.1:${port}` };
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`the registry did not start: ${said.slice(-500)}`);
}

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-registry-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function registryWithPassword(t: Test, username: string, password: string): Promise<RunningRegistry> {
  const folder = folderFor(t);
  const { stdout } = await promisify(execFile)(await locateTool('registry'), ['hash', username, password]);
  writeFileSync(join(folder, 'htpasswd'), stdout);
  const [port] = await freePorts(1);
  return startRegistry(t, folder, `{ htpasswd: { realm: tests, path: ${join(folder, 'htpasswd')} } }`, port);
}

/**
 * A registry that sends its clients to a token service, which knows one login and signs what the registry believes.
 * @param audience for whom it signs; the registry takes what is for `tests`
 */
export async function registryWithTokens(t: Test, username: string, password: string, audience = 'tests') {
  const folder = folderFor(t);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'tests', use: 'sig', alg: 'ES256' };
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [jwk] }));
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const service = await serveOn(t, (request, response) => {
    if (request.headers.authorization !== expected) return void response.writeHead(401).end();
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: 'tests',
      sub: username,
      aud: audience,
      exp: now + 60,
      nbf: now - 5,
      iat: now,
      jti: randomUUID(),
      access: [],
    };
    const parts = [{ typ: 'JWT', alg: 'ES256', kid: 'tests' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const signature = sign('sha256', Buffer.from(parts.join('.')), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    response.end(JSON.stringify({ token: `${parts.join('.')}.${signature.toString('base64url')}` }));
  });
  const [port] = await freePorts(1);
  const auth = `{ token: { realm: "http://${service.host}/token", service: tests, issuer: tests, jwks: ${join(folder, 'jwks.json')}, signingalgorithms: [ES256] } }`;
  return { ...(await startRegistry(t, folder, auth, port)), service };
}

export interface SmallServer {
  readonly host: string;
  /** What it was asked, with the login if there was one. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
}

export async function serveOn(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<SmallServer> {
  const asked: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { host: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, asked };
}
