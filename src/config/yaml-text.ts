// YAML as a value that knows where in the text each of its parts stands. The messages of the YAML library repeat what
// they stumbled over, so every one is replaced by a sentence of ours: the text may hold a password in the wrong place.
import {
  type Document,
  type ErrorCode,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';

export type Path = readonly (string | number)[];

export interface YamlText {
  /** Undefined if the text cannot be understood at all; null for an empty one. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** `line:column` of the value at a path, of its key, or of the nearest thing around it that exists. */
  locate(path: Path, part?: 'key' | 'value'): string;
}

export interface YamlFault {
  readonly where: string;
  readonly problem: string;
}

/** Enough for anchors that a person writes; a file that doubles itself with each line is refused. */
const ALIASES_MAX = 50;

const DANGLING_ALIAS = 'an alias without the anchor that it names; put a value that begins with "*" in quotes';

export const SENTENCES: Partial<Record<ErrorCode, string>> = {
  DUPLICATE_KEY: 'this key stands twice in one map, leave one',
  MULTIPLE_DOCS: 'a second YAML document begins here, the file holds only one',
  TAB_AS_INDENT: 'a tab as indentation, YAML wants spaces',
  BAD_INDENT: 'the indentation does not fit the lines above',
  MISSING_CHAR: 'a closing quote, bracket or comma, or a space, is missing',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " in one line, put the value in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key without ":", or one that spans lines',
  BAD_ALIAS: 'not an alias; put a value that begins with "*" in quotes',
  BAD_SCALAR_START: 'a value that begins with this character must be in quotes',
  NON_STRING_KEY: 'a key must be a plain string',
  RESOURCE_EXHAUSTION: 'nested too deeply to be read',
  TAG_RESOLVE_FAILED: 'a tag that has no meaning here; put a value that begins with "!" in quotes',
};

export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  function position(offset: number): string {
    const { line, col } = lines.linePos(offset);
    return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }
  const doc = parseOrNothing(text, lines);
  if (doc === undefined) return unreadable('the file is nested too deeply to be read');
  const faults = [...doc.errors, ...doc.warnings].map(({ code, pos }) => ({
    where: position(pos[0]),
    problem: SENTENCES[code] ?? 'this is not valid YAML',
  }));
  for (const offset of danglingAliases(doc)) faults.push({ where: position(offset), problem: DANGLING_ALIAS });
  const broken = faults.length > doc.errors.filter(({ code }) => code === 'DUPLICATE_KEY').length;
  const locate = (path: Path, part?: 'key' | 'value'): string => position(offsetOf(doc, path, part));
  if (broken) return { value: undefined, faults, locate };
  try {
    return { value: doc.toJS({ maxAliasCount: ALIASES_MAX }), faults, locate };
  } catch {
    return unreadable(`the aliases stand for far more than the file holds, at most ${ALIASES_MAX} nodes are repeated`);
  }
}

function parseOrNothing(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, logLevel: 'error' });
  } catch {
    return undefined;
  }
}

function danglingAliases(doc: Document.Parsed): readonly number[] {
  const offsets: number[] = [];
  visit(doc, {
    Alias(_, alias) {
      if (alias.resolve(doc) === undefined) offsets.push(startOf(alias) ?? 0);
    },
  });
  return offsets;
}

function unreadable(problem: string): YamlText {
  return { value: undefined, faults: [{ where: '1:1', problem }], locate: () => '1:1' };
}

function offsetOf(doc: Document.Parsed, path: Path, part: 'key' | 'value' = 'value'): number {
  let node: unknown = doc.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      if (part === 'key' && depth === path.length - 1) return offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
    } else {
      return offset;
    }
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
