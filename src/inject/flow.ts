// Reads what stands within braces and brackets: JSON, and the flow style of YAML.
import { type Cursor, odd, put, skipSpaces, take, takeQuoted } from './cursor.ts';
import { resolvePlain } from './plain-scalar.ts';

/** Deeper than anything that is meant; the library says so. */
const DEPTH_MAX = 200;

/** No spaces, and a colon only within. */
const PLAIN = /(?:[A-Za-z0-9_./~]|-(?=[A-Za-z0-9_./-]))(?:[^\s,[\]{}:#"'\\]|:(?=[^\s,[\]{}"'#]))*/y;

/** @param beyond lines that follow are further right than this column; -1 if the document is nothing else: then tabs are fine too */
export function readFlow(cursor: Cursor, beyond: number, depth = 0): unknown {
  if (depth > DEPTH_MAX) odd();
  if (cursor.text[cursor.pos] === '{') return readMap(cursor, beyond, depth);
  if (cursor.text[cursor.pos] === '[') return readList(cursor, beyond, depth);
  return takeQuoted(cursor) ?? resolvePlain(take(cursor, PLAIN) ?? odd());
}

function readMap(cursor: Cursor, beyond: number, depth: number): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  cursor.pos++;
  skip(cursor, beyond);
  const firstKey = cursor.pos;
  let list: Cursor['list'];
  while (!closes(cursor, '}')) {
    const isQuoted = cursor.text[cursor.pos] === '"' || cursor.text[cursor.pos] === "'";
    const key = takeQuoted(cursor) ?? take(cursor, PLAIN) ?? odd();
    skipSpaces(cursor);
    if (cursor.text[cursor.pos] !== ':') odd();
    cursor.pos++;
    if (!isQuoted && !/[ \n\r]/.test(cursor.text[cursor.pos] ?? '')) odd();
    skip(cursor, beyond);
    const from = cursor.pos;
    const value = readFlow(cursor, beyond, depth + 1);
    put(map, key, value);
    if (key === 'imagePullSecrets') list = Array.isArray(value) ? cursor.list : { from, to: cursor.lastEnd };
    separate(cursor, beyond, '}');
  }
  cursor.places.set(map, { flow: true, firstKey, ...(list && { list }) });
  return map;
}

function readList(cursor: Cursor, beyond: number, depth: number): unknown[] {
  const items: unknown[] = [];
  const start = cursor.pos++;
  let last: { from: number; to: number } | undefined;
  skip(cursor, beyond);
  while (!closes(cursor, ']')) {
    const from = cursor.pos;
    items.push(readFlow(cursor, beyond, depth + 1));
    last = { from, to: cursor.lastEnd };
    separate(cursor, beyond, ']');
  }
  cursor.list = { from: start, to: cursor.pos, flow: true, ...(last && { last }) };
  return items;
}

function closes(cursor: Cursor, bracket: string): boolean {
  if (cursor.text[cursor.pos] !== bracket) return false;
  cursor.lastEnd = ++cursor.pos;
  return true;
}

/** To the next member or the end: a comma stands between members. */
function separate(cursor: Cursor, beyond: number, bracket: string): void {
  skip(cursor, beyond);
  if (cursor.text[cursor.pos] === ',') {
    cursor.pos++;
    skip(cursor, beyond);
    if (cursor.text[cursor.pos] === ',') odd();
  } else if (cursor.text[cursor.pos] !== bracket) odd();
}

/** Spaces, line ends and comments. */
function skip(cursor: Cursor, beyond: number): void {
  const { text } = cursor;
  for (let lineStart = -1; ; ) {
    const char = text[cursor.pos];
    if (char === ' ' || (char === '\t' && beyond < 0) || (char === '\r' && text[cursor.pos + 1] === '\n')) cursor.pos++;
    else if (char === '\n') lineStart = ++cursor.pos;
    else if (char === '#') {
      if (!/\s/.test(text[cursor.pos - 1] ?? '')) odd();
      const end = text.indexOf('\n', cursor.pos);
      if (end < 0) odd();
      cursor.pos = end;
    } else {
      if (char === undefined || (lineStart >= 0 && cursor.pos - lineStart <= beyond)) odd();
      return;
    }
  }
}
