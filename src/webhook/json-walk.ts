// Opens the walk through JSON (json-walk.as.ts), with the memory that it walks in: names that are looked for, then the text.
import { WALK_CODE } from './json-walk-code.ts';

/** Addresses are bytes of `memory`; what the functions do stands in json-walk.as.ts. */
export interface Walk {
  readonly memory: Buffer;
  /** @returns undefined: it does not fit in any more */
  addNames(names: readonly string[]): number | undefined;
  /** @returns where the text begins and ends; undefined: it does not fit in */
  hold(pieces: readonly Uint8Array[]): { readonly from: number; readonly to: number } | undefined;
  found(): number;
  firstMember(at: number, names: number, depth: number): number;
  nextMember(at: number, names: number, depth: number): number;
  firstItem(at: number, depth: number): number;
  nextItem(at: number): number;
  skip(at: number, depth: number): number;
}

/** So much of it is used here; the types of Node have no values of it. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const PAGE = 65_536;
/** For the names of a thousand kinds. */
const NAMES_BYTES = 4 * PAGE;
/** etcd takes no object of more than 1.5 MiB by default. The system gives only what was used. */
const TEXT_BYTES = 32 * PAGE;
/** The zero, and what is read beside it. */
const REST_BYTES = PAGE;

/** @returns undefined where there is no WebAssembly, as in a Node without a compiler (`--jitless`), or no memory for it */
export function openWalk(): Walk | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

function open(): Walk {
  const pages = (NAMES_BYTES + TEXT_BYTES + REST_BYTES) / PAGE;
  const area = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(Buffer.from(WALK_CODE, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: area } });
  const memory = Buffer.from(area.buffer);
  let named = 0;

  function addNames(names: readonly string[]): number | undefined {
    const texts = names.map((name) => Buffer.from(name));
    const table = Buffer.concat([numberOf(texts.length), ...texts.flatMap((text) => [numberOf(text.length), text])]);
    const at = named;
    if (at + table.length > NAMES_BYTES) return undefined;
    table.copy(memory, at);
    named += table.length;
    return at;
  }

  function hold(pieces: readonly Uint8Array[]) {
    let to = NAMES_BYTES;
    for (const piece of pieces) {
      if (to + piece.length > NAMES_BYTES + TEXT_BYTES) return undefined;
      memory.set(piece, to);
      to += piece.length;
    }
    memory[to] = 0;
    return { from: NAMES_BYTES, to };
  }

  return { ...(exports as Omit<Walk, 'memory' | 'addNames' | 'hold'>), memory, addNames, hold };
}

function numberOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
