// Colours for people. What is coloured must be told by its words too: most readers have none.

export interface Paint {
  good(text: string): string;
  doubtful(text: string): string;
  bad(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

const escaped = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string): string => text;

/** As https://no-color.org has it: for people at a terminal, unless they said no. */
export function wantsColours(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** @param colours whether there are any */
export function paintWith(colours: boolean): Paint {
  if (!colours) return { good: plain, doubtful: plain, bad: plain, strong: plain, faint: plain };
  return { good: escaped(32), doubtful: escaped(33), bad: escaped(31), strong: escaped(1), faint: escaped(2) };
}
