// Reads a literal block scalar (`|`), such as a script in a ConfigMap.
import { type Cursor, odd, take, toContent } from './cursor.ts';

const HEADER = /\|[+-]?(?: +(?:#[^\n]*)?)?\r?\n/y;
const INDENT = / */y;

/** @param column of the key or dash that it belongs to, which its lines must be further right than */
export function readLiteral(cursor: Cursor, column: number): string {
  const { text } = cursor;
  const chomp = (take(cursor, HEADER) ?? odd())[1];
  const lines: string[] = [];
  let indent = -1;
  let [filled, filledEnd] = [0, cursor.pos];
  while (cursor.pos < text.length) {
    INDENT.lastIndex = cursor.pos;
    INDENT.test(text);
    const at = INDENT.lastIndex;
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : text[newline - 1] === '\r' && newline > at ? newline - 1 : newline;
    const width = at - cursor.pos;
    if (at >= end) {
      // More blanks than the others have may mean something, and without a line end it is hard to say what.
      if (newline < 0 || (indent < 0 ? width > column + 1 : width > indent)) odd();
      lines.push('');
    } else {
      if (indent < 0) indent = width;
      if (width < indent || width <= column) {
        if (width > column) odd();
        break;
      }
      lines.push(text.slice(cursor.pos + indent, end));
      [filled, filledEnd] = [lines.length, newline < 0 ? end : newline + 1];
    }
    cursor.pos = newline < 0 ? text.length : newline + 1;
  }
  if (filled === 0) odd();
  cursor.lastEnd = chomp === '+' ? cursor.pos : filledEnd;
  toContent(cursor);
  const kept = chomp === '+' ? lines : lines.slice(0, filled);
  return `${kept.join('\n')}${chomp === '-' ? '' : '\n'}`;
}
