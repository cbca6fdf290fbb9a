// Takes the log of a server under test as a node's agent would: through a pipe, cheaply, on the other processor. Only its last
// lines are kept, for the case that the server fails.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { LOAD_CPU, pinned } from './pinning.ts';

export interface Drain {
  /** To be given to the server. */
  readonly descriptor: number;
  /** Once the server has it. */
  handedOver(): void;
  /** When the server has ended: what it said last. */
  rest(): Promise<string>;
}

const KEPT_BYTES = 4_000;
let drains = 0;

export function openDrain(folder: string): Drain {
  const path = join(folder, `log-${drains++}`);
  execFileSync('mkfifo', [path]);
  const reader = spawn(...pinned(LOAD_CPU, 'tail', ['-c', String(KEPT_BYTES), path]), {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let text = '';
  reader.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<void>((resolve) => reader.on('close', () => resolve()));
  // Opens when the reader has opened its side.
  const descriptor = openSync(path, 'w');
  return {
    descriptor,
    handedOver: () => closeSync(descriptor),
    async rest() {
      await ended;
      return text;
    },
  };
}
