// Throw-away certificates of every kind, good and odd, for tests of trust.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export const NOW = Date.UTC(2030, 0, 1);
export const DAY = 86_400_000;

export interface Made {
  /** In PEM, with a line end. */
  readonly pem: string;
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface Wish {
  /** Absent: it signs itself. */
  readonly by?: Pick<Made, 'name' | 'keys'>;
  /** Whether it may sign; `undefined`: it says nothing about it. */
  readonly ca?: boolean | undefined;
  readonly pathLength?: number;
  readonly keyUsage?: number;
  readonly usages?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384';
  /** With alternative names that are none, which not every parser takes. */
  readonly malformed?: boolean;
}

/** Valid from a day before to a day after NOW, if nothing else is wished for. */
export async function make(name: string, wish: Wish = {}): Promise<Made> {
  const { hash = 'SHA-256', usages, keyUsage } = wish;
  const generated = wish.keys ?? (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']));
  const keys = generated as webcrypto.CryptoKeyPair;
  const by = wish.by ?? { name, keys };
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${by.name}`,
    notBefore: new Date(wish.from ?? NOW - DAY),
    notAfter: new Date(wish.to ?? NOW + DAY),
    signingAlgorithm: { ...ALGORITHM, hash },
    signingKey: by.keys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      ...(wish.ca === undefined ? [] : [new x509.BasicConstraintsExtension(wish.ca, wish.pathLength, true)]),
      ...(keyUsage === undefined ? [] : [new x509.KeyUsagesExtension(keyUsage, true)]),
      ...(wish.malformed ? [new x509.Extension('2.5.29.17', false, Uint8Array.from([5, 0]).buffer)] : []),
      ...(usages === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...usages])]),
    ],
  });
  return { pem: `${certificate.toString('pem')}\n`, name, keys };
}

export const SERVER_AUTH = x509.ExtendedKeyUsage.serverAuth;
export const CLIENT_AUTH = x509.ExtendedKeyUsage.clientAuth;
export const NO_SIGNING_OF_CERTIFICATES = x509.KeyUsageFlags.digitalSignature;

/** A CA with an RSA key, and a leaf that it signed with RSA-PSS and the hash. PEM, both. */
export async function makeRsa(hash: 'SHA-1' | 'SHA-256'): Promise<{ readonly ca: string; readonly leaf: string }> {
  const publicExponent = Uint8Array.from([1, 0, 1]);
  const algorithm = { name: 'RSA-PSS', hash, modulusLength: 2048, publicExponent, saltLength: 32 };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const of = async (subject: string, extensions: x509.Extension[]): Promise<string> => {
    const certificate = await x509.X509CertificateGenerator.create({
      ...{ subject, issuer: 'CN=rsa', notBefore: new Date(NOW - DAY), notAfter: new Date(NOW + DAY) },
      ...{ signingAlgorithm: algorithm, signingKey: keys.privateKey, publicKey: keys.publicKey, extensions },
    });
    return `${certificate.toString('pem')}\n`;
  };
  return {
    ca: await of('CN=rsa', [new x509.BasicConstraintsExtension(true, undefined, true)]),
    leaf: await of('CN=leaf', []),
  };
}
