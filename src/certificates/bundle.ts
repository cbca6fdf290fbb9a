// The caBundle of a webhook: what is put in and taken out, and whether the API server would trust a certificate by it. It is
// shared property: others keep certificates in it too, which stay until they have expired or are none. The surprising rule:
// trust is decided as Go's crypto/x509 decides it, because that is what the API server asks; host names are not looked at.
import { X509Certificate } from 'node:crypto';
import { type CertificateParts, readParts } from './parts.ts';

export interface BundleEdit {
  /** PEM texts of certificates that must be in it. */
  readonly add: readonly string[];
  /** PEM texts of certificates that must not be in it, unless they are also to be added. */
  readonly remove: readonly string[];
}

/** As Go reads PEM: lines of their own, and no headers. */
const BLOCK =
  /(?<![^\n])-----BEGIN CERTIFICATE-----[ \t\r]*\n([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----(?=[ \t\r]*(?:\n|$))/g;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const USAGES = { serverAuth: '1.3.6.1.5.5.7.3.1', any: '2.5.29.37.0' };

/** The blocks of all certificates in a PEM text, in order, readable or not. */
export function certificatesIn(pem: string): readonly string[] {
  return [...pem.matchAll(BLOCK)].map(([block]) => block);
}

/**
 * @param bundle the PEM text that is there now
 * @param now milliseconds since the epoch
 * @returns the text to have instead; the very same text when nothing is to change
 */
export function editBundle(bundle: string, edit: BundleEdit, now: number): string {
  const wanted = byFingerprint(edit.add);
  const unwanted = byFingerprint(edit.remove);
  const blocks = certificatesIn(bundle);
  const kept = new Map<string, string>();
  for (const block of blocks) {
    const certificate = parse(block);
    if (certificate === undefined) continue;
    const { fingerprint256, validToDate } = certificate;
    const stays = wanted.has(fingerprint256) || (validToDate.getTime() > now && !unwanted.has(fingerprint256));
    if (stays && !kept.has(fingerprint256)) kept.set(fingerprint256, block);
  }
  const missing = [...wanted].filter(([fingerprint]) => !kept.has(fingerprint)).map(([, block]) => block);
  if (missing.length === 0 && kept.size === blocks.length) return bundle;
  return [...kept.values(), ...missing].map((block) => `${block}\n`).join('');
}

/**
 * Whether a TLS client that has the bundle as its only roots accepts the leaf, whatever its names.
 * @param chainPem the leaf, and the intermediates behind it if there are any
 * @param now milliseconds since the epoch
 */
export function isTrusted(chainPem: string, bundle: string, now: number): boolean {
  const [leafBlock = '', ...behind] = certificatesIn(chainPem);
  const leaf = parse(leafBlock);
  if (leaf === undefined || !isGood(leaf, now)) return false;
  const roots = certificatesIn(bundle).flatMap((block) => parse(block) ?? []);
  if (roots.some(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256)) return true;
  const intermediates = behind.flatMap((block) => parse(block) ?? []);
  const [rootEntries, others] = [roots.flatMap(entriesOf), intermediates.flatMap(entriesOf)];
  return entriesOf(leaf).some((entry) => leadsToRoot([entry], rootEntries, others, now));
}

interface Entry extends CertificateParts {
  readonly certificate: X509Certificate;
}

/** None for one with an odd part, which somebody may have put into the bundle: it vouches for nothing, and disturbs nobody. */
function entriesOf(certificate: X509Certificate): readonly Entry[] {
  try {
    return [{ certificate, ...readParts(certificate.raw) }];
  } catch {
    return [];
  }
}

/** @param chain from the leaf to the one whose issuer is looked for */
function leadsToRoot(
  chain: readonly Entry[],
  roots: readonly Entry[],
  intermediates: readonly Entry[],
  now: number,
): boolean {
  const signs = (issuer: Entry): boolean => isIssuer(issuer, chain, now);
  if (roots.some(signs)) return true;
  return intermediates.some((next) => {
    if (!signs(next)) return false;
    const left = intermediates.filter((other) => other !== next);
    return leadsToRoot([...chain, next], roots, left, now);
  });
}

function isIssuer({ certificate, subject, pathLength }: Entry, chain: readonly Entry[], now: number): boolean {
  const child = chain.at(-1);
  if (child === undefined || child.issuer !== subject || !child.isWellSigned) return false;
  // `ca` asks for the basic constraints and, where a key usage is given, for the right to sign certificates.
  if (!certificate.ca || !isGood(certificate, now)) return false;
  if (pathLength !== undefined && chain.length - 1 > pathLength) return false;
  return child.certificate.verify(certificate.publicKey);
}

/** Within its validity, and fit for servers if it says what it is fit for. */
function isGood({ validFromDate, validToDate, keyUsage }: X509Certificate, now: number): boolean {
  // The types promise a list, but without an extended key usage there is none.
  const usages: readonly string[] | undefined = keyUsage;
  const fits = usages === undefined || usages.includes(USAGES.serverAuth) || usages.includes(USAGES.any);
  return fits && validFromDate.getTime() <= now && now <= validToDate.getTime();
}

/** The certificates in the texts, each once; what is none is passed over. */
function byFingerprint(texts: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const block of texts.flatMap(certificatesIn)) {
    const certificate = parse(block);
    if (certificate && !found.has(certificate.fingerprint256)) found.set(certificate.fingerprint256, block);
  }
  return found;
}

function parse(block: string): X509Certificate | undefined {
  const text = block.replace(/-----(BEGIN|END) CERTIFICATE-----|\s/g, '');
  if (!BASE64.test(text)) return undefined;
  const der = Buffer.from(text, 'base64');
  try {
    const certificate = new X509Certificate(der);
    // OpenSSL passes over what stands behind a certificate, Go refuses the whole.
    return certificate.raw.length === der.length ? certificate : undefined;
  } catch {
    return undefined;
  }
}
