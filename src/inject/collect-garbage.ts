// Garbage of long streams: every part of one is memory outside the heap, of which the runtime lets tens of megabytes pile up before
// it looks. It offers its collector only to those who ask for it, and that cannot be asked of whoever types the command.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

export function collectGarbage(): void {
  if (collect === undefined) {
    // From here on the space for young objects grows no more: none of them outlives its document.
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
