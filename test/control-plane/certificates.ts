// The certificates and keys of one throw-away control plane: made at start, kept in its folder, gone with it.
import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface ControlPlaneCertificates {
  readonly ca: string;
  readonly server: Pair;
  /** A client certificate of the group system:masters. */
  readonly admin: Pair;
  readonly serviceAccountKey: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 60 * 60 * 1_000;
const CA_NAME = 'CN=pullpass test CA';

export async function makeCertificates(): Promise<ControlPlaneCertificates> {
  const caKeys = await keyPair();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: CA_NAME,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    ca: ca.toString('pem'),
    server: await issue(caKeys, 'CN=kube-apiserver', x509.ExtendedKeyUsage.serverAuth, [
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: 'localhost' },
      { type: 'dns', value: 'kubernetes.default.svc' },
    ]),
    admin: await issue(caKeys, 'CN=admin,O=system:masters', x509.ExtendedKeyUsage.clientAuth, []),
    serviceAccountKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

async function issue(
  caKeys: webcrypto.CryptoKeyPair,
  subject: string,
  usage: x509.ExtendedKeyUsage,
  names: x509.JsonGeneralName[],
): Promise<Pair> {
  const keys = await keyPair();
  const cert = await x509.X509CertificateGenerator.create({
    subject,
    issuer: CA_NAME,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    signingKey: caKeys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - 60 * 60 * 1_000), notAfter: new Date(Date.now() + DAY_MS) };
}

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
