// The quick reader: block style of YAML as people and programs write manifests, with flow style and JSON in it. No anchors, no
// aliases, no tags, no directives, no scalars over several lines but literal ones: those are for the library.
import { type Cursor, endLine, ODD, odd, put, skipSpaces, startOf, take, takeQuoted, toContent } from './cursor.ts';
import { readFlow } from './flow.ts';
import { readLiteral } from './literal.ts';
import { columnOf, type MapPlace, type Path, type Reading, valueAt } from './place.ts';
import { resolvePlain } from './plain-scalar.ts';

const DEPTH_MAX = 200;
const MARKER = /---(?: +(?:#[^\n]*)?)?(?:\r?\n|$)/y;
const KEY = /(?:[A-Za-z0-9_./$][A-Za-z0-9_./$@+-]*|"[^"\\\r\n]*"|'[^'\r\n]*')(?=:(?:[ \r\n]|$))/y;
const PLAIN = /(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|[-?:](?=[^\s]))[^\r\n\t]*/y;

/** @param text of one document @returns undefined if it is for the library to read */
export function readQuickly(text: string): Reading | undefined {
  if (/\r(?!\n)/.test(text)) return undefined;
  const cursor = startOf(text);
  try {
    const json = toRoot(cursor);
    const value = readRoot(cursor);
    const find = (path: Path): MapPlace => cursor.places.get(valueAt(value, path) as object) ?? unknownPlace();
    return { value, json, find };
  } catch (error) {
    if (error === ODD) return undefined;
    throw error;
  }
}

function unknownPlace(): never {
  throw new Error('there is no map at this path');
}

/** @returns whether the document is JSON */
function toRoot(cursor: Cursor): boolean {
  toContent(cursor);
  if (cursor.indent === 0 && cursor.text.startsWith('---', cursor.pos)) {
    if (take(cursor, MARKER) === undefined) odd();
    toContent(cursor);
  }
  return /\{\s*["}]/y.test(cursor.text.slice(cursor.pos, cursor.pos + 200));
}

function readRoot(cursor: Cursor): unknown {
  if (cursor.indent < 0) return null;
  let value: unknown;
  if (/[{[]/.test(cursor.text[cursor.pos] ?? '')) {
    value = readFlow(cursor, -1);
    endLine(cursor);
  } else value = readNested(cursor, 0);
  return cursor.indent < 0 ? value : odd();
}

function readNested(cursor: Cursor, depth: number): unknown {
  if (depth > DEPTH_MAX) odd();
  return atDash(cursor) ? readList(cursor, depth) : readMap(cursor, cursor.indent, depth);
}

function atDash({ text, pos }: Cursor): boolean {
  if (text.charCodeAt(pos) !== 45) return false;
  const next = text[pos + 1];
  return next === ' ' || next === '\n' || next === '\r' || next === undefined;
}

/** @param column of its keys; the first is where the cursor stands, perhaps behind a dash */
function readMap(cursor: Cursor, column: number, depth: number): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  const firstKey = cursor.pos;
  let listIndent: number | undefined;
  let list: Cursor['list'];
  do {
    const key = takeKey(cursor) ?? odd();
    const colon = cursor.pos;
    const value = readValue(cursor, column, depth, true);
    put(map, key, value);
    if (!Array.isArray(value)) {
      if (key === 'imagePullSecrets') list = emptyPlace(cursor.text, colon);
    } else {
      if (key === 'imagePullSecrets') list = cursor.list;
      if (cursor.list?.flow === false) listIndent ??= columnOf(cursor.text, cursor.list.from) - column;
    }
  } while (cursor.indent === column && !atDash(cursor));
  if (cursor.indent >= column) odd();
  const place = { flow: false, firstKey, ...(listIndent !== undefined && { listIndent }), ...(list && { list }) };
  cursor.places.set(map, place);
  return map;
}

const NULL_TOKEN = /[ ]*(~|null|Null|NULL)?/y;

/** Of a value that is no list: the place of `null`, or of nothing. */
function emptyPlace(text: string, colon: number): { from: number; to: number } {
  NULL_TOKEN.lastIndex = colon;
  const token = NULL_TOKEN.exec(text)?.[1];
  return token === undefined
    ? { from: colon, to: colon }
    : { from: NULL_TOKEN.lastIndex - token.length, to: NULL_TOKEN.lastIndex };
}

/** Behind it the cursor stands behind the colon. */
function takeKey(cursor: Cursor): string | undefined {
  const key = take(cursor, KEY);
  if (key === undefined) return undefined;
  cursor.lastEnd = ++cursor.pos;
  return key[0] === '"' || key[0] === "'" ? key.slice(1, -1) : key;
}

function readList(cursor: Cursor, depth: number): unknown[] {
  const items: unknown[] = [];
  const column = cursor.indent;
  const from = cursor.pos;
  const last = { from, to: from };
  do {
    last.from = cursor.pos;
    cursor.lastEnd = ++cursor.pos;
    items.push(readItem(cursor, column, depth));
    last.to = cursor.lastEnd;
  } while (cursor.indent === column && atDash(cursor));
  if (cursor.indent > column) odd();
  cursor.list = { from, to: last.to, flow: false, last };
  return items;
}

function readItem(cursor: Cursor, column: number, depth: number): unknown {
  const behindDash = cursor.pos;
  skipSpaces(cursor);
  if (atDash(cursor) && cursor.text[cursor.pos + 1] !== undefined) odd();
  const inLine = cursor.pos - cursor.lineStart;
  KEY.lastIndex = cursor.pos;
  if (KEY.test(cursor.text)) return readMap(cursor, inLine, depth + 1);
  cursor.pos = behindDash;
  return readValue(cursor, column, depth, false);
}

/** @param column of the key or dash that it belongs to */
function readValue(cursor: Cursor, column: number, depth: number, ofKey: boolean): unknown {
  const behind = cursor.pos;
  skipSpaces(cursor);
  switch (cursor.text[cursor.pos]) {
    case undefined:
    case '\n':
    case '\r':
    case '#':
      cursor.pos = behind;
      endLine(cursor);
      if (cursor.indent > column) return readNested(cursor, depth + 1);
      return ofKey && cursor.indent === column && atDash(cursor) ? readList(cursor, depth + 1) : null;
    case '|':
      return readLiteral(cursor, column);
    default:
      return readInLine(cursor, column);
  }
}

function readInLine(cursor: Cursor, column: number): unknown {
  const isFlow = /[{[]/.test(cursor.text[cursor.pos] ?? '');
  const value = isFlow ? readFlow(cursor, column) : (takeQuoted(cursor) ?? readPlain(cursor));
  endLine(cursor);
  return value;
}

function readPlain(cursor: Cursor): unknown {
  const start = cursor.pos;
  const line = take(cursor, PLAIN) ?? odd();
  const comment = line.indexOf(' #');
  const text = (comment < 0 ? line : line.slice(0, comment)).trimEnd();
  if (text.includes(': ') || text.endsWith(':')) odd();
  cursor.pos = cursor.lastEnd = start + text.length;
  return resolvePlain(text);
}
