// Calling back later, as one port for all who wait.

/** @returns the function that calls it off */
export function later(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
