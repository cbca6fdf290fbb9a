// The caBundle of a webhook is shared property: other replicas, a rotation and other tools keep certificates in it. One is
// added beside those that are there, never in their place; only what has expired or is no certificate at all leaves.
import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/**
 * @param bundle the PEM text that is there now
 * @param now milliseconds since the epoch
 * @returns the text to have instead; the very same text when nothing is to change
 */
export function withCa(bundle: string, caPem: string, now: number): string {
  const blocks = blocksOf(bundle);
  const kept = new Map<string, string>();
  for (const block of blocks) {
    const certificate = parse(block);
    if (certificate && certificate.validToDate.getTime() > now && !kept.has(certificate.fingerprint256)) {
      kept.set(certificate.fingerprint256, block);
    }
  }
  const missing = blocksOf(caPem).filter((block) => !kept.has(new X509Certificate(block).fingerprint256));
  if (missing.length === 0 && kept.size === blocks.length) return bundle;
  return [...kept.values(), ...missing].map((block) => `${block}\n`).join('');
}

function blocksOf(pem: string): readonly string[] {
  return [...pem.matchAll(BLOCK)].map(([block]) => block);
}

function parse(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}
