// Cuts a stream into documents as it arrives, so that one at a time is in memory. Put together again the pieces are the stream,
// byte for byte. A line that begins with `---` always begins a document of YAML, also in what looks like a text; documents of
// JSON may follow each other without one.
export interface Piece {
  readonly text: string;
  /** Of its first line in the stream, from 1. */
  readonly line: number;
}

export interface Splitter {
  /** @returns the documents that are complete now */
  push(text: string): readonly Piece[];
  /** The stream is over. @returns the rest */
  end(): readonly Piece[];
}

/** What is in front of the content of a document: blank lines, comments, directives and its own marker. */
const FRONT =
  /\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n)*(?:---(?=[ \t\r\n])(?:[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*)?)?/y;
/** JSON, from its first key on; or what may become it when more arrives. */
const JSON_BEGINS = /[ \t]*\{\s*(?:["}]|$)/y;
/** The next marker, which begins a line. One that ends a document belongs to it. */
const NEXT = /(?<![^\n])(?:---(?=[ \t\r\n])|\.\.\.(?=[ \t\r\n])[^\n]*\n)/g;
const NEXT_AT_END = /(?<![^\n])(?:---(?=\s|$)|\.\.\.(?=\s|$)[^\n]*\n?)/g;

export function createSplitter(): Splitter {
  let waiting: string[] = [];
  let waitingSize = 0;
  let pending = '';
  let line = 1;
  /** Where in `pending` the search goes on; 0: at the beginning of a document. */
  let scanned = 0;

  /** @returns the end of the document that `pending` begins with, if it is there */
  function findEnd(atEnd: boolean): number | undefined {
    if (scanned === 0) {
      FRONT.lastIndex = 0;
      FRONT.test(pending);
      const content = FRONT.lastIndex;
      // A line that is not complete may still become a part of what is in front.
      if (!atEnd && pending.indexOf('\n', content) < 0) return undefined;
      JSON_BEGINS.lastIndex = content;
      if (JSON_BEGINS.test(pending)) {
        const next = behindJson(pending, content);
        if (next === undefined && !atEnd) return undefined;
        if (next !== undefined && pending[next] === '{' && isJson(pending.slice(content, next))) return next;
      }
      scanned = content;
    }
    const next = atEnd ? NEXT_AT_END : NEXT;
    next.lastIndex = scanned;
    const match = next.exec(pending);
    if (match !== null) return match[0].startsWith('.') ? next.lastIndex : match.index;
    scanned = Math.max(scanned, pending.lastIndexOf('\n') + 1);
    return undefined;
  }

  function take(atEnd: boolean): readonly Piece[] {
    pending += waiting.join('');
    [waiting, waitingSize] = [[], 0];
    const pieces: Piece[] = [];
    for (let end = findEnd(atEnd); end !== undefined && end > 0; end = findEnd(atEnd)) {
      pieces.push(cut(end));
      if (pending === '') break;
    }
    if (atEnd && pending !== '') pieces.push(cut(pending.length));
    return pieces;
  }

  function cut(end: number): Piece {
    const piece = { text: pending.slice(0, end), line };
    line += linesIn(piece.text);
    pending = pending.slice(end);
    scanned = 0;
    return piece;
  }

  return {
    push(text) {
      waiting.push(text);
      waitingSize += text.length;
      // What is searched again for each part that arrives of a long document would take forever.
      return waitingSize < pending.length ? [] : take(false);
    },
    end: () => take(true),
  };
}

/** @returns where something follows the JSON that begins at an offset; undefined: nothing does so far */
function behindJson(text: string, from: number): number | undefined {
  const token = /[{}[\]]|"(?:[^"\\]|\\.)*"|"/gs;
  token.lastIndex = from;
  for (let depth = 0, match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '"') return undefined;
    if (match[0] === '{' || match[0] === '[') depth++;
    if ((match[0] === '}' || match[0] === ']') && --depth === 0) {
      const next = text.slice(token.lastIndex).search(/\S/);
      return next < 0 ? undefined : token.lastIndex + next;
    }
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function linesIn(text: string): number {
  return lineCounter(text)(text.length);
}

/** @returns how many lines end before an offset; quick as long as offsets grow */
export function lineCounter(text: string): (offset: number) => number {
  let [lines, from] = [0, 0];
  return (offset) => {
    if (offset < from) [lines, from] = [0, 0];
    for (let at = text.indexOf('\n', from); at >= 0 && at < offset; at = text.indexOf('\n', from)) {
      lines++;
      from = at + 1;
    }
    return lines;
  };
}
