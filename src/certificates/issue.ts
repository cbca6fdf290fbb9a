// Makes CAs and the certificates that they sign (RFC 5280). P-256, because the API server checks one signature per connection. What
// is made is backdated, because clocks of nodes differ and a certificate must be good everywhere at once.
import { createHash, generateKeyPair, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { der, TAG, valuesIn } from './der.ts';
import { readParts } from './parts.ts';
import type { ServingCertificate } from './serving-certificate.ts';

/** PEM, both. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const BACKDATE_MS = 60 * 60 * 1_000;
/** RFC 5280, `ub-common-name`; verifiers read the DNS names. */
const COMMON_NAME_MAX = 64;
/** UTCTime has years of two digits, up to this one. */
const LAST_SHORT_YEAR = 2049;

/** Object identifiers, encoded. */
const ID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectKeyId: '551d0e',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  authorityKeyId: '551d23',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
} as const;

/** Key usages, as bit strings: how many bits at the end do not count, and the bits. */
const SIGNS_CERTIFICATES_AND_LISTS = [1, 0b0000_0110];
const SIGNS = [7, 0b1000_0000];

/** @param now milliseconds since the epoch */
export async function makeCa(now: number, lifeMs: number): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeys();
  // The time, so that two CAs of ours never have one name: verifiers look issuers up by name.
  const name = named(`pullpass CA ${new Date(now).toISOString()}`);
  const cert = certificate(
    {
      subject: name,
      issuer: name,
      from: now - BACKDATE_MS,
      to: now + lifeMs,
      publicKey,
      extensions: [
        extension(ID.basicConstraints, der(TAG.sequence, TRUE, der(TAG.integer, Buffer.from([0]))), CRITICAL),
        extension(ID.keyUsage, der(TAG.bitString, Buffer.from(SIGNS_CERTIFICATES_AND_LISTS)), CRITICAL),
        extension(ID.subjectKeyId, der(TAG.octetString, keyIdOf(publicKey))),
      ],
    },
    privateKey,
  );
  return { cert, key: exportKey(privateKey) };
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
  const issuer = new X509Certificate(ca.cert);
  const { subject, keyId } = readParts(issuer.raw);
  const { publicKey, privateKey } = await generateKeys();
  // A leaf never outlives the CA that vouches for it.
  const expires = Math.min(now + lifeMs, issuer.validToDate.getTime());
  const names = dnsNames.map((name) => der(TAG.implicit(2), Buffer.from(name, 'ascii')));
  const authority = der(TAG.implicit(0), Buffer.from(keyId ?? '', 'hex'));
  const cert = certificate(
    {
      subject: named((dnsNames[0] ?? 'pullpass').slice(0, COMMON_NAME_MAX)),
      issuer: Buffer.from(subject, 'hex'),
      from: now - BACKDATE_MS,
      to: expires,
      publicKey,
      extensions: [
        extension(ID.basicConstraints, der(TAG.sequence), CRITICAL),
        extension(ID.keyUsage, der(TAG.bitString, Buffer.from(SIGNS)), CRITICAL),
        extension(ID.extendedKeyUsage, der(TAG.sequence, objectId(ID.serverAuth))),
        extension(ID.subjectAltName, der(TAG.sequence, ...names)),
        ...(keyId === undefined ? [] : [extension(ID.authorityKeyId, der(TAG.sequence, authority))]),
      ],
    },
    ca.key,
  );
  return { cert, key: exportKey(privateKey), expires };
}

interface Content {
  /** Names, encoded. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** @returns PEM */
function certificate({ subject, issuer, from, to, publicKey, extensions }: Content, key: KeyObject | string): string {
  const algorithm = der(TAG.sequence, objectId(ID.ecdsaWithSha256));
  const content = der(
    TAG.sequence,
    der(TAG.explicit(0), der(TAG.integer, Buffer.from([2]))), // version 3
    der(TAG.integer, serialNumber()),
    algorithm,
    issuer,
    der(TAG.sequence, time(from), time(to)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.explicit(3), der(TAG.sequence, ...extensions)),
  );
  const whole = der(TAG.sequence, content, algorithm, bits(sign('sha256', content, key)));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----`;
}

/** Positive, and of the same length each time. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

const TRUE = der(TAG.boolean, Buffer.from([0xff]));
const CRITICAL = true;

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der(TAG.sequence, objectId(id), ...(critical ? [TRUE] : []), der(TAG.octetString, value));
}

function objectId(id: string): Buffer {
  return der(TAG.objectId, Buffer.from(id, 'hex'));
}

/** A printable string, as others encode such a name when they take ours apart and put it together again. */
function named(commonName: string): Buffer {
  const part = der(TAG.sequence, objectId(ID.commonName), der(TAG.printableString, Buffer.from(commonName, 'ascii')));
  return der(TAG.sequence, der(TAG.set, part));
}

/** To the second, cut off: a certificate never holds longer than was asked for. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  if (new Date(ms).getUTCFullYear() > LAST_SHORT_YEAR) return der(TAG.generalizedTime, Buffer.from(`${digits}Z`));
  return der(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`));
}

function bits(content: Uint8Array): Buffer {
  return der(TAG.bitString, Buffer.from([0]), content);
}

/** RFC 5280, section 4.2.1.2, method 1: SHA-1 of the key's bits, for finding it and for nothing else. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const [whole] = valuesIn(publicKey.export({ type: 'spki', format: 'der' }));
  const [, key] = valuesIn(whole?.content ?? Buffer.alloc(0));
  return createHash('sha1')
    .update(key?.content.subarray(1) ?? '')
    .digest();
}

function generateKeys(): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString().trimEnd();
}
