// Makes CAs and the certificates that they sign. P-256, because the API server checks one signature per connection. What is
// made is backdated, because clocks of nodes differ and a certificate must be good everywhere at once.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { ServingCertificate } from './serving-certificate.ts';

/** PEM, both. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const BACKDATE_MS = 60 * 60 * 1_000;

/** @param now milliseconds since the epoch */
export async function makeCa(now: number, lifeMs: number): Promise<KeyPair> {
  const keys = await generateKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    // The time, so that two CAs of ours never have one name: verifiers look issuers up by name.
    name: `CN=pullpass CA ${new Date(now).toISOString()}`,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + lifeMs),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: ca.toString('pem'), key: await exportKey(keys.privateKey) };
}

/**
 * @param dnsNames the names of the Service, `pullpass.pullpass-system.svc` first
 * @param now milliseconds since the epoch
 */
export async function signLeaf(
  ca: KeyPair,
  dnsNames: readonly string[],
  now: number,
  lifeMs: number,
): Promise<ServingCertificate> {
  const issuer = new x509.X509Certificate(ca.cert);
  const keys = await generateKeys();
  // A leaf never outlives the CA that vouches for it.
  const notAfter = new Date(Math.min(now + lifeMs, issuer.notAfter.getTime()));
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `CN=${(dnsNames[0] ?? 'pullpass').slice(0, COMMON_NAME_MAX)}`,
    issuer: issuer.subject,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter,
    signingAlgorithm: ALGORITHM,
    signingKey: await importKey(ca.key),
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: leaf.toString('pem'), key: await exportKey(keys.privateKey), expires: notAfter.getTime() };
}

/** RFC 5280, `ub-common-name`; verifiers read the DNS names. */
const COMMON_NAME_MAX = 64;

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)), 'PRIVATE KEY');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der = new ArrayBuffer(0)] = x509.PemConverter.decode(pem);
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}
