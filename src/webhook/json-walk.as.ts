// Walks through JSON without blanks and checks every byte of it, sixteen at a time where it can: the part of the scan (json-scan.ts) that
// its time goes to. AssemblyScript, which is TypeScript with the types and instructions of WebAssembly; `npm run assemble` compiles it into
// json-walk-code.ts. It knows nothing but addresses: each function is given where to go on and gives where it came to, or ODD, at what is
// not JSON or is left to JSON.parse. The surprising rule: behind the text there must be a zero, at which every walk ends.

const ODD: i32 = -1;
/** What `found` says when there are no more. */
const NO_MORE: i32 = -1;
/** The stack is not for strangers to fill, and nothing that is deployed is so deep. */
const DEPTH_MAX: i32 = 100;

const QUOTE: i32 = 0x22;
const BACKSLASH: i32 = 0x5c;
const COMMA: i32 = 0x2c;
const COLON: i32 = 0x3a;
const OBJECT: i32 = 0x7b;
const LIST: i32 = 0x5b;
/** From a bracket that opens to the one that closes. */
const CLOSING: i32 = 2;
/** Four bytes as one number, the first the lowest. */
const TRUE: i32 = 0x65757274;
const NULL: i32 = 0x6c6c756e;
const FALS: i32 = 0x736c6166;

let which: i32 = NO_MORE;

/** Of the member or item that was gone to last: of which name it is, or 0; or that there are no more. */
export function found(): i32 {
  return which;
}

/**
 * Goes into an object, to the value of the first member with one of the names; if there is none, behind the object.
 * @param names how many, then of each the length and the bytes; numbers have four bytes
 */
export function firstMember(at: i32, names: i32, depth: i32): i32 {
  if (depth === DEPTH_MAX) return ODD;
  return byteAt(at + 1) === OBJECT + CLOSING ? ended(at + 2) : goToMember(at + 1, names, depth);
}

/** @param at behind a value */
export function nextMember(at: i32, names: i32, depth: i32): i32 {
  if (byteAt(at) === OBJECT + CLOSING) return ended(at + 1);
  return byteAt(at) === COMMA ? goToMember(at + 1, names, depth) : ODD;
}

export function firstItem(at: i32, depth: i32): i32 {
  if (depth === DEPTH_MAX) return ODD;
  return byteAt(at + 1) === LIST + CLOSING ? ended(at + 2) : goTo(at + 1, 0);
}

/** @param at behind a value */
export function nextItem(at: i32): i32 {
  if (byteAt(at) === LIST + CLOSING) return ended(at + 1);
  return byteAt(at) === COMMA ? goTo(at + 1, 0) : ODD;
}

/** Passes a value. */
export function skip(at: i32, depth: i32): i32 {
  const first = byteAt(at);
  if (first === QUOTE) return skipString(at);
  if (first === OBJECT || first === LIST) return skipNested(at, depth);
  const four: i32 = load<i32>(at);
  if (four === TRUE || four === NULL) return at + 4;
  if (four === FALS) return byteAt(at + 4) === 0x65 ? at + 5 : ODD;
  return skipNumber(at);
}

function byteAt(at: i32): i32 {
  return load<u8>(at);
}

function goTo(at: i32, index: i32): i32 {
  which = index;
  return at;
}

function ended(at: i32): i32 {
  return goTo(at, NO_MORE);
}

/** @param from where a name begins */
function goToMember(from: i32, names: i32, depth: i32): i32 {
  let at = from;
  while (true) {
    // Before anything else, as it may be the zero.
    if (byteAt(at) !== QUOTE) return ODD;
    const end = skipPlain(at + 1);
    // Written with escapes it may be any name.
    if (byteAt(end) !== QUOTE || byteAt(end + 1) !== COLON) return ODD;
    const index = indexOf(at + 1, end, names);
    if (index !== NO_MORE) return goTo(end + 2, index);
    at = skip(end + 2, depth + 1);
    if (at === ODD) return ODD;
    const byte = byteAt(at++);
    if (byte === OBJECT + CLOSING) return ended(at);
    if (byte !== COMMA) return ODD;
  }
}

function indexOf(from: i32, to: i32, names: i32): i32 {
  const count: i32 = load<i32>(names);
  let name = names + 4;
  for (let i = 0; i < count; i++) {
    const length: i32 = load<i32>(name);
    name += 4;
    if (length === to - from && isSame(from, name, length)) return i;
    name += length;
  }
  return NO_MORE;
}

function isSame(one: i32, other: i32, length: i32): bool {
  for (let i = 0; i < length; i++) if (byteAt(one + i) !== byteAt(other + i)) return false;
  return true;
}

function skipNested(from: i32, depth: i32): i32 {
  if (depth === DEPTH_MAX) return ODD;
  const opening = byteAt(from);
  let at = from + 1;
  if (byteAt(at) === opening + CLOSING) return at + 1;
  while (true) {
    if (opening === OBJECT) {
      at = skipString(at);
      if (at === ODD || byteAt(at++) !== COLON) return ODD;
    }
    at = skip(at, depth + 1);
    if (at === ODD) return ODD;
    const byte = byteAt(at++);
    if (byte === opening + CLOSING) return at;
    if (byte !== COMMA) return ODD;
  }
}

function skipString(from: i32): i32 {
  if (byteAt(from) !== QUOTE) return ODD;
  let at = from + 1;
  while (true) {
    at = skipPlain(at);
    const byte = byteAt(at++);
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH) return ODD;
    at = skipEscape(at);
    if (at === ODD) return ODD;
  }
}

/** Passes what stands for itself in a string: up to a quote, a backslash or a control character. */
function skipPlain(from: i32): i32 {
  let at = from;
  while (true) {
    const bytes = v128.load(at);
    const quotes = i8x16.eq(bytes, i8x16.splat(QUOTE as i8));
    const backslashes = i8x16.eq(bytes, i8x16.splat(BACKSLASH as i8));
    const controls = i8x16.lt_u(bytes, i8x16.splat(0x20));
    const stops = i8x16.bitmask(v128.or(v128.or(quotes, backslashes), controls));
    if (stops !== 0) return at + ctz(stops);
    at += 16;
  }
}

/** @param at behind the backslash */
function skipEscape(at: i32): i32 {
  const byte = byteAt(at);
  if (byte === QUOTE || byte === BACKSLASH || byte === 0x2f || byte === 0x62 || byte === 0x66) return at + 1;
  if (byte === 0x6e || byte === 0x72 || byte === 0x74) return at + 1;
  if (byte !== 0x75) return ODD;
  for (let i = 1; i <= 4; i++) if (!isHexadecimal(byteAt(at + i))) return ODD;
  return at + 5;
}

function isHexadecimal(byte: i32): bool {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function isDigit(byte: i32): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/** RFC 8259, section 6. */
function skipNumber(from: i32): i32 {
  let at = byteAt(from) === 0x2d ? from + 1 : from;
  at = byteAt(at) === 0x30 ? at + 1 : skipDigits(at);
  if (at !== ODD && byteAt(at) === 0x2e) at = skipDigits(at + 1);
  if (at === ODD || (byteAt(at) | 0x20) !== 0x65) return at;
  return skipDigits(byteAt(at + 1) === 0x2b || byteAt(at + 1) === 0x2d ? at + 2 : at + 1);
}

function skipDigits(from: i32): i32 {
  let at = from;
  while (isDigit(byteAt(at))) at++;
  return at === from ? ODD : at;
}
