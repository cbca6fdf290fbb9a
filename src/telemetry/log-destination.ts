// Where the log goes: to standard error. What comes with every admission is gathered for a moment, as a write for each line took a
// busy replica a tenth of its time; all else is written at once. The surprising rule: whoever does not read the log must
// hold up no admission. So another thread writes, and what waits beyond a bound is dropped.
import { type DestinationStream, pino } from 'pino';

export interface LogDestination extends DestinationStream {
  /** Writes it soon, together with others. */
  gather(line: string): void;
  /** Writes what is gathered, for the end of the program; it waits for whoever reads the log. */
  flush(): void;
}

const GATHER_MS = 50;
const GATHER_CHARACTERS = 16_384;
const WAITING_MAX_BYTES = 4 * 1024 * 1024;
/** So long the other thread has for a write that it may not have begun; nothing tells this thread when it is done. */
const UNDER_WAY_MS = 1_000;

export function openLogDestination(fd: number): LogDestination {
  const output = pino.destination({ fd, sync: false, maxLength: WAITING_MAX_BYTES });
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  /** What the other thread was given, and has not written as far as is known here. */
  let passed = 0;
  const settled = (): void => {
    passed = 0;
  };
  output.on('drain', settled);
  // A log that cannot be written is no reason to answer nobody any more.
  output.on('error', settled);

  function pass(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === '') return;
    passed += 1;
    output.write(gathered);
    gathered = '';
  }

  return {
    write(line) {
      gathered += line;
      pass();
    },
    gather(line) {
      gathered += line;
      if (gathered.length >= GATHER_CHARACTERS) return pass();
      timer ??= setTimeout(pass, GATHER_MS);
    },
    flush() {
      pass();
      // The other thread may not have begun with the first, and what is written here would overtake it.
      if (passed > 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNDER_WAY_MS);
      output.flushSync();
    },
  };
}
