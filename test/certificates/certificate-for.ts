// A throw-away CA and a certificate that it signed, for servers in tests.
import { makeCa, signLeaf } from '../../src/certificates/issue.ts';

export interface TestCertificate {
  /** PEM, all of them. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

export async function certificateFor(...dnsNames: readonly string[]): Promise<TestCertificate> {
  const ca = await makeCa(Date.now(), DAY_MS);
  const { cert, key } = await signLeaf(ca, dnsNames, Date.now(), DAY_MS);
  return { ca: ca.cert, cert, key };
}
