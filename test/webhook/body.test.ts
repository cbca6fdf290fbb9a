// Reading a body piece by piece: what is refused is drained and not kept.
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { type Body, readBody } from '../../src/webhook/body.ts';

function start(room = Number.POSITIVE_INFINITY) {
  const stream = new PassThrough();
  const bodies: Body[] = [];
  let taken = 0;
  const ticket = {
    take: (bytes: number): boolean => {
      taken += bytes;
      return taken <= room;
    },
  };
  readBody(stream, ticket, (body) => bodies.push(body));
  return { stream, bodies, taken: () => taken };
}

t.test('the pieces of a body, in order', async (t) => {
  const { stream, bodies, taken } = start();
  stream.write('abc');
  stream.end('def');
  await turn();
  t.same(bodies, [{ pieces: [Buffer.from('abc'), Buffer.from('def')] }]);
  t.equal(taken(), 6);
});

t.test('what announces nothing is refused when it has become too large', async (t) => {
  const { stream, bodies } = start();
  const piece = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < 8; i++) {
    stream.write(piece);
    await turn();
  }
  t.same(bodies, []);
  stream.end('x');
  await turn();
  t.same(bodies, [{ refused: 'too-large' }]);
});

t.test('where there is no room it is refused at once, once, and the rest is drained', async (t) => {
  const { stream, bodies } = start(2_000);
  const piece = Buffer.alloc(1_000);
  for (let i = 0; i < 50; i++) {
    stream.write(piece);
    await turn();
    t.same(bodies, i < 2 ? [] : [{ refused: 'overloaded-bytes' }]);
  }
  stream.end();
  await turn();
  t.ok(stream.readableEnded, 'nothing of it waits to be read');
  t.equal(bodies.length, 1);
});

t.test('whoever goes away is not answered, and breaks nothing', async (t) => {
  const { stream, bodies } = start();
  stream.write('abc');
  await turn();
  stream.destroy(new Error('aborted'));
  await turn();
  t.same(bodies, []);
});
