// Throw-away CA certificates for tests.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** In PEM, valid from a day before that time (ms since the epoch) to that time. */
export async function caUntil(name: string, end: number): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(end - 86_400_000),
    notAfter: new Date(end),
    signingAlgorithm: ALGORITHM,
    keys,
  });
  return `${certificate.toString('pem')}\n`;
}
