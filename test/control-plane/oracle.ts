// The oracle: a Go program that answers with the real code of the kubelet and of distribution/reference.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { locateTool } from './binaries.ts';

export type ParsedName =
  | { readonly name: string; readonly error?: undefined }
  | { readonly error: string; readonly name?: undefined };
export type Lookup =
  | { readonly logins: readonly string[]; readonly error?: undefined }
  | { readonly error: string; readonly logins?: undefined };

export interface Oracle {
  parse(images: readonly string[]): Promise<readonly ParsedName[]>;
  /** For each image the logins, `user:password`, in the order in which the kubelet tries them. Rejects if it cannot read the Secret. */
  lookup(type: string, content: string, images: readonly string[]): Promise<readonly Lookup[]>;
  stop(): Promise<void>;
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly unknown[];
}

export async function startOracle(): Promise<Oracle> {
  const child = spawn(await locateTool('oracle'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: ((answer: Answer) => void)[] = [];
  let ended = false;
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line) as Answer));
  const gone = new Promise<void>((resolve) => child.on('close', () => resolve()));
  // Who still waits would wait for ever.
  gone.then(() => {
    ended = true;
    for (const answer of waiting.splice(0)) answer({ error: 'the oracle has ended' });
  });
  child.stdin.on('error', () => undefined);
  async function ask(question: unknown): Promise<readonly unknown[]> {
    if (ended) throw new Error('the oracle has ended');
    const answer = new Promise<Answer>((resolve) => waiting.push(resolve));
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { error, results } = await answer;
    if (error !== undefined || results === undefined) throw new Error(`the kubelet cannot read it: ${error}`);
    return results;
  }
  return {
    parse: async (images) => (await ask({ op: 'parse', images })) as readonly ParsedName[],
    lookup: async (type, content, images) => (await ask({ op: 'lookup', type, content, images })) as readonly Lookup[],
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
