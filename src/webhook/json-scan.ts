// Reads JSON without making values of what nobody wants: gives what JSON.parse would, but of objects only the members that are wanted.
// Making values is what costs, and of a review hardly anything is read. The surprising rule: it takes JSON without blanks, as machines
// write it, and whatever else it meets, legal or not, gives undefined: JSON.parse has the last word. So it must never take what that
// would refuse, nor read it otherwise. test/webhook/review-fuzz.ts holds it to that.

/**
 * What is wanted of a value: all of it, or so much of each member or item; where the value is of another type it is wanted whole. A
 * function says so by what stands before it in the same object; undefined: that cannot be said.
 */
export type Wanted = 'all' | Members | { readonly items: Wanted } | ((before: Fields) => Wanted | undefined);
export type Members = readonly Member[];
export type Fields = Record<string, unknown>;

interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly wanted: Wanted;
}

type Scan = { readonly bytes: Buffer; at: number };

/** Thrown at what is left to JSON.parse; made once, as a stack costs more than all the rest. */
const odd = new Error('odd');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OBJECT = 0x7b;
const LIST = 0x5b;
/** From a bracket that opens to the one that closes. */
const CLOSING = 2;
const ESCAPED = Uint8Array.from({ length: 256 }, (_, i) => Number(/["\\/bfnrt]/.test(String.fromCharCode(i))));
const HEXADECIMAL = Uint8Array.from({ length: 256 }, (_, i) => Number(/[0-9a-f]/i.test(String.fromCharCode(i))));
const WORDS = [true, false, null].map((value) => ({ value, bytes: Buffer.from(String(value)) }));
/** The stack is not for strangers to fill, and nothing that is deployed is so deep. */
const DEPTH_MAX = 100;

/** @param wanted by name; a name must be ASCII without what JSON escapes, and not `__proto__` */
export function members(wanted: Readonly<Record<string, Wanted>>): Members {
  return Object.entries(wanted).map(([name, of]) => ({ name, bytes: Buffer.from(name), wanted: of }));
}

/** @param bytes an object @returns undefined: it is to be parsed */
export function scanJson(bytes: Buffer, wanted: Members): Fields | undefined {
  if (bytes[0] !== OBJECT) return undefined;
  const scan: Scan = { bytes, at: 0 };
  try {
    const found = readObject(scan, wanted, 0);
    // Go ends what it sends with a new line.
    return scan.at === bytes.length || (scan.at === bytes.length - 1 && bytes[scan.at] === 0x0a) ? found : undefined;
  } catch (error) {
    if (error === odd) return undefined;
    throw error;
  }
}

function readValue(scan: Scan, wanted: Wanted, depth: number): unknown {
  const { bytes, at } = scan;
  if (typeof wanted === 'object') {
    if (bytes[at] === OBJECT && !('items' in wanted)) return readObject(scan, wanted, depth);
    if (bytes[at] === LIST && 'items' in wanted) return readList(scan, wanted.items, depth);
  }
  scan.at = skipValue(bytes, at, depth);
  return valueAt(bytes, at, scan.at);
}

/** Most are short texts that are written as they are. */
function valueAt(bytes: Buffer, from: number, to: number): unknown {
  let at = from + 1;
  while (isPlain(bytes[at]) && (bytes[at] as number) < 0x80) at++;
  if (bytes[from] === QUOTE && at === to - 1) return bytes.toString('latin1', from + 1, at);
  for (const word of WORDS) if (bytes[from] === word.bytes[0]) return word.value;
  return JSON.parse(bytes.toString('utf8', from, to));
}

function readObject(scan: Scan, wanted: Members, depth: number): Fields {
  const found: Fields = {};
  for (let goesOn = enter(scan, depth); goesOn; goesOn = isNext(scan, OBJECT + CLOSING)) {
    const member = readName(scan, wanted);
    const told = typeof member?.wanted === 'function' ? member.wanted(found) : member?.wanted;
    if (member === undefined) scan.at = skipValue(scan.bytes, scan.at, depth + 1);
    else if (told === undefined) throw odd;
    // Of several with one name the last counts, as with JSON.parse.
    else found[member.name] = readValue(scan, told, depth + 1);
  }
  return found;
}

function readList(scan: Scan, items: Wanted, depth: number): readonly unknown[] {
  const found: unknown[] = [];
  for (let goesOn = enter(scan, depth); goesOn; goesOn = isNext(scan, LIST + CLOSING)) {
    found.push(readValue(scan, items, depth + 1));
  }
  return found;
}

/** Passes the bracket that opens. @returns whether there is something in it */
function enter(scan: Scan, depth: number): boolean {
  if (depth === DEPTH_MAX) throw odd;
  const closing = (scan.bytes[scan.at++] as number) + CLOSING;
  if (scan.bytes[scan.at] !== closing) return true;
  scan.at += 1;
  return false;
}

/** Passes what stands behind a member or item. */
function isNext(scan: Scan, closing: number): boolean {
  const byte = scan.bytes[scan.at++];
  if (byte !== COMMA && byte !== closing) throw odd;
  return byte === COMMA;
}

/** Passes the name and the colon. @returns undefined: it is not wanted */
function readName(scan: Scan, wanted: Members): Member | undefined {
  const { bytes } = scan;
  const from = scan.at + 1;
  let to = from;
  while (isPlain(bytes[to])) to++;
  // Written with escapes it may be any name.
  if (bytes[from - 1] !== QUOTE || bytes[to] !== QUOTE || bytes[to + 1] !== COLON) throw odd;
  scan.at = to + 2;
  for (const member of wanted) {
    if (member.bytes.length === to - from && standsAt(bytes, from, member.bytes)) return member;
  }
  return undefined;
}

/** Whether it stands for itself in a string. */
function isPlain(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH;
}

function standsAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

// Those that skip are given where a value begins, and give where it ends. Behind the last byte there is nothing, which is odd too.

function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first === OBJECT || first === LIST) return skipNested(bytes, at, depth);
  for (const word of WORDS) if (standsAt(bytes, at, word.bytes)) return at + word.bytes.length;
  return skipNumber(bytes, at);
}

function skipNested(bytes: Uint8Array, from: number, depth: number): number {
  if (depth === DEPTH_MAX) throw odd;
  const opening = bytes[from] as number;
  let at = from + 1;
  if (bytes[at] === opening + CLOSING) return at + 1;
  for (;;) {
    if (opening === OBJECT) {
      at = skipString(bytes, at);
      if (bytes[at++] !== COLON) throw odd;
    }
    at = skipValue(bytes, at, depth + 1);
    const byte = bytes[at++];
    if (byte === opening + CLOSING) return at;
    if (byte !== COMMA) throw odd;
  }
}

function skipString(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== QUOTE) throw odd;
  for (let at = from + 1; ; ) {
    const byte = bytes[at++] as number;
    // Most are letters.
    if (byte > BACKSLASH) continue;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at = skipEscape(bytes, at);
    else if (!(byte >= 0x20)) throw odd;
  }
}

/** @param at behind the backslash */
function skipEscape(bytes: Uint8Array, at: number): number {
  if (ESCAPED[bytes[at] as number] === 1) return at + 1;
  if (bytes[at] !== 0x75) throw odd;
  for (let i = 1; i <= 4; i++) if (HEXADECIMAL[bytes[at + i] as number] !== 1) throw odd;
  return at + 5;
}

/** RFC 8259, section 6. */
function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (((bytes[at] as number) | 0x20) !== 0x65) return at;
  return skipDigits(bytes, bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? at + 2 : at + 1);
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++;
  if (at === from) throw odd;
  return at;
}
