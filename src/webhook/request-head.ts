// Recognizes the head of a request as an API server sends it, and nothing else. Whatever is written in another way, though it may mean
// the same, is none: Node's parser, which knows all of HTTP, reads it then. So this must be strict and need not be complete.
import { BODY_MAX_BYTES } from './body.ts';
import { END_OF_HEAD } from './response.ts';

export interface RequestHead {
  readonly url: string;
  /** Bytes, the empty line included. */
  readonly length: number;
  /** Bytes. */
  readonly bodyLength: number;
}

/** Lines of a name and printable text, each with its own end; obsolete folding, blanks before a colon and bare line feeds are none. */
const HEAD =
  /^POST (\/mutate(?:\?timeout=[0-9a-z.]{1,20})?) HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)+$/;
/** Each of these once. */
const NEEDED = [
  /\r\nhost:/gi,
  /\r\ncontent-length: *[0-9]{1,9}(?=\r\n)/gi,
  /\r\ncontent-type: *application\/json(?=\r\n)/gi,
];
const ONCE = /\r\n(?:host|content-length|content-type):/gi;
/** Without these a message is as long as its head and its content-length say, and its connection stays open. */
const SPECIAL = /\r\n(?:transfer-encoding|expect|upgrade|(?:proxy-)?connection|keep-alive|trailer|te):/i;
const CONTENT_LENGTH = /\r\ncontent-length: *(?=[0-9])/i;
const MAX_BYTES = 8_192;

interface Known {
  readonly url: string;
  /** What stands before and behind the digits of the length. */
  readonly before: string;
  readonly after: string;
}

/** Heads of one API server differ in the length of the body only; the last one is remembered, so that few are read. */
let known: Known | undefined;

/** @returns undefined if it is anything else, or not there as a whole */
export function readHead(piece: Buffer): RequestHead | undefined {
  const end = piece.indexOf(END_OF_HEAD);
  if (end < 0 || end > MAX_BYTES) return undefined;
  const text = piece.toString('latin1', 0, end + 2);
  if (known === undefined || !isLike(text, known)) {
    const read = readText(text);
    if (read === undefined) return undefined;
    known = read;
  }
  const bodyLength = Number(text.slice(known.before.length, text.length - known.after.length));
  return bodyLength > BODY_MAX_BYTES ? undefined : { url: known.url, length: end + END_OF_HEAD.length, bodyLength };
}

function isLike(text: string, { before, after }: Known): boolean {
  const digits = text.length - before.length - after.length;
  if (digits < 1 || digits > 9 || !text.startsWith(before) || !text.endsWith(after)) return false;
  for (let at = before.length; at < before.length + digits; at++) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function readText(text: string): Known | undefined {
  const [, url] = HEAD.exec(text) ?? [];
  if (url === undefined || SPECIAL.test(text) || countOf(text, ONCE) !== NEEDED.length) return undefined;
  if (NEEDED.some((line) => countOf(text, line) !== 1)) return undefined;
  const [start = ''] = CONTENT_LENGTH.exec(text) ?? [];
  const at = text.search(CONTENT_LENGTH) + start.length;
  return { url, before: text.slice(0, at), after: text.slice(text.indexOf('\r\n', at)) };
}

function countOf(text: string, line: RegExp): number {
  return text.match(line)?.length ?? 0;
}
