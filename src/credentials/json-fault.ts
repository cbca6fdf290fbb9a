// Where a text stops being JSON, as ` (line 3, column 7)`. JSON.parse names the place only inside a message that may quote
// the text, and not always; so its digits are taken out of the message, or else the first thing that is no token of JSON
// is looked for. Nothing of the text itself ever comes out of here.

const TOKEN =
  /[ \t\r\n]+|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/uy;

/** @returns the place in words, or an empty text where it is not known */
export function jsonFault(text: string, error: unknown): string {
  if (text.trim() === '') return ', it is empty';
  const message = error instanceof Error ? error.message : '';
  const named = /\bat position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  const offset = named === undefined ? firstNonToken(text) : Number(named);
  if (offset === undefined) return '';
  const before = text.slice(0, offset).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

function firstNonToken(text: string): number | undefined {
  let offset = 0;
  while (offset < text.length) {
    TOKEN.lastIndex = offset;
    if (!TOKEN.test(text)) return offset;
    offset = TOKEN.lastIndex;
  }
  return undefined;
}
