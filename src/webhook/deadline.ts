// How long a request may take: the API server says so in `?timeout=`, a Go duration, and gives up by itself after that.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** What the API server waits when nobody says otherwise. */
const DEFAULT_MS = 10_000;
/** Kubernetes allows no more; a stranger may say anything. */
const MOST_MS = 30_000;
/** What the answer's way back, and a busy machine, may take of it. */
const MARGIN_MS = 250;

/** All requests of one webhook configuration have the same. */
let last = { url: '', ms: 0 };

/** @returns milliseconds that may be spent; at least half of the time-out, so that a short one is not all margin */
export function deadlineOf(url: string): number {
  if (url !== last.url) last = { url, ms: readDeadline(url) };
  return last.ms;
}

function readDeadline(url: string): number {
  const value = /[?&]timeout=([^&]*)/.exec(url)?.[1] ?? '';
  const timeout = Math.min(parseGoDuration(value) ?? DEFAULT_MS, MOST_MS);
  return Math.max(timeout - MARGIN_MS, timeout / 2);
}

/**
 * What look-ups may take of it, all of one request together. Whoever cannot tell by then says "come again", which the API
 * server does after a second and within the same time-out: so it can ask twice in 3 s, and a read that is still under way
 * serves the second time.
 */
export function lookUpTime(timeoutMs: number): number {
  return Math.max(0, timeoutMs / 3);
}

/** The forms that the API server sends: `10s`, `1m30s`, `500ms`, `1.5s`. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}
