// Patterns as people write them, in the configuration, in annotations and as keys of docker configs. Everything that is
// not made by ourselves comes in through here and not through `parsePattern`, whose messages repeat what was written: a
// text with an `@` may be `user:password@host` and must never be shown.
import { type Pattern, parsePattern } from '../core/pattern.ts';
import type { Parsed } from '../core/selector.ts';

const DIGEST = /^([^@]*)@[a-z0-9]+:[0-9a-f]+$/;

export function parseMatch(text: string): Parsed<Pattern> {
  if (!text.includes('@')) return shownOrNot(parsePattern(text), text);
  const image = DIGEST.exec(text)?.[1];
  if (image !== undefined && parsePattern(image).ok) {
    return { ok: false, problem: `a pattern has no digest, did you mean "${image}"?` };
  }
  return {
    ok: false,
    problem: 'a pattern holds no user or password in front of an "@", write the host alone (the text is not shown)',
  };
}

function shownOrNot(parsed: Parsed<Pattern>, text: string): Parsed<Pattern> {
  if (parsed.ok || isShowable(text)) return parsed;
  return { ok: false, problem: 'wanted a pattern, host[:port][/path] (the text is not shown)' };
}

/** Whether a text may be repeated in a message. Short and of one line, so that nobody's file or login ends up in a log. */
export function isShowable(text: string): boolean {
  return text.length <= 120 && !/[@{\p{Cc}]/u.test(text);
}
