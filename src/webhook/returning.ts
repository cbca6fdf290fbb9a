// A review that was told to come again comes with the same uid, and with the same `?timeout=`, although the API server counts
// that from the first time. So the first time is remembered, or the second answer could come when nobody waits any more.

export interface Returning {
  /** When this review first came. @param arrived now, in milliseconds */
  first(uid: string, arrived: number): number;
  /** It is told to come again. */
  sentAway(uid: string, first: number): void;
}

/** Nothing waits longer than a webhook's time-out may be. */
const REMEMBER_MS = 30_000;
const MOST = 2_000;

export function rememberReturning(): Returning {
  /** In the order in which they came. */
  const firsts = new Map<string, number>();

  function forget(arrived: number): void {
    for (const [uid, first] of firsts) {
      if (firsts.size <= MOST && arrived - first < REMEMBER_MS) return;
      firsts.delete(uid);
    }
  }

  return {
    first(uid, arrived) {
      if (firsts.size === 0) return arrived;
      forget(arrived);
      return firsts.get(uid) ?? arrived;
    },
    sentAway(uid, first) {
      if (!firsts.has(uid)) firsts.set(uid, first);
      forget(first);
    },
  };
}
