// Where a text stops being JSON, as ` (line 3, column 7)`. JSON.parse says it only inside a message that quotes the text, so
// the position is taken out of the message by its digits and the rest is thrown away.

export function jsonFault(text: string, error: unknown): string {
  if (text.trim() === '') return ', it is empty';
  const message = error instanceof Error ? error.message : '';
  const position = /\bat position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
