// The CAs of an installation as one value: which one signs, which one will, and which ones did. It is kept in one Secret that
// every replica reads and any of them may change. What cannot be read back is a problem in words, never a guess.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyPair } from './issue.ts';

/** Times are milliseconds since the epoch. */
export interface Authority extends KeyPair {
  readonly until: number;
}

export interface FormerAuthority {
  /** PEM. Its key is gone. */
  readonly cert: string;
  readonly until: number;
  /** By then the last certificate that it signed has expired. */
  readonly dropAfter: number;
}

export interface Authorities {
  /** Signs now. */
  readonly current: Authority;
  /** Signs as soon as the webhook configuration holds it. */
  readonly next?: Authority;
  readonly former: readonly FormerAuthority[];
}

const KEYS = { current: ['ca.crt', 'ca.key'], next: ['next.crt', 'next.key'], former: 'former.json' } as const;

/** By the keys of the Secret. */
export function encodeAuthorities({ current, next, former }: Authorities): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [[cert, key], authority] of [
    [KEYS.current, current],
    [KEYS.next, next],
  ] as const) {
    if (authority !== undefined) texts.set(cert, authority.cert).set(key, authority.key);
  }
  if (former.length > 0) {
    const entries = former.map(({ cert, dropAfter }) => ({ cert, dropAfter: new Date(dropAfter).toISOString() }));
    texts.set(KEYS.former, JSON.stringify(entries));
  }
  return texts;
}

export type DecodedAuthorities = { readonly authorities: Authorities } | { readonly problem: string };

export function decodeAuthorities(texts: ReadonlyMap<string, string>): DecodedAuthorities {
  try {
    const current = authorityIn(texts, KEYS.current);
    if (current === undefined) return { problem: 'it holds no CA' };
    const next = authorityIn(texts, KEYS.next);
    return { authorities: { current, ...(next && { next }), former: formerIn(texts.get(KEYS.former)) } };
  } catch {
    // A message could quote a key.
    return { problem: 'what it holds is damaged' };
  }
}

function authorityIn(
  texts: ReadonlyMap<string, string>,
  [certKey, keyKey]: readonly [string, string],
): Authority | undefined {
  const [cert, key] = [texts.get(certKey), texts.get(keyKey)];
  if (cert === undefined && key === undefined) return undefined;
  return authorityOf({ cert: cert ?? '', key: key ?? '' });
}

/** @throws when the two do not belong together or are not a CA */
export function authorityOf({ cert, key }: KeyPair): Authority {
  const parsed = new X509Certificate(cert);
  if (!parsed.ca || !parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('not a CA with its key');
  return { cert, key, until: parsed.validToDate.getTime() };
}

function formerIn(text: string | undefined): readonly FormerAuthority[] {
  if (text === undefined) return [];
  return (JSON.parse(text) as readonly { readonly cert: string; readonly dropAfter: string }[]).map((entry) => {
    const dropAfter = Date.parse(entry.dropAfter);
    if (Number.isNaN(dropAfter)) throw new Error('not a time');
    return { cert: entry.cert, until: new X509Certificate(entry.cert).validToDate.getTime(), dropAfter };
  });
}
