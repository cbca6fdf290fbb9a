// How far the quick reader has come in a text, and the one way in which it gives up. It reads the part of YAML that nearly all
// manifests are written in, at twenty times the speed of the library; whatever it is not sure about is `odd` and is read again,
// from the beginning, by the library. So it must never read anything otherwise than the library does, but may give up on anything.
import type { ListPlace, MapPlace } from './place.ts';

export interface Cursor {
  readonly text: string;
  pos: number;
  /** The content line that `pos` is in: where it begins, and how far it is indented; -1: there is none any more. */
  lineStart: number;
  indent: number;
  /** Behind the last thing that was read and has a meaning. */
  lastEnd: number;
  /** The list that was read last. */
  list: ListPlace | undefined;
  readonly places: Map<object, MapPlace>;
}

/** Thrown, and caught where reading began. */
export const ODD = new Error('a text that the quick reader leaves to the library');

export function odd(): never {
  throw ODD;
}

export function startOf(text: string): Cursor {
  const pos = text.startsWith('\ufeff') ? 1 : 0;
  return { text, pos, lineStart: pos, indent: 0, lastEnd: pos, list: undefined, places: new Map() };
}

/** From the beginning of a line to the first thing that is neither blank nor a comment. */
export function toContent(cursor: Cursor): void {
  const { text } = cursor;
  for (let start = cursor.pos; start < text.length; ) {
    let at = start;
    while (text.charCodeAt(at) === 32) at++;
    const char = text[at];
    if (char === undefined) break;
    if (char === '\t') odd();
    const isBlank = char === '\n' || (char === '\r' && text[at + 1] === '\n');
    if (!isBlank && char !== '#') {
      cursor.lineStart = start;
      cursor.indent = at - start;
      cursor.pos = at;
      return;
    }
    const end = text.indexOf('\n', at);
    if (end < 0) break;
    start = end + 1;
  }
  cursor.pos = text.length;
  cursor.indent = -1;
}

const REST = /(?: +(?:#[^\n]*)?)?(?:\r?\n|$)/y;

/** Behind a value: nothing but a comment may follow in its line. Then on to the next content. */
export function endLine(cursor: Cursor): void {
  REST.lastIndex = cursor.pos;
  if (!REST.test(cursor.text)) odd();
  cursor.pos = REST.lastIndex;
  toContent(cursor);
}

/** @returns what a sticky expression matches where the cursor is, which then stands behind it */
export function take(cursor: Cursor, expression: RegExp): string | undefined {
  expression.lastIndex = cursor.pos;
  const match = expression.exec(cursor.text);
  if (match === null) return undefined;
  cursor.pos = cursor.lastEnd = expression.lastIndex;
  return match[0];
}

const SPACES = / */y;

export function skipSpaces(cursor: Cursor): void {
  SPACES.lastIndex = cursor.pos;
  SPACES.test(cursor.text);
  cursor.pos = SPACES.lastIndex;
}

const DOUBLE = /"(?:[^"\\\r\n]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/y;
const SINGLE = /'(?:[^'\r\n]|'')*'/y;

/** A quoted scalar of one line; undefined if there is no quote. */
export function takeQuoted(cursor: Cursor): string | undefined {
  const quote = cursor.text[cursor.pos];
  if (quote === '"') {
    const text = take(cursor, DOUBLE) ?? odd();
    return text.includes('\\') ? withoutEscapes(text) : text.slice(1, -1);
  }
  if (quote !== "'") return undefined;
  return (take(cursor, SINGLE) ?? odd()).slice(1, -1).replaceAll("''", "'");
}

/** Only escapes that JSON knows were let by. */
function withoutEscapes(quoted: string): string {
  // A tab may stand as it is in YAML.
  return quoted.includes('\t') ? odd() : JSON.parse(quoted);
}

/** Keys stand once, and `__proto__` is none that an assignment could make. */
export function put(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__' || key.length > 1_000 || Object.hasOwn(map, key)) odd();
  map[key] = value;
}
