// Which heads are read by hand. Whatever is taken here must mean to Node's parser the same, to the byte; what is not taken is
// left to it. So mutated heads are given to both, and a third request behind them shows where Node saw the end.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { randomFrom } from '../../bench/random.ts';
import { readHead } from '../../src/webhook/request-head.ts';

const LINES = [
  'POST /mutate?timeout=10s HTTP/1.1',
  'Host: pullpass.pullpass-system.svc:443',
  'User-Agent: kube-apiserver-admission',
  'Content-Length: 12',
  'Accept: application/json, */*',
  'Content-Type: application/json',
  'Accept-Encoding: gzip',
];
const head = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const read = (text: string) => readHead(Buffer.from(text, 'latin1'));
const instead = (line: number, ...others: string[]): string[] => LINES.toSpliced(line, 1, ...others);

t.test('what an API server sends', async (t) => {
  const plain = head(LINES);
  t.same(read(`${plain}{}`), { url: '/mutate?timeout=10s', length: plain.length, bodyLength: 12 });
  for (const length of ['0', '1', '99999', '8388608']) {
    t.equal(read(head(instead(3, `Content-Length: ${length}`)))?.bodyLength, Number(length), length);
  }
  for (const [what, lines] of [
    ['no time-out', instead(0, 'POST /mutate HTTP/1.1')],
    ['other letters', LINES.map((line, i) => (i === 0 ? line : line.replace(/^[^:]*/, (name) => name.toLowerCase())))],
    ['a trace', [...LINES, 'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']],
    ['a proxy between', [...LINES, 'X-Forwarded-Proto: https', 'X-Envoy-Attempt-Count: 1']],
    ['an empty value', [...LINES, 'X-Empty:']],
    ['another order', [LINES[0] ?? '', ...LINES.slice(1).toReversed()]],
  ] as const) {
    t.ok(read(head(lines)), what);
    t.ok(read(head(lines)), `${what}, once more`);
    t.ok(read(plain), `and as before, after ${what}`);
  }
});

t.test('anything else is left to Node', async (t) => {
  for (const [what, text] of [
    ['nothing', ''],
    ['a part of it', head(LINES).slice(0, -1)],
    ['another method', head(instead(0, 'PUT /mutate HTTP/1.1'))],
    ['another path', head(instead(0, 'POST /mutate/ HTTP/1.1'))],
    ['more than a time-out', head(instead(0, 'POST /mutate?timeout=10s&a=b HTTP/1.1'))],
    ['a time-out of another kind', head(instead(0, 'POST /mutate?timeout=%31s HTTP/1.1'))],
    ['HTTP/1.0', head(instead(0, 'POST /mutate HTTP/1.0'))],
    ['a whole address', head(instead(0, 'POST https://a/mutate HTTP/1.1'))],
    ['no host', head(instead(1))],
    ['two hosts', head([...LINES, 'Host: b'])],
    ['no length', head(instead(3))],
    ['two lengths', head([...LINES, 'Content-Length: 12'])],
    ['a length with a sign', head(instead(3, 'Content-Length: +12'))],
    ['two lengths in one', head(instead(3, 'Content-Length: 12, 12'))],
    ['a length behind a blank', head(instead(3, 'Content-Length : 12'))],
    ['more than a body may be', head(instead(3, 'Content-Length: 8388609'))],
    ['another type', head(instead(5, 'Content-Type: text/plain'))],
    ['a type with more', head(instead(5, 'Content-Type: application/json; charset=utf-8'))],
    ['no type', head(instead(5))],
    ['two types', head([...LINES, 'Content-Type: application/json'])],
    ['chunks', head([...LINES, 'Transfer-Encoding: chunked'])],
    ['a wait for the body', head([...LINES, 'Expect: 100-continue'])],
    ['a wish of old about it', head([...LINES, 'Proxy-Connection: close'])],
    ['a byte that is no text in the address', head(instead(0, 'POST /mutate?timeout=10\xb5s HTTP/1.1'))],
    ['an upgrade', head([...LINES, 'Upgrade: h2c'])],
    ['a wish about the connection', head([...LINES, 'Connection: close'])],
    ['a folded line', head([...LINES, 'X-Long: a', ' b'])],
    ['a bare line feed', head([...LINES, 'X-A: b\nTransfer-Encoding: chunked'])],
    ['a bare carriage return', head([...LINES, 'X-A: b\rc'])],
    ['a zero byte', head([...LINES, 'X-A: \0'])],
    ['a line without a colon', head([...LINES, 'X-A'])],
    ['a name with a blank', head([...LINES, 'X A: b'])],
    ['a very long head', head([...LINES, `X-A: ${'a'.repeat(9_000)}`])],
  ] as const) {
    t.equal(read(text), undefined, what);
    t.ok(read(head(LINES)), `and the next one is read, after ${what}`);
    t.equal(read(text), undefined, `${what}, once more`);
  }
});

/** As Node's parser reads it; undefined: it refuses. @returns also what it saw behind the body */
async function readByNode(text: string, body: string) {
  const [client, served] = duplexPair();
  const seen: { request: IncomingMessage; body: string }[] = [];
  const server = createServer({ requireHostHeader: true }, (request, response) => {
    let text = '';
    request.on('data', (piece) => (text += piece));
    request.on('end', () => {
      seen.push({ request, body: text });
      response.end();
    });
  });
  server.on('clientError', () => undefined);
  server.emit('connection', served);
  client.resume();
  client.write(Buffer.from(`${text}${body}GET /behind HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1'));
  for (let i = 0; i < 4; i++) await turn();
  const closed = once(served, 'close');
  client.destroy();
  served.destroy();
  await closed;
  return seen;
}

t.test('what is taken of mutated heads is what Node reads', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

  const { next, pick } = randomFrom(seed);
  const ODD: [string, ...string[]] = [
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    ':',
    ',',
    '0',
    '1',
    '+',
    '-',
    ';',
    '\0',
    '\x7f',
    'é',
    '%',
    'Host: b\r\n',
  ];
  const NAMES: [string, ...string[]] = [
    'Transfer-Encoding: chunked',
    'Content-Length: 3',
    'content-length:12',
    'Host: b',
    'X-Y: z',
    'Connection: x',
  ];
  let taken = 0;
  for (let i = 0; i < 6_000; i++) {
    const lines = [...LINES];
    for (let n = Math.floor(next() * 3); n > 0; n--) {
      const at = Math.floor(next() * lines.length);
      const line = lines[at] ?? '';
      const cut = Math.floor(next() * (line.length + 1));
      const way = next();
      if (way < 0.35) lines[at] = line.slice(0, cut) + pick(ODD) + line.slice(cut + (next() < 0.5 ? 1 : 0));
      else if (way < 0.5) lines.splice(at, 1);
      else if (way < 0.75) lines.splice(at, 0, pick(NAMES));
      else if (way < 0.85) lines.push(line);
      else lines[at] = next() < 0.5 ? line.toUpperCase() : line.toLowerCase();
    }
    const text = head(lines);
    const own = read(text);
    if (own === undefined) continue;
    taken += 1;
    const body = 'x'.repeat(own.bodyLength);
    if (own.length !== text.length || own.bodyLength > 1_000) continue;
    const [first, behind] = await readByNode(text, body);
    const node = {
      url: first?.request.url,
      method: first?.request.method,
      body: first?.body,
      next: behind?.request.url,
    };
    const same = node.url === own.url && node.method === 'POST' && node.body === body && node.next === '/behind';
    if (!same) t.same(node, { url: own.url, method: 'POST', body, next: '/behind' }, JSON.stringify({ text, seed }));
    if (first?.request.headers['content-type']?.toLowerCase() !== 'application/json')
      t.fail(`type in ${JSON.stringify(text)}`);
  }
  t.ok(taken > 1_000, `${taken} of 6,000 were taken, seed ${seed}`);
});
