// Calling back later, as one port for all who wait.

/** A timer holds no more than that; a longer one would go off at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** @returns the function that calls it off */
export function later(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  function wait(left: number): void {
    const step = Math.min(left, TIMER_MAX_MS);
    timer = setTimeout(() => (left > step ? wait(left - step) : callback()), step);
  }
  wait(ms);
  return () => clearTimeout(timer);
}
