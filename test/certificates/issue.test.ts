// What a CA and a certificate of ours say, read by two parsers that are not ours; the API server reads them in the tests of serve.
import 'reflect-metadata';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import t from 'tap';
import { isTrusted } from '../../src/certificates/bundle.ts';
import { makeCa, signLeaf } from '../../src/certificates/issue.ts';
import { DAY, NOW } from './chain.ts';

const HOUR = 3_600_000;
const NAMES = ['pullpass.pullpass-system.svc', 'pullpass.pullpass-system.svc.cluster.local'];
const ca = await makeCa(NOW, 30 * DAY);
const leaf = await signLeaf(ca, NAMES, NOW, DAY);

/** Kind, whether it is critical, and value, of each extension. */
function extensionsOf(pem: string): ReadonlyMap<string, x509.Extension> {
  return new Map(new x509.X509Certificate(pem).extensions.map((extension) => [extension.constructor.name, extension]));
}

t.test('a CA may sign certificates for servers, and no further CA', async (t) => {
  const parsed = new X509Certificate(ca.cert);
  t.ok(parsed.ca);
  t.ok(parsed.checkIssued(parsed));
  t.ok(parsed.verify(parsed.publicKey));
  t.ok(parsed.checkPrivateKey(createPrivateKey(ca.key)));
  t.equal(parsed.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const extensions = extensionsOf(ca.cert);
  t.match(extensions.get('BasicConstraintsExtension'), { critical: true, ca: true, pathLength: 0 });
  const usages = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
  t.match(extensions.get('KeyUsagesExtension'), { critical: true, usages });
  t.equal(extensions.size, 3);
});

t.test('its key is known by what others work out from it', async (t) => {
  const key = new x509.X509Certificate(ca.cert).publicKey;
  const expected = await x509.SubjectKeyIdentifierExtension.create(key);
  t.match(extensionsOf(ca.cert).get('SubjectKeyIdentifierExtension'), { keyId: expected.keyId });
  t.match(extensionsOf(leaf.cert).get('AuthorityKeyIdentifierExtension'), { keyId: expected.keyId });
});

t.test('a certificate is for the names of the Service, and for servers alone', async (t) => {
  const parsed = new X509Certificate(leaf.cert);
  const authority = new X509Certificate(ca.cert);
  t.ok(parsed.checkIssued(authority));
  t.ok(parsed.verify(authority.publicKey));
  t.ok(parsed.checkPrivateKey(createPrivateKey(leaf.key)));
  t.equal(parsed.subjectAltName, NAMES.map((name) => `DNS:${name}`).join(', '));
  t.equal(parsed.subject, `CN=${NAMES[0]}`);
  t.equal(parsed.issuer, authority.subject);
  t.notOk(parsed.ca);
  const extensions = extensionsOf(leaf.cert);
  t.match(extensions.get('BasicConstraintsExtension'), { critical: true, ca: false });
  t.match(extensions.get('KeyUsagesExtension'), { critical: true, usages: x509.KeyUsageFlags.digitalSignature });
  t.match(extensions.get('ExtendedKeyUsageExtension'), { usages: [x509.ExtendedKeyUsage.serverAuth] });
  t.equal(extensions.size, 5);
});

t.test('both are backdated by an hour, and a certificate ends with its CA', async (t) => {
  const [authority, certificate] = [new X509Certificate(ca.cert), new X509Certificate(leaf.cert)];
  t.equal(authority.validFromDate.getTime(), NOW - HOUR);
  t.equal(authority.validToDate.getTime(), NOW + 30 * DAY);
  t.equal(certificate.validFromDate.getTime(), NOW - HOUR);
  t.equal(certificate.validToDate.getTime(), NOW + DAY);
  t.equal(leaf.expires, NOW + DAY);
  const late = await signLeaf(ca, NAMES, NOW + 29.5 * DAY, DAY);
  t.equal(new X509Certificate(late.cert).validToDate.getTime(), NOW + 30 * DAY);
  t.equal(late.expires, NOW + 30 * DAY);
});

t.test('the year 2050 is written in another way', async (t) => {
  const [before, after] = [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)];
  for (const until of [before, after]) {
    const { cert } = await makeCa(NOW, until - NOW);
    t.equal(new X509Certificate(cert).validToDate.getTime(), until);
    t.equal(new x509.X509Certificate(cert).notAfter.getTime(), until);
  }
});

t.test('a name that is too long for the subject is still among the names', async (t) => {
  const long = `pullpass.${'n'.repeat(60)}.svc`;
  const parsed = new X509Certificate((await signLeaf(ca, [long], NOW, DAY)).cert);
  t.equal(parsed.subject.length, 'CN='.length + 64);
  t.equal(parsed.subjectAltName, `DNS:${long}`);
});

t.test('many names make it long, and it is read all the same', async (t) => {
  const names = Array.from({ length: 1_500 }, (_, i) => `pullpass-${i}.pullpass-system.svc.cluster.local`);
  const parsed = new X509Certificate((await signLeaf(ca, names, NOW, DAY)).cert);
  t.equal(parsed.subjectAltName?.split(', ').length, names.length);
});

t.test('a CA that another program made signs for us under its name and key', async (t) => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'O=Acme\\, Inc., CN=their CA',
    notBefore: new Date(NOW - DAY),
    notAfter: new Date(NOW + 3 * DAY),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  const cert = made.toString('pem');
  const signed = await signLeaf({ cert, key }, NAMES, NOW, DAY);
  t.ok(new X509Certificate(signed.cert).checkIssued(new X509Certificate(cert)));
  t.ok(isTrusted(signed.cert, cert, NOW), 'and is trusted by it');
});

t.test('another program that signs by our CA comes to the same name', async (t) => {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const [der = new ArrayBuffer(0)] = x509.PemConverter.decode(ca.key);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const theirs = await x509.X509CertificateGenerator.create({
    subject: 'CN=leaf',
    issuer: new x509.X509Certificate(ca.cert).subject,
    notBefore: new Date(NOW - DAY),
    notAfter: new Date(NOW + DAY),
    signingAlgorithm: algorithm,
    signingKey: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    publicKey: keys.publicKey,
  });
  t.ok(isTrusted(theirs.toString('pem'), ca.cert, NOW));
});

t.test('no two have a name or a number in common', async (t) => {
  const others = await Promise.all([makeCa(NOW + 1, DAY), makeCa(NOW + 2, DAY)]);
  const parsed = [ca, ...others].map(({ cert }) => new X509Certificate(cert));
  t.equal(new Set(parsed.map(({ subject }) => subject)).size, 3);
  t.equal(new Set(parsed.map(({ serialNumber }) => serialNumber)).size, 3);
  for (const { serialNumber } of parsed) t.match(serialNumber, /^[4-7][0-9A-F]{31}$/);
});
