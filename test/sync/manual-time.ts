// Time that only moves when a test says so.
export function manualTime() {
  let now = 1_000_000;
  const due: { readonly at: number; readonly callback: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now,
    settle,
    later(ms: number, callback: () => void): () => void {
      const entry = { at: now + ms, callback };
      due.push(entry);
      return () => {
        const at = due.indexOf(entry);
        if (at >= 0) due.splice(at, 1);
      };
    },
    async pass(ms: number): Promise<void> {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        now = Math.max(now, next.at);
        next.callback();
        await settle();
      }
      now = end;
    },
    waiting: () => due.length,
  };
}
