// How long ago, or until when, in one unit: what people want to know of a time is how large it is.

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** @param ms a duration; one of two units or more of a kind is told in it, so 90 minutes are `90m` and two hours `2h` */
export function durationText(ms: number): string {
  const length = Math.max(0, ms);
  for (const [unit, size] of UNITS) if (length >= 2 * size) return `${Math.floor(length / size)}${unit}`;
  return `${Math.floor(length / 1_000)}s`;
}

export function agoText(at: number, now: number): string {
  return `${durationText(now - at)} ago`;
}

/** `in 3h`, or `3h ago`. */
export function untilText(at: number, now: number): string {
  return at > now ? `in ${durationText(at - now)}` : agoText(at, now);
}
