// Tells when more requests come than the event loop can answer. A turn is measured from its first request to its end, with
// one callback for all of them. A burst is no overload: its turns are long, then there are none. Nor is a pause, however
// long: it is one turn. Only turns that are long one after the other, without a rest between, are; then each turn lets in
// what comes for a moment, and what else it brings is refused, which is quicker, until a turn has nothing left to refuse.

export interface BusyLoopOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Calls back when the turn of the event loop has handled what it found. */
  readonly atEndOfTurn: (callback: () => void) => void;
}

/**
 * Longer than a turn of all the requests of usual Pods that two API servers can have under way (400 + 200 each): to answer those takes
 * little more than to refuse them. Nobody who waits for it runs out of time.
 */
const LONG_MS = 150;
/** So many in a row are more than the burst of a rollout. */
const LONG_TURNS = 5;
/** Who had nothing to do for that long is not overloaded. */
const REST_MS = 50;
/** For how long a turn lets in what comes under overload; to answer it takes longer. Shorter refuses faster, longer answers more. */
const SHARE_MS = 4;

/** @returns a function to be asked for each request: whether it should be refused */
export function watchLoop({ now, atEndOfTurn }: BusyLoopOptions): () => boolean {
  let began: number | undefined;
  let ended = 0;
  let longTurns = 0;
  let overloaded = false;

  function begin(time: number): void {
    if (time - ended > REST_MS) {
      longTurns = 0;
      overloaded = false;
    }
    began = time;
    atEndOfTurn(end);
  }

  function end(): void {
    ended = now();
    const took = ended - (began ?? ended);
    began = undefined;
    longTurns = took > LONG_MS ? longTurns + 1 : 0;
    overloaded = overloaded ? took >= SHARE_MS : longTurns >= LONG_TURNS;
  }

  return () => {
    const time = now();
    if (began === undefined) begin(time);
    return overloaded && time - (began ?? time) >= SHARE_MS;
  };
}
