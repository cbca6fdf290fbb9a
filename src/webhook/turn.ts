// A turn of the event loop: first everything that it found is read, then all that has come is worked on, step by step: the first
// step of each, the second of each, and so on. To do the same thing for many requests takes much less of a processor than to do
// everything for each: between two requests there are the kernel, TLS and streams, and what they leave of its caches is cold. A
// request that comes alone waits for nothing.

/** @returns what is to be done next; undefined: that was all */
export type Step = () => Step | undefined;

export interface Turn {
  /** Calls back when everything has been read. */
  afterReading(step: Step): void;
  /** Calls back when all work of this turn is done, and what that brought about at once. */
  atEnd(callback: () => void): void;
}

/** So many bodies stay in the caches of a processor. */
const TOGETHER = 32;

/** @param soon calls back when everything has been read, in the order in which it was asked, each after all that the one before brought about */
export function createTurn(soon: (callback: () => void) => void): Turn {
  let [work, endings]: [Step[], (() => void)[]] = [[], []];
  let isUnderWay = false;

  function begin(): void {
    if (isUnderWay) return;
    isUnderWay = true;
    soon(run);
    soon(end);
  }

  function run(): void {
    let now = work;
    work = [];
    while (now.length > 0) {
      const next: Step[] = [];
      for (const step of now) {
        const following = tried(step);
        if (following !== undefined) next.push(following);
      }
      now = next;
    }
  }

  /** A fault ends the program or not, as one in a callback of its own would; the others still get their answers. */
  function tried(step: Step): Step | undefined {
    try {
      return step();
    } catch (error) {
      soon(() => {
        throw error;
      });
      return undefined;
    }
  }

  function end(): void {
    isUnderWay = false;
    const now = endings;
    endings = [];
    for (const each of now) each();
    if (work.length > 0) begin();
  }

  return {
    afterReading(step) {
      begin();
      work.push(step);
      if (work.length >= TOGETHER) run();
    },
    atEnd(callback) {
      begin();
      endings.push(callback);
    },
  };
}
