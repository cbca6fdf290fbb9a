// How the load uses its connections.
import t from 'tap';
import type { Line } from '../../bench/line.ts';
import { openLoop } from '../../bench/loops.ts';

const REQUEST = { bytes: Buffer.alloc(0), expected: { kind: 'blind' } as const, length: 0 };

function line(isOpen: boolean): Line & { sent: number } {
  return {
    sent: 0,
    send(_request, done) {
      this.sent += 1;
      setImmediate(done, isOpen ? undefined : 'the connection is gone');
    },
    verify: async () => undefined,
    isOpen: () => isOpen,
    close: () => undefined,
  };
}

t.test('a connection that the server closed while it was idle is not used', async (t) => {
  const lines = [line(true), line(false), line(true), line(false)];
  const options = { lines, requests: [REQUEST], first: 0, seconds: 0.1, most: Number.POSITIVE_INFINITY };
  const { times, problems } = await openLoop(options, 1_000);
  t.equal(times.length, 100, 'every request that was due is sent');
  t.equal(problems.size, 0);
  t.same([lines[1]?.sent, lines[3]?.sent], [0, 0]);
});
