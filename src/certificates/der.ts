// DER, as far as certificates of ours need it: values are written, and places of certificates that Node has accepted are found.
// Its own code, because a library for all of X.509 took a tenth of a second of each start (decision 0016).

/** The tags that certificates are made of (X.690, section 8). Those in brackets are the context's own. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[n]` around values. */
  explicit: (n: number): number => 0xa0 + n,
  /** `[n]` in place of the tag of a value that is not composed. */
  implicit: (n: number): number => 0x80 + n,
} as const;

/** @param parts of its content, in order */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 + bytes.length, ...bytes];
}

export interface Value {
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

/**
 * The values that stand one after the other in the bytes.
 * @throws RangeError when a value is not whole
 */
export function valuesIn(bytes: Buffer): readonly Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const first = bytes.readUInt8(at + 1);
    const extra = first < 0x80 ? 0 : first & 0x7f;
    const begin = at + 2 + extra;
    const end = begin + (extra === 0 ? first : bytes.readUIntBE(at + 2, extra));
    if (end > bytes.length) throw new RangeError('a value that is cut off');
    values.push({ tag, content: bytes.subarray(begin, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

/** The one value of that tag, if there is one. */
export function firstOf(tag: number, values: readonly Value[]): Value | undefined {
  return values.find((value) => value.tag === tag);
}
