// The few places of a certificate that Node does not show (RFC 5280, section 4.1). Names are compared as they are encoded, byte by
// byte, as Go does: OpenSSL takes names for equal that the API server does not.
import { firstOf, TAG, type Value, valuesIn } from './der.ts';

export interface CertificateParts {
  /** The encoded names, in hex. */
  readonly issuer: string;
  readonly subject: string;
  /** In a way that Go's crypto/x509 verifies; it takes nobody's MD5 or SHA-1. */
  readonly isWellSigned: boolean;
  /** How many intermediates may stand between it and a leaf; undefined: any number. */
  readonly pathLength: number | undefined;
  /** What it says that its key is known by, in hex. */
  readonly keyId: string | undefined;
}

/** Go's `signatureAlgorithmDetails` without those that it refuses, as object identifiers in hex. */
const WELL_SIGNED = new Set([
  ...['2a864886f70d01010b', '2a864886f70d01010c', '2a864886f70d01010d'], // RSA with SHA-256, 384, 512
  ...['2a8648ce3d040302', '2a8648ce3d040303', '2a8648ce3d040304'], // ECDSA with SHA-256, 384, 512
  '2b6570', // Ed25519
]);
const RSA_PSS = '2a864886f70d01010a';
const SHA_2 = new Set(['608648016503040201', '608648016503040202', '608648016503040203']);
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_KEY_ID = '551d0e';

/**
 * @param certificate DER, which another parser has accepted
 * @throws Error when a part is missing or cut off
 */
export function readParts(certificate: Buffer): CertificateParts {
  const [whole] = valuesIn(certificate);
  const [signed, algorithm] = inside(whole);
  const fields = inside(signed);
  // The version may be left out; serial number and algorithm stand before the issuer.
  const [, , issuer, , subject] = fields[0]?.tag === TAG.explicit(0) ? fields.slice(1) : fields;
  if (issuer?.tag !== TAG.sequence || subject?.tag !== TAG.sequence) throw new Error('names are not where they belong');
  const extensions = readExtensions(firstOf(TAG.explicit(3), fields));
  const constraints = inside(valuesIn(extensions.get(BASIC_CONSTRAINTS) ?? Buffer.alloc(0))[0]);
  const length = firstOf(TAG.integer, constraints)?.content;
  const keyId = extensions.get(SUBJECT_KEY_ID);
  return {
    issuer: issuer.whole.toString('hex'),
    subject: subject.whole.toString('hex'),
    isWellSigned: isWellSigned(inside(algorithm)),
    pathLength: length?.readUIntBE(0, length.length),
    keyId: keyId === undefined ? undefined : valuesIn(keyId)[0]?.content.toString('hex'),
  };
}

function inside(value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : valuesIn(value.content);
}

/** Their values by object identifier, both as they are encoded. */
function readExtensions(field: Value | undefined): ReadonlyMap<string, Buffer> {
  const list = inside(inside(field)[0]);
  return new Map(
    list.map((extension): [string, Buffer] => {
      const parts = inside(extension);
      const value = firstOf(TAG.octetString, parts)?.content ?? Buffer.alloc(0);
      return [parts[0]?.content.toString('hex') ?? '', value];
    }),
  );
}

function isWellSigned([id, parameters]: readonly Value[]): boolean {
  const name = id?.content.toString('hex') ?? '';
  if (name !== RSA_PSS) return WELL_SIGNED.has(name);
  // The hash is a parameter; one that is not given is SHA-1 (RFC 4055, section 3.1).
  const hash = inside(inside(firstOf(TAG.explicit(0), inside(parameters)))[0])[0];
  return SHA_2.has(hash?.content.toString('hex') ?? '');
}
