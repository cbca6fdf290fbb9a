// A CA and a serving certificate, made at start and kept in memory only. Each replica has its own CA, which is added to
// the webhook configuration beside the others. P-256, because the API server checks one signature per connection.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface ServingCertificate {
  /** PEM, all of them. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly expires: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** A replica does not live that long between two rollouts, and what it leaves in a bundle goes when it has expired. */
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1_000;
/** Clocks of nodes differ; a certificate must be valid everywhere at once. */
const BACKDATE_MS = 60 * 60 * 1_000;

/** @param dnsNames the names of the Service, `pullpass.pullpass-system.svc` first */
export async function makeServingCertificate(dnsNames: readonly string[], now: Date): Promise<ServingCertificate> {
  const caKeys = await generateKeys();
  const keys = await generateKeys();
  const notBefore = new Date(now.getTime() - BACKDATE_MS);
  const notAfter = new Date(now.getTime() + LIFETIME_MS);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=pullpass CA ${now.toISOString()}`,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `CN=${dnsNames[0] ?? 'pullpass'}`,
    issuer: ca.subject,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    signingKey: caKeys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
  return { ca: ca.toString('pem'), cert: leaf.toString('pem'), key, expires: notAfter };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
