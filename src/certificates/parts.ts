// The few places of a certificate that Node does not show. Names are compared as they are encoded, byte by byte, as Go does:
// OpenSSL takes names for equal that the API server does not.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export interface CertificateParts {
  /** The encoded names, in hex. */
  readonly issuer: string;
  readonly subject: string;
  /** With MD5 or SHA-1, which Go takes from nobody. */
  readonly isWeaklySigned: boolean;
  /** How many intermediates may stand between it and a leaf; undefined: any number. */
  readonly pathLength: number | undefined;
}

const WEAK = new Set(['MD5', 'SHA-1']);

/** @param der of a certificate that another parser has accepted */
export function readParts(der: Buffer): CertificateParts {
  const certificate = new x509.X509Certificate(Uint8Array.from(der).buffer);
  const { hash }: { readonly hash?: { readonly name: string } } = certificate.signatureAlgorithm;
  return {
    issuer: hex(certificate.issuerName),
    subject: hex(certificate.subjectName),
    isWeaklySigned: WEAK.has(hash?.name ?? ''),
    pathLength: certificate.getExtension(x509.BasicConstraintsExtension)?.pathLength,
  };
}

function hex(name: x509.Name): string {
  return Buffer.from(name.toArrayBuffer()).toString('hex');
}
