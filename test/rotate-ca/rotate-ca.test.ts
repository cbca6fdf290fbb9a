// What `pullpass rotate-ca` says and how it ends, without a cluster; that it works is seen in faults/ca.test.ts.
import t from 'tap';
import { type Authorities, authorityOf, encodeAuthorities } from '../../src/certificates/authorities.ts';
import { makeCa } from '../../src/certificates/issue.ts';
import { prepare, promote } from '../../src/certificates/rotation.ts';
import { type RotateCaPorts, rotateCa } from '../../src/rotate-ca/rotate-ca.ts';

const NOW = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;
const before: Authorities = { current: authorityOf(await makeCa(NOW, 900 * HOUR)), former: [] };
const prepared = prepare(before, authorityOf(await makeCa(NOW + 1_000, 900 * HOUR)), NOW);
const facts = { caMs: 900 * HOUR, leafMs: 100 * HOUR, asked: false, publishedSince: NOW };
const promoted = promote(prepared, { ...facts, now: NOW });

type Look = Awaited<ReturnType<RotateCaPorts['look']>>;
const holds = (authorities: Authorities, asked = false): Look => ({ texts: encodeAuthorities(authorities), asked });

/** The Secret as it is at each look; the last one stays. */
async function run(looks: readonly Look[], asked: Awaited<ReturnType<RotateCaPorts['ask']>> = 'asked') {
  let now = NOW;
  let look = 0;
  const said: string[] = [];
  const result = await rotateCa({
    ask: async () => asked,
    look: async () => looks[Math.min(look++, looks.length - 1)] ?? { failed: 'nothing' },
    say: (line) => said.push(line),
    sleep: async (ms) => {
      now += ms;
    },
    now: () => now,
  });
  return { result, said, took: now - NOW };
}

t.test('it tells how far the replicas are, and when the old one leaves', async (t) => {
  const away: Look = { failed: 'the API server restarts' };
  const { result, said } = await run([
    holds(before),
    holds(before, true),
    away,
    holds(prepared),
    holds(prepared),
    holds(promoted),
  ]);
  t.same(said, [
    'asked for a new CA, waiting for a replica to make it',
    'the new CA is made, waiting until the webhook configuration holds it',
  ]);
  t.same(result, {
    done: 'the new CA signs, and is good until 2030-02-07T12:00:01.000Z; the one before leaves the webhook configuration on 2030-01-05T04:05:00.000Z',
  });
});

const rows: readonly (readonly [string, readonly Look[], RegExp, { readonly failed: string }?])[] = [
  ['there is none', [{ failed: 'there is no Secret' }], /^there is no Secret$/],
  ['it is damaged', [{ texts: new Map([['ca.crt', 'x']]), asked: false }], /cannot be used: what it holds is damaged$/],
  ['the request cannot be left', [holds(before)], /^forbidden$/, { failed: 'forbidden' }],
  ['nobody takes it', [holds(before), holds(before, true)], /^no replica took the request within 90 s; it stays/],
  ['it is not published', [holds(before), holds(prepared)], /^the new CA is made but was not everywhere/],
];
for (const [why, looks, failed, asked] of rows) {
  t.test(`failed: ${why}`, async (t) => {
    const { result, took } = await run(looks, asked);
    t.match('failed' in result ? result.failed : result, failed);
    t.ok(took <= 91_000);
  });
}
