// Durations as Kubernetes and Go write them, `24h`, `1h30m`, `500ms`; inside they are milliseconds.
import { z } from 'zod';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

/** @returns milliseconds, or undefined if the text is no duration; `0` alone is one, as it is to Go */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0);
  }
  return Math.round(total);
}

/** @param fallback as a user would write it; bounds in milliseconds */
export function duration(fallback: string, minMs: number, maxMs: number) {
  return z
    .string()
    .transform((text, ctx) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      const message =
        ms === undefined
          ? 'wanted a duration such as "24h", "15m" or "90s"'
          : `wanted a duration from ${minMs / 1_000}s to ${maxMs / 3_600_000}h`;
      ctx.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    })
    .prefault(fallback);
}
