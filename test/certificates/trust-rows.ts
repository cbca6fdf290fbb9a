// Whether a client that has only the bundle as its roots accepts a chain, as Go's crypto/x509 answers it.
import { CLIENT_AUTH, DAY, make, makeRsa, NO_SIGNING_OF_CERTIFICATES, NOW, SERVER_AUTH } from './chain.ts';

export interface TrustRow {
  readonly why: string;
  readonly chain: string;
  readonly bundle: string;
  readonly trusted: boolean;
}

const ca = await make('ca', { ca: true });
const other = await make('other', { ca: true });
const sameName = await make('ca', { ca: true });
const sameKey = await make('another name', { ca: true, keys: ca.keys });
const leaf = await make('leaf', { by: ca, ca: false, usages: [SERVER_AUTH] });
const plain = await make('leaf', { by: ca });
const middle = await make('middle', { by: ca, ca: true });
const lower = await make('lower', { by: middle, ca: true });
const deep = await make('deep', { by: lower });
const short = await make('short', { ca: true, pathLength: 0 });
const shortMiddle = await make('short middle', { by: short, ca: true });
const one = await make('one', { ca: true, pathLength: 1 });
const oneMiddle = await make('one middle', { by: one, ca: true });
const past = await make('past', { ca: true, from: NOW - 2 * DAY, to: NOW - DAY });
const future = await make('future', { ca: true, from: NOW + DAY, to: NOW + 2 * DAY });
const noCa = await make('no ca', { ca: false });
const silent = await make('silent');
const noSigning = await make('no signing', { ca: true, keyUsage: NO_SIGNING_OF_CERTIFICATES });
const clients = await make('clients', { ca: true, usages: [CLIENT_AUTH] });
const capital = await make('CA', { ca: true, keys: ca.keys });
const renewed = await make('ca', { ca: true, keys: ca.keys });
const crossed = await make('ca', { by: other, ca: true, keys: ca.keys });
const loopOne = await make('loop one', { ca: true });
const loopTwo = await make('loop two', { by: loopOne, ca: true });
const loopBack = await make('loop one', { by: loopTwo, ca: true, keys: loopOne.keys });
const by = async (issuer: typeof ca) => (await make('leaf', { by: issuer })).pem;
const garbage = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n-----END CERTIFICATE-----\n';
const truncated = ca.pem.replace(/\n[^\n]+\n-----END/, '\n-----END');

export const ROWS: readonly TrustRow[] = [
  { why: 'signed by a CA in it', chain: leaf.pem, bundle: ca.pem, trusted: true },
  { why: 'which is not the first', chain: leaf.pem, bundle: `# x\n${garbage}${other.pem}${ca.pem}`, trusted: true },
  { why: 'a leaf that says nothing of itself', chain: plain.pem, bundle: ca.pem, trusted: true },
  { why: 'an empty bundle', chain: leaf.pem, bundle: '', trusted: false },
  { why: 'another CA', chain: leaf.pem, bundle: other.pem, trusted: false },
  { why: 'another CA of the same name', chain: leaf.pem, bundle: sameName.pem, trusted: false },
  { why: 'both of one name', chain: leaf.pem, bundle: sameName.pem + ca.pem, trusted: true },
  { why: 'the same key under another name', chain: leaf.pem, bundle: sameKey.pem, trusted: false },
  { why: 'a name that differs in case alone', chain: leaf.pem, bundle: capital.pem, trusted: false },
  { why: 'a renewed CA with the same key', chain: leaf.pem, bundle: renewed.pem, trusted: true },
  { why: 'the leaf itself', chain: leaf.pem, bundle: leaf.pem, trusted: true },
  { why: 'a leaf that signed itself', chain: silent.pem, bundle: silent.pem, trusted: true },
  { why: 'the CA only in the chain', chain: leaf.pem + ca.pem, bundle: other.pem, trusted: false },
  { why: 'by an intermediate', chain: (await by(middle)) + middle.pem, bundle: ca.pem, trusted: true },
  { why: 'without the intermediate', chain: await by(middle), bundle: ca.pem, trusted: false },
  { why: 'the intermediate itself in the bundle', chain: await by(middle), bundle: middle.pem, trusted: true },
  { why: 'two intermediates, out of order', chain: deep.pem + middle.pem + lower.pem, bundle: ca.pem, trusted: true },
  { why: 'two intermediates, one missing', chain: deep.pem + lower.pem, bundle: ca.pem, trusted: false },
  { why: 'cross-signed', chain: leaf.pem + crossed.pem, bundle: other.pem, trusted: true },
  {
    why: 'intermediates in a circle',
    chain: (await by(loopOne)) + loopTwo.pem + loopBack.pem,
    bundle: ca.pem,
    trusted: false,
  },
  { why: 'no intermediate allowed, and none there', chain: await by(short), bundle: short.pem, trusted: true },
  {
    why: 'no intermediate allowed',
    chain: (await by(shortMiddle)) + shortMiddle.pem,
    bundle: short.pem,
    trusted: false,
  },
  { why: 'one intermediate allowed', chain: (await by(oneMiddle)) + oneMiddle.pem, bundle: one.pem, trusted: true },
  { why: 'a CA that has expired', chain: await by(past), bundle: past.pem, trusted: false },
  { why: 'a CA that is not valid yet', chain: await by(future), bundle: future.pem, trusted: false },
  {
    why: 'a leaf that has expired',
    chain: (await make('leaf', { by: ca, to: NOW - 1_000 })).pem,
    bundle: ca.pem,
    trusted: false,
  },
  {
    why: 'a leaf that is not valid yet',
    chain: (await make('leaf', { by: ca, from: NOW + 1_000 })).pem,
    bundle: ca.pem,
    trusted: false,
  },
  { why: 'a leaf that has expired, in the bundle itself', chain: past.pem, bundle: past.pem, trusted: false },
  { why: 'an issuer that is no CA', chain: await by(noCa), bundle: noCa.pem, trusted: false },
  { why: 'an issuer that does not say that it is one', chain: await by(silent), bundle: silent.pem, trusted: false },
  { why: 'a CA that may not sign certificates', chain: await by(noSigning), bundle: noSigning.pem, trusted: false },
  {
    why: 'a leaf for clients',
    chain: (await make('leaf', { by: ca, usages: [CLIENT_AUTH] })).pem,
    bundle: ca.pem,
    trusted: false,
  },
  { why: 'a CA for clients', chain: await by(clients), bundle: clients.pem, trusted: false },
  {
    why: 'signed with SHA-1',
    chain: (await make('leaf', { by: ca, hash: 'SHA-1' })).pem,
    bundle: ca.pem,
    trusted: false,
  },
  {
    why: 'signed with SHA-384',
    chain: (await make('leaf', { by: ca, hash: 'SHA-384' })).pem,
    bundle: ca.pem,
    trusted: true,
  },
  ...(await Promise.all(
    (['SHA-1', 'SHA-256'] as const).map(async (hash) => {
      const rsa = await makeRsa(hash);
      return { why: `signed with RSA-PSS and ${hash}`, chain: rsa.leaf, bundle: rsa.ca, trusted: hash === 'SHA-256' };
    }),
  )),
  {
    why: 'a key behind the leaf',
    chain: `${leaf.pem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
    bundle: ca.pem,
    trusted: true,
  },
  {
    why: 'other line ends',
    chain: leaf.pem.replaceAll('\n', '\r\n'),
    bundle: ca.pem.replaceAll('\n', '\r\n'),
    trusted: true,
  },
  { why: 'a CA that is cut off', chain: leaf.pem, bundle: truncated, trusted: false },
  { why: 'an empty chain', chain: '', bundle: ca.pem, trusted: false },
  { why: 'a chain that is none', chain: garbage, bundle: ca.pem, trusted: false },
  { why: 'a chain that begins with none', chain: garbage + leaf.pem, bundle: ca.pem, trusted: false },
  { why: 'nonsense', chain: 'nonsense', bundle: 'nonsense', trusted: false },
];
