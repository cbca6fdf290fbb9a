// What is put into a caBundle and taken out of it, and whether the API server would trust a certificate by it.
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { certificatesIn, editBundle, isTrusted } from '../../src/certificates/bundle.ts';
import { DAY, make, NOW } from './chain.ts';
import { ROWS } from './trust-rows.ts';

const pemOf = async (name: string, to: number) => (await make(name, { ca: true, from: to - DAY, to })).pem;
const ours = await pemOf('ours', NOW + DAY);
const next = await pemOf('next', NOW + DAY);
const other = await pemOf('other', NOW + DAY);
const expired = await pemOf('expired', NOW - DAY);
const garbage = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n-----END CERTIFICATE-----\n';
const unended = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n';
const trusted = ours.replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE');
const crlf = (pem: string) => pem.replaceAll('\n', '\r\n');

interface Edit {
  readonly why: string;
  readonly has: string;
  readonly wants: string;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

const EDITS: readonly Edit[] = [
  { why: 'nothing yet', has: '', wants: ours },
  { why: 'the line end that charts put there', has: '\n', wants: ours },
  { why: 'present already', has: ours, wants: ours },
  {
    why: 'present among others, untouched to the byte',
    has: `# mine\n${other}\n${ours}`,
    wants: `# mine\n${other}\n${ours}`,
  },
  { why: 'beside those that are there', has: other, wants: other + ours },
  { why: 'an expired one leaves', has: expired + other, wants: other + ours },
  { why: 'also when ours is there', has: ours + expired, wants: ours },
  { why: 'what is twice there stays once', has: ours + other + ours, wants: ours + other },
  { why: 'no certificate at all leaves', has: garbage + other, wants: other + ours },
  { why: 'also when ours is there', has: ours + garbage, wants: ours },
  { why: 'a block without an end does not swallow the next', has: unended + other, wants: other + ours },
  { why: 'other line ends are the same certificate', has: crlf(ours), wants: crlf(ours) },
  { why: 'a block that Go does not read is not there', has: trusted, wants: ours },
  { why: 'nor one that does not begin its line', has: ` ${ours}`, wants: ours },
  { why: 'two in order, and those that are there keep theirs', has: next, add: [ours, next], wants: next + ours },
  { why: 'several in one text, each once', has: '', add: [ours + next, next], wants: ours + next },
  { why: 'an unwanted one leaves', has: other + ours + next, add: [next], remove: [ours], wants: other + next },
  { why: 'whatever its line ends', has: crlf(ours) + next, add: [next], remove: [ours], wants: next },
  { why: 'an unwanted one that is not there', has: other, add: [], remove: [ours], wants: other },
  { why: 'the last one leaves', has: ours, add: [], remove: [ours], wants: '' },
  { why: 'what is both is added', has: '', add: [ours], remove: [ours], wants: ours },
  { why: 'and stays', has: ours, add: [ours], remove: [ours], wants: ours },
  {
    why: 'what must be in stays although it has expired',
    has: expired + other,
    add: [expired],
    wants: expired + other,
  },
  { why: 'nothing that is no certificate is added', has: other, add: [garbage, 'nonsense', trusted], wants: other },
  { why: 'nothing to do', has: `${other}# end`, add: [], wants: `${other}# end` },
];
for (const { why, has, wants, add = [ours], remove = [] } of EDITS) {
  t.test(`edit: ${why}`, async (t) => {
    t.equal(editBundle(has, { add, remove }, NOW), wants);
    t.equal(editBundle(wants, { add, remove }, NOW), wants, 'twice changes nothing');
  });
}

t.test('the blocks of a text, readable or not', async (t) => {
  t.same(certificatesIn(`# a\n${ours}b\n${garbage}${trusted}${unended}`), [ours.trim(), garbage.trim()]);
  t.same(certificatesIn(''), []);
});

for (const { why, chain, bundle, trusted: is } of ROWS) {
  t.test(`trust: ${why}`, async (t) => {
    t.equal(isTrusted(chain, bundle, NOW), is);
  });
}

t.test('trust ends in the second after the validity', async (t) => {
  const ca = await make('ca', { ca: true, to: NOW + 5_000 });
  const leaf = await make('leaf', { by: ca, to: NOW + DAY });
  t.equal(isTrusted(leaf.pem, ca.pem, NOW + 5_000), true);
  t.equal(isTrusted(leaf.pem, ca.pem, NOW + 5_001), false);
});

t.test('one with an odd part that somebody put there disturbs nobody', async (t) => {
  const ca = await make('ca', { ca: true });
  const leaf = await make('leaf', { by: ca });
  const odd = await make('odd', { ca: true, malformed: true });
  t.doesNotThrow(() => new X509Certificate(odd.pem), 'OpenSSL takes it');
  t.equal(isTrusted(leaf.pem, odd.pem + ca.pem, NOW), true);
  t.equal(isTrusted((await make('below', { by: odd })).pem, odd.pem, NOW), false);
  t.equal(isTrusted(odd.pem, ca.pem, NOW), false);
});
