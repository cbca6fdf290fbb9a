// Asking a Pod through something that speaks WebSocket otherwise than API servers do today.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { openAccess } from '../../src/cluster/kubeconfig.ts';
import { askPod } from '../../src/cluster/port-forward.ts';
import { SYSTEM_TIME } from '../../src/cluster/time.ts';
import { kubeconfigFor } from './fake-api.ts';

const frame = (opcode: number, final: boolean, text: string): Buffer =>
  Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, text.length]), Buffer.from(text, 'latin1')]);

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n';
const PORTS = [frame(2, true, '\0\u001f\u0091'), frame(2, true, '\u0001\u001f\u0091')];

async function answerOf(t: Pick<Test, 'teardown' | 'testdir'>, frames: readonly Buffer[]) {
  const server = createServer().on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.once('data', () => socket.end(Buffer.concat(frames)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const kubeconfig = `${t.testdir({ config: kubeconfigFor(`http://127.0.0.1:${port}`, {}) })}/config`;
  const access = openAccess({ kubeconfig }, SYSTEM_TIME);
  t.teardown(() => access.close());
  return askPod(access, { namespace: 'shop', pod: 'web', port: 8081 }, '/', 2_000);
}

t.test('a message in several frames is one', async (t) => {
  const cut = [frame(2, false, `\0${HEAD}01`), frame(9, true, 'ping'), frame(0, false, '234'), frame(0, true, '56789')];
  t.same(await answerOf(t, [...PORTS, ...cut]), { status: 200, body: '0123456789' });
});

t.test('an answer that ends too soon is told as that', async (t) => {
  t.match(await answerOf(t, [...PORTS, frame(2, true, `\0${HEAD}01`)]), { broken: /^the connection ended/ });
});
