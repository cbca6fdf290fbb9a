// The scan gives what JSON.parse gives, of what is wanted, or nothing at all. review-fuzz.ts tries it with bodies by the hundred
// thousand; what that has found once, or what is easily thought wrong, stands here.
import t from 'tap';
import { createJsonScan, type Fields } from '../../src/webhook/json-scan.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { fuzz } from './review-fuzz.ts';

const { members, scan: scanJson } = createJsonScan(openWalk());
const WANTED = members({ a: 'all', o: members({ x: 'all' }), l: { items: members({ x: 'all' }) } });
const scan = (text: string): unknown => {
  const found = scanJson([Buffer.from(text)], WANTED);
  return found && JSON.parse(JSON.stringify(found));
};

const TAKEN: readonly (readonly [text: string, found: object])[] = [
  ['{}', {}],
  ['{}\n', {}],
  ['{"a":1,"b":2}', { a: 1 }],
  ['{"a":{"x":[1,"é",null]}}', { a: { x: [1, 'é', null] } }],
  ['{"o":{"x":1,"y":2},"l":[{"x":1,"y":2},{"y":3}]}', { o: { x: 1 }, l: [{ x: 1 }, {}] }],
  // Of another type: whole.
  ['{"o":[1],"l":{"y":1}}', { o: [1], l: { y: 1 } }],
  ['{"l":null,"o":null}', { l: null, o: null }],
  // Strings that end later than they seem to.
  ['{"b":"\\"","a":"\\\\"}', { a: '\\' }],
  ['{"b":"\\\\\\"}","a":"x"}', { a: 'x' }],
  ['{"b":"}]","a":"{["}', { a: '{[' }],
  // The last of two counts, also where it is less.
  ['{"o":{"x":1},"o":{}}', { o: {} }],
  ['{"a":1,"a":2}', { a: 2 }],
  ['{"__proto__":{"a":1}}', {}],
  ['{"b":-0.5e+10,"a":-0}', { a: 0 }],
  ['{"b":"\\ud800","a":"\\ud800"}', { a: '\ud800' }],
];
for (const [text, found] of TAKEN) {
  t.test(`taken: ${JSON.stringify(text)}`, async (t) => {
    t.strictSame(scan(text), found);
    for (const name of Object.keys(found)) t.ok(name in JSON.parse(text), 'JSON.parse has it too');
  });
}

/** Legal or not: JSON.parse says. */
const LEFT = [
  ...['', ' {}', '{} ', '{}\n\n', '[]', '"a"', 'null', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{,}'],
  ...['{"a" :1}', '{"a": 1}', '{"a":1 }', '{"l":[1, 2]}', '{"a":1}x', '{"a":1}{}', '{a:1}', "{'a':1}", '\ufeff{}'],
  ...['{"b":01}', '{"b":1.}', '{"b":.5}', '{"b":+1}', '{"b":1e}', '{"b":-}', '{"b":nul}', '{"b":True}', '{"b":NaN}'],
  ...[
    '{"b":"\\x"}',
    '{"b":"\\u12"}',
    '{"b":"\t"}',
    '{"b":"\u0000"}',
    '{"b":"',
    '{"b":"\\"}',
    '{"b":"\\',
    '{"b":[}',
    '{"b":[1}',
  ],
  // Items of another type, one by one.
  ...['{"l":[7]}', '{"l":[{"x":1},null]}', '{"l":[[]]}'],
  // Written with escapes it may be any name.
  ...['{"\\u0061":1}', '{"b":1,"\\n":2}'],
  ...['{"b":[1,]}', '{"b":{"c"}}', '{"b":{1:2}}', '{"a":"\\', `{"b":${'['.repeat(101)}${']'.repeat(101)}}`],
];
for (const text of LEFT) {
  t.test(`left to JSON.parse: ${JSON.stringify(text.slice(0, 40))}`, async (t) => {
    t.equal(scan(text), undefined);
  });
}

t.test('a hundred levels are taken, wherever they are, and no more', async (t) => {
  const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const objects = (levels: number): string => `${'{"k":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
  for (const nested of [lists, objects]) {
    for (const name of ['a', 'b', 'o']) {
      t.ok(scan(`{"${name}":${nested(99)}}`), `100 levels, ${name}`);
      t.equal(scan(`{"${name}":${nested(100)}}`), undefined, `101 levels, ${name}`);
    }
    t.ok(scan(`{"l":[{"x":${nested(97)}}]}`), '100 levels in an item');
    t.equal(scan(`{"l":[{"x":${nested(98)}}]}`), undefined, '101 levels in an item');
  }
});

t.test('the walk ends at the zero, wherever the text ends', async (t) => {
  const walk = openWalk();
  const { members, scan } = createJsonScan(walk);
  const wanted = members({ a: 'all' });
  const nothing = Buffer.alloc(2 * 1024 * 1024 - 4, 'x');
  const timed = (text: string): number => {
    const pieces = [Buffer.from(text)];
    const began = performance.now();
    for (let i = 0; i < 1_000; i++) scan(pieces, wanted);
    return performance.now() - began;
  };
  t.equal(scan([Buffer.from('{"b":"'), nothing.subarray(16)], wanted), undefined);
  for (const text of ['{', '{"b":1,', '{"b":1,"c":2,', '{"a":1,', '{"a":[1,', '{"b":{', '{"b":"']) {
    const ms = timed(text);
    // To read on through two megabytes, a thousand times, takes two hundred.
    t.ok(ms < 50, `${text}: ${ms.toFixed(1)} ms`);
  }
});

t.test('what a function wants is told what stands before', async (t) => {
  const inner = members({ x: 'all' });
  const wanted = members({ k: 'all', v: (before: Fields) => (before.k === 'yes' ? inner : undefined) });
  const look = (text: string): unknown => scanJson([Buffer.from(text)], wanted);
  t.match(look('{"k":"yes","v":{"x":1,"y":2}}'), { k: 'yes', v: { x: 1 } });
  t.equal(look('{"v":{"x":1},"k":"yes"}'), undefined);
});

t.test('a text in pieces is read as the whole of it', async (t) => {
  const text = Buffer.from(
    `{"a":"\\"é","b":[${'"a long one, of several times sixteen bytes",'.repeat(9)}-1.5e3],"o":{"x":true}}\n`,
  );
  const whole = scanJson([text], WANTED);
  t.match(whole, { a: '"é', o: { x: true } });
  for (let cut = 1; cut < text.length; cut++) {
    t.strictSame(scanJson([text.subarray(0, cut), text.subarray(cut)], WANTED), whole, `cut at ${cut}`);
    // The new line need not be there.
    if (cut < text.length - 1) t.equal(scanJson([text.subarray(0, cut)], WANTED), undefined, `ends at ${cut}`);
  }
});

t.test('a text that ends early is not read on into the one before', async (t) => {
  t.ok(scanJson([Buffer.from('{"a":"before","b":"0123456789abcdef"}')], WANTED));
  for (const text of ['{"a":"before', '{"a":"before"', '{"a":"before","b":"', '{"a":tru', '{"a":', '{']) {
    t.equal(scanJson([Buffer.from(text)], WANTED), undefined, text);
  }
});

t.test('for every body, the scan reads what JSON.parse reads, or refuses it for the same', async (t) => {
  const seed = Date.now() % 1e9;
  const { differences, scanned, reviews } = fuzz(Number(process.env.FUZZ ?? 100_000), seed);
  t.comment(`seed ${seed}: about ${reviews} reviews, ${scanned} of the bodies scanned`);
  t.same(differences, []);
  t.ok(scanned > 10_000 && reviews > 20_000, 'enough of them are reviews, and enough are scanned');
});
