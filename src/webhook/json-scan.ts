// Reads JSON without making values of what nobody wants: gives what JSON.parse would, but of objects only the members that are wanted.
// Making values is what costs, and of a review hardly anything is read. The surprising rule: it takes JSON without blanks, as machines
// write it, and whatever else it meets, legal or not, gives undefined: JSON.parse has the last word. So it must never take what that
// would refuse, nor read it otherwise. test/webhook/review-fuzz.ts holds it to that. What takes time is done by json-walk.as.ts.
import type { Walk } from './json-walk.ts';

/**
 * What is wanted of a value: all of it, or so much of each member or item; where the value is of another type it is wanted whole. A
 * function says so by what stands before it in the same object; undefined: that cannot be said.
 */
export type Wanted = 'all' | Members | { readonly items: Wanted } | ((before: Fields) => Wanted | undefined);
export type Fields = Record<string, unknown>;

/** Made by `members` of the scan that it is for. */
export interface Members {
  /** Where the walk finds their names. */
  readonly names: number | undefined;
  readonly members: readonly { readonly name: string; readonly wanted: Wanted }[];
}

export interface JsonScan {
  /** @param wanted by name; a name must be ASCII without what JSON escapes, and not `__proto__` */
  members(wanted: Readonly<Record<string, Wanted>>): Members;
  /** @param pieces of an object @returns undefined: it is to be parsed */
  scan(pieces: readonly Uint8Array[], wanted: Members): Fields | undefined;
  /** All of it, of anything. Bytes that are no UTF-8 become U+FFFD. @throws SyntaxError */
  parse(pieces: readonly Uint8Array[]): unknown;
}

/** Thrown at what is left to JSON.parse; made once, as a stack costs more than all the rest. */
const odd = new Error('odd');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;
const LIST = 0x5b;
const NEW_LINE = 0x0a;
const WORDS: ReadonlyMap<number | undefined, unknown> = new Map(
  [true, false, null].map((value) => [String(value).charCodeAt(0), value]),
);

/** @param walk absent: everything is left to JSON.parse */
export function createJsonScan(walk: Walk | undefined): JsonScan {
  return {
    members(wanted) {
      const members = Object.entries(wanted).map(([name, of]) => ({ name, wanted: of }));
      return { names: walk?.addNames(Object.keys(wanted)), members };
    },
    scan: walk === undefined ? () => undefined : createReader(walk),
    parse: (pieces) => JSON.parse(wholeOf(pieces, walk).toString('utf8')),
  };
}

/** In the memory, where there is room: what is short-lived and large costs the collector more than it costs to copy it. */
function wholeOf(pieces: readonly Uint8Array[], walk: Walk | undefined): Buffer {
  const text = walk?.hold(pieces);
  return walk === undefined || text === undefined ? Buffer.concat(pieces) : walk.memory.subarray(text.from, text.to);
}

function createReader(walk: Walk): JsonScan['scan'] {
  const { memory, firstMember, nextMember, firstItem, nextItem, skip, found } = walk;
  let at = 0;

  /** @returns whether a member or item begins there */
  function go(to: number): boolean {
    pass(to);
    return found() >= 0;
  }

  function pass(to: number): void {
    if (to < 0) throw odd;
    at = to;
  }

  function readValue(wanted: Wanted, depth: number): unknown {
    if (typeof wanted === 'object') {
      if (memory[at] === OBJECT && 'members' in wanted) return readObject(wanted, depth);
      if (memory[at] === LIST && 'items' in wanted) return readList(wanted.items, depth);
    }
    const from = at;
    pass(skip(at, depth));
    return valueBetween(memory, from, at);
  }

  function readObject({ names, members }: Members, depth: number): Fields {
    if (names === undefined) throw odd;
    const fields: Fields = {};
    for (let goesOn = go(firstMember(at, names, depth)); goesOn; goesOn = go(nextMember(at, names, depth))) {
      const member = members[found()];
      const told = typeof member?.wanted === 'function' ? member.wanted(fields) : member?.wanted;
      if (member === undefined || told === undefined) throw odd;
      // Of several with one name the last counts, as with JSON.parse.
      fields[member.name] = readValue(told, depth + 1);
    }
    return fields;
  }

  function readList(items: Wanted, depth: number): readonly unknown[] {
    const values: unknown[] = [];
    for (let goesOn = go(firstItem(at, depth)); goesOn; goesOn = go(nextItem(at))) {
      // One by one such values take longer than all of it at once.
      if (typeof items === 'object' && memory[at] !== ('members' in items ? OBJECT : LIST)) throw odd;
      values.push(readValue(items, depth + 1));
    }
    return values;
  }

  function scanJson(pieces: readonly Uint8Array[], wanted: Members): Fields | undefined {
    const text = walk.hold(pieces);
    if (text === undefined || memory[text.from] !== OBJECT) return undefined;
    at = text.from;
    try {
      const fields = readObject(wanted, 0);
      // Go ends what it sends with a new line.
      return at === text.to || (at === text.to - 1 && memory[at] === NEW_LINE) ? fields : undefined;
    } catch (error) {
      if (error === odd) return undefined;
      throw error;
    }
  }

  return scanJson;
}

/** Most are short texts that are written as they are. */
function valueBetween(memory: Buffer, from: number, to: number): unknown {
  if (memory[from] === QUOTE && isPlain(memory, from + 1, to - 1)) return memory.toString('latin1', from + 1, to - 1);
  const word = WORDS.get(memory[from]);
  return word === undefined ? JSON.parse(memory.toString('utf8', from, to)) : word;
}

/** Whether it is ASCII that stands for itself. */
function isPlain(memory: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((memory[at] as number) >= 0x80 || memory[at] === BACKSLASH) return false;
  return true;
}
