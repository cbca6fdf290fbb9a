// The commands that a document tells its reader to type, so that a test can type them: of the console blocks of one part, each command
// on one line, with what it prints below it.
import { part, read } from '../docs/documents.ts';

export interface Command {
  readonly line: string;
  readonly prints: string;
}

/** By block. */
export function commandsOf(file: string, heading: string): readonly (readonly Command[])[] {
  const blocks = [...part(read(file), heading).matchAll(/^```console\n([\s\S]*?)^```$/gm)];
  return blocks.map(([, block = '']) => {
    const commands = block.replaceAll(/ *\\\n */g, ' ').split(/^\$ /m);
    return commands.slice(1).map((command) => {
      const [line = '', ...printed] = command.split('\n');
      return { line, prints: printed.join('\n').trim() };
    });
  });
}
