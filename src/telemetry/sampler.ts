// Keeps a flood of one kind from filling the log: of each kind one in a while is said, with how many were not.

/** @returns for each kind: undefined, if it is not to be said; else what to add to the line @param now milliseconds of a clock that never goes back */
export function createSampler(
  everyMs: number,
  now: () => number,
): (kind: string) => { readonly notLogged?: number } | undefined {
  const said = new Map<string, { at: number; unsaid: number }>();
  return (kind) => {
    const at = now();
    const last = said.get(kind);
    if (last !== undefined && at - last.at < everyMs) {
      last.unsaid += 1;
      return undefined;
    }
    said.set(kind, { at, unsaid: 0 });
    return last === undefined || last.unsaid === 0 ? {} : { notLogged: last.unsaid };
  };
}
