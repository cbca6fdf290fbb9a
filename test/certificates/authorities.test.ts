import t from 'tap';
import { authorityOf, decodeAuthorities, encodeAuthorities } from '../../src/certificates/authorities.ts';
import { makeCa, signLeaf } from '../../src/certificates/issue.ts';

const NOW = Date.UTC(2030, 0, 1);
const current = authorityOf(await makeCa(NOW, 60_000));
const next = authorityOf(await makeCa(NOW, 120_000));
const { cert } = await makeCa(NOW, 30_000);
const former = [{ cert, until: NOW + 30_000, dropAfter: NOW + 10_000 }];

t.test('read back as written', async (t) => {
  for (const authorities of [
    { current, former: [] },
    { current, next, former },
  ]) {
    t.same(decodeAuthorities(encodeAuthorities(authorities)), { authorities });
  }
});

t.test('what does not hold together is a problem, and no key is repeated', async (t) => {
  const good = encodeAuthorities({ current, next, former });
  const leaf = await signLeaf(current, ['pullpass.test.svc'], NOW, 10_000);
  const rows: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
    ['no CA', { 'ca.crt': undefined, 'ca.key': undefined }],
    ['no key', { 'ca.key': undefined }],
    ['the key of another', { 'ca.key': next.key }],
    ['cut off', { 'ca.key': current.key.slice(0, 60) }],
    ['a certificate that is no CA', { 'ca.crt': leaf.cert, 'ca.key': leaf.key }],
    ['next is broken', { 'next.crt': 'x' }],
    ['the former ones are no JSON', { 'former.json': '{' }],
    ['a time that is none', { 'former.json': JSON.stringify([{ cert, dropAfter: 'soon' }]) }],
  ];
  for (const [why, change] of rows) {
    const texts = new Map(
      Object.entries({ ...Object.fromEntries(good), ...change }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    );
    const decoded = decodeAuthorities(texts);
    t.ok('problem' in decoded, why);
    t.notMatch(JSON.stringify(decoded), /PRIVATE|BEGIN/);
  }
});
