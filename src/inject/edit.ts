// How the text of a document is changed: by putting something in, where a reader said that it belongs, in the style that is
// there. Nothing is ever written anew, so comments, order, indentation and line ends stay as their author made them. The only
// thing that goes is a `null` in the place of the list.
import { columnOf, type Fault, type ListPlace, type MapPlace } from './place.ts';

export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly text: string;
}

export interface Addition {
  /** Names to append. */
  readonly names: readonly string[];
  /** What the map has through a merge (`<<`), and a key of its own must repeat; undefined: nothing. */
  readonly inherited: readonly unknown[] | undefined;
}

const STRANGE = 'this pod spec begins in a way that leaves no room for a key; begin it on a line of its own';

export function planEdit(text: string, map: MapPlace, json: boolean, { names, inherited }: Addition): Edit | Fault {
  const { list } = map;
  const added = names.map((name) => ({ name }));
  const style = styleAt(text, map.firstKey, json);
  if (list === undefined) {
    const entries = [...(inherited ?? []), ...added];
    // Some readers let a merge win over a key that stands before it.
    const behind = inherited === undefined ? undefined : map.mergeEnd;
    return map.flow ? newMember(text, map, entries, style, behind) : newKey(text, map, entries, behind);
  }
  if (list.last !== undefined) return append(text, list, list.last, added, json);
  const items = added.map((entry) => flowItem(entry, style));
  if (list.flow !== undefined) return insert(list.from + 1, items.join(style.comma));
  if (list.from < list.to) return { at: list.from, remove: list.to - list.from, text: `[${items.join(style.comma)}]` };
  if (map.flow) return insert(list.from, `${style.gap}[${items.join(style.comma)}]`);
  return insertLines(text, list.from, blockItems(added, dashColumn(text, map)));
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  let [result, from] = ['', 0];
  for (const { at, remove, text: added } of [...edits].sort((a, b) => a.at - b.at)) {
    result += text.slice(from, at) + added;
    from = at + remove;
  }
  return result + text.slice(from);
}

function insert(at: number, text: string): Edit {
  return { at, remove: 0, text };
}

/** In front of what is there, below the key of the map: there is always a line for it, whatever the last one looks like. */
function newKey(text: string, map: MapPlace, entries: readonly unknown[], behind?: number): Edit | Fault {
  const column = columnOf(text, map.firstKey);
  const pad = text.slice(map.firstKey - column, map.firstKey);
  if (!/^ *$/.test(pad)) return { at: map.firstKey, problem: STRANGE };
  const lines = [`${pad}imagePullSecrets:`, ...blockItems(entries, dashColumn(text, map))];
  if (behind !== undefined) return insertLines(text, behind, lines);
  return insertLines(text, aboveComments(text, map.firstKey - column), lines);
}

/** Comments belong to what stands below them. */
function aboveComments(text: string, lineStart: number): number {
  let at = lineStart;
  while (at > 0) {
    const above = text.lastIndexOf('\n', at - 2) + 1;
    if (!/^[ \t]*(?:#.*)?\r?\n$/.test(text.slice(above, at))) break;
    at = above;
  }
  return at;
}

function dashColumn(text: string, map: MapPlace): number {
  return columnOf(text, map.firstKey) + (map.listIndent ?? 2);
}

function blockItems(entries: readonly unknown[], column: number): readonly string[] {
  const pad = ' '.repeat(column);
  return entries.map((entry) => {
    const name = onlyName(entry);
    return name === undefined ? `${pad}- ${JSON.stringify(entry)}` : `${pad}- name: ${plainOrQuoted(name)}`;
  });
}

/** Behind the line that an offset is in. A last line without an end stays one. */
function insertLines(text: string, offset: number, lines: readonly string[]): Edit {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const newline = text[offset - 1] === '\n' ? offset - 1 : text.indexOf('\n', offset);
  if (newline < 0) return insert(text.length, lines.map((line) => eol + line).join(''));
  return insert(newline + 1, lines.map((line) => line + eol).join(''));
}

function newMember(text: string, map: MapPlace, entries: readonly unknown[], style: Style, behind?: number): Edit {
  const key = style.quoted ? '"imagePullSecrets"' : 'imagePullSecrets';
  const items = entries.map((entry) => flowItem(entry, style)).join(style.comma);
  const member = `${key}:${style.gap}[${items}]`;
  if (behind !== undefined) return insert(behind, `, ${member}`);
  return insert(map.firstKey, `${member},${ownLine(text, map.firstKey) ?? style.gap}`);
}

function append(
  text: string,
  list: ListPlace,
  last: { readonly from: number; readonly to: number },
  added: readonly { readonly name: string }[],
  json: boolean,
): Edit {
  if (!list.flow) return insertLines(text, last.to, blockItems(added, columnOf(text, list.from)));
  const inner = /\{\s*/y;
  inner.lastIndex = last.from;
  const style = styleAt(text, inner.test(text) ? inner.lastIndex : last.from, json);
  const comma = `,${ownLine(text, last.from) ?? style.gap}`;
  return insert(last.to, added.map((entry) => comma + flowItem(entry, style)).join(''));
}

/** The line end and indentation in front of an offset that begins its line. */
function ownLine(text: string, offset: number): string | undefined {
  return /\r?\n[ \t]*$/.exec(text.slice(Math.max(0, offset - 200), offset))?.[0];
}

/** Of what stands within braces. */
interface Style {
  readonly quoted: boolean;
  /** Behind a colon or comma. */
  readonly gap: string;
  readonly comma: string;
  /** Within the braces. */
  readonly pad: string;
}

const KEY = /("(?:[^"\\]|\\.)*")\s*:(\s?)/y;

/** @param key where one begins */
function styleAt(text: string, key: number, json: boolean): Style {
  KEY.lastIndex = key;
  const match = KEY.exec(text);
  const gap = match?.[2] === '' ? '' : ' ';
  const pad = text.slice(key - 2, key) === '{ ' && gap === ' ' ? ' ' : '';
  return { quoted: json || match !== null, gap, comma: `,${gap}`, pad };
}

function flowItem(entry: unknown, { quoted, gap, pad }: Style): string {
  const name = onlyName(entry);
  if (name === undefined) return JSON.stringify(entry);
  const member = quoted ? `"name":${gap}${JSON.stringify(name)}` : `name: ${plainOrQuoted(name)}`;
  return `{${pad}${member}${pad}}`;
}

function onlyName(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Object.keys(entry).length !== 1) return undefined;
  return 'name' in entry && typeof entry.name === 'string' ? entry.name : undefined;
}

/** Words that some reader of YAML takes for something else than a text. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/;

function plainOrQuoted(name: string): string {
  return /^[a-z][a-z0-9.-]*$/.test(name) && !WORDS.test(name) ? name : JSON.stringify(name);
}
