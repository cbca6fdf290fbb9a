// Work that shares a key runs one after the other, in the order in which it came; other work does not wait for it. Nothing is
// kept of a key when its work is done.

/** @returns a function that runs work when all before it with the same key has ended, and passes on what it resolves or rejects with */
export function inSequence(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<void>>();
  return async (key, work) => {
    const ended = Promise.withResolvers<void>();
    const before = last.get(key);
    last.set(key, ended.promise);
    try {
      await before;
      return await work();
    } finally {
      if (last.get(key) === ended.promise) last.delete(key);
      ended.resolve();
    }
  };
}
