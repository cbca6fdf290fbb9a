// The port of the status: to whom it tells, and that it is in nobody's way.
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t, { type Test } from 'tap';
import type { ReplicaStatus } from '../../src/core/replica-status.ts';
import { openStatusPort, type StatusPortOptions } from '../../src/serve/status-port.ts';
import { createStatusServer, STATUS_HOST } from '../../src/webhook/status.ts';
import { freePorts } from '../control-plane/ports.ts';

const DOCUMENT = { version: 1, replica: 'one', credentials: [], problems: [] } as unknown as ReplicaStatus;
type Status = (namespace: string | undefined) => Promise<ReplicaStatus>;

async function listen(t: Test, status: Status, faults: unknown[] = []): Promise<number> {
  const server = createStatusServer({ status, onFault: (error) => void faults.push(error) });
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, STATUS_HOST, resolve));
  return (server.address() as AddressInfo).port;
}

function ask(port: number, host: string, path = '/status', method = 'GET'): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers: { host } }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    outgoing.on('error', reject).end();
  });
}

t.test('it listens on loopback, and on no other address of the machine', async (t) => {
  const port = await listen(t, async () => DOCUMENT);
  const tried = (host: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, host, () => resolve('open'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      t.teardown(() => socket.destroy());
    });
  t.equal(await tried('127.0.0.1'), 'open');
  t.equal(await tried('127.0.0.2'), 'ECONNREFUSED');
});

t.test('it tells whoever asks for this machine, and no web page of another name', async (t) => {
  const port = await listen(t, async () => DOCUMENT);
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', '127.0.0.1:8081']) {
    const { code, text } = await ask(port, host);
    t.same([code, JSON.parse(text)], [200, DOCUMENT], host);
  }
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8081', 'localhost@evil']) {
    const { code, text } = await ask(port, host);
    t.same([code, text], [403, 'ask for localhost\n'], host);
  }
});

t.test('there is one thing to ask for, of one namespace or all', async (t) => {
  const asked: (string | undefined)[] = [];
  const port = await listen(t, async (namespace) => {
    asked.push(namespace);
    return DOCUMENT;
  });
  for (const path of ['/', '/metrics', '/status/', '//', '/%zz'])
    t.equal((await ask(port, 'localhost', path)).code, 404);
  for (const method of ['POST', 'PUT', 'DELETE']) t.equal((await ask(port, 'localhost', '/status', method)).code, 404);
  t.same(asked, []);
  await ask(port, 'localhost', '/status?namespace=shop');
  await ask(port, 'localhost');
  t.same(asked, ['shop', undefined]);
});

t.test('a document with many namespaces comes whole', async (t) => {
  const namespaces = Array.from({ length: 250 }, (_, i) => ({ name: `n${i}`, missedPods: [], moreMissedPods: 0 }));
  for (const count of [0, 1, 100, 101, 250]) {
    const sync = { held: 0, takingPart: 300, namespaces: namespaces.slice(0, count), more: 7 };
    const port = await listen(t, async () => ({ ...DOCUMENT, sync }) as unknown as ReplicaStatus);
    t.same(JSON.parse((await ask(port, 'localhost')).text), { ...DOCUMENT, sync });
  }
});

t.test('a fault of ours is said to us, and to others that there was one', async (t) => {
  const faults: unknown[] = [];
  const port = await listen(t, () => Promise.reject(new Error('what it stumbled over')), faults);
  t.same(await ask(port, 'localhost'), { code: 500, text: 'failed\n' });
  t.equal(faults.length, 1);
});

t.test('a port that somebody else has is said, and no reason to end; with 0 there is none', async (t) => {
  const lines: string[] = [];
  const say = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log = { info: say, warn: say, error: say };
  const [port] = await freePorts(1);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, STATUS_HOST, resolve));
  t.teardown(() => other.close());
  // Nothing is asked for.
  const open = (on: number) => openStatusPort({ port: on, log } as unknown as StatusPortOptions);
  (await open(port)).close();
  t.match(lines, [/^the port of the status cannot be listened on.*"why":"EADDRINUSE"/]);
  (await open(0)).close();
  t.equal(lines.length, 1);
});
