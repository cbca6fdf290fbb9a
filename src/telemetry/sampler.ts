// Keeps a flood of one kind from filling the log: of each kind some in a while are said, and then how many were not.

export interface SamplerOptions {
  /** How many of a kind are said, and in how many milliseconds. */
  readonly most: number;
  readonly inMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** @returns for each kind: undefined, if it is not to be said; else what to add to the line */
export function createSampler({
  most,
  inMs,
  now,
}: SamplerOptions): (kind: string) => { readonly notLogged?: number } | undefined {
  const said = new Map<string, { readonly since: number; count: number }>();
  return (kind) => {
    const time = now();
    const last = said.get(kind);
    if (last !== undefined && time - last.since < inMs) {
      last.count += 1;
      return last.count <= most ? {} : undefined;
    }
    said.set(kind, { since: time, count: 1 });
    return last === undefined || last.count <= most ? {} : { notLogged: last.count - most };
  };
}
