// Where in a text the parts stand that an injection may touch. Every reader of manifests answers in these terms, so that
// `edit.ts` need not know who read. Offsets count from the beginning of the document's text.
export interface MapPlace {
  /** Within braces, as in JSON. */
  readonly flow: boolean;
  /** Where its first key begins. */
  readonly firstKey: number;
  /** How much further right than their keys the block lists in it begin; undefined: there are none. */
  readonly listIndent?: number;
  /** The end of its last merge (`<<`): programs that read manifests let a later merge win over a key before it. */
  readonly mergeEnd?: number;
  /** The value of its own key `imagePullSecrets`. */
  readonly list?: ListPlace;
}

export interface ListPlace {
  /** Of the value: `[`, the first dash, `null`. Where there is nothing, the end of the colon. */
  readonly from: number;
  readonly to: number;
  /** Absent: it is not a list, but null or nothing. */
  readonly flow?: boolean;
  /** The last item, in block style with its dash. Absent: it is empty. */
  readonly last?: { readonly from: number; readonly to: number };
}

/** Something wrong at a place of the text. */
export interface Fault {
  readonly at: number;
  readonly problem: string;
}

export type Path = readonly (string | number)[];

export interface Reading {
  readonly value: unknown;
  /** JSON, which wants quotes. */
  readonly json: boolean;
  /** @param path to a map that is there, such as a pod spec @returns a fault where the map cannot be changed by itself */
  find(path: Path): MapPlace | Fault;
}

/** What is at a path of a plain value; undefined where there is nothing. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const segment of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = (current as Record<string | number, unknown>)[segment];
  }
  return current;
}

/** How many characters stand before an offset in its line. */
export function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}
