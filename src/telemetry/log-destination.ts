// Where the log goes: to standard error. What comes with every admission is gathered for a moment, as a write for each line took a
// busy replica a tenth of its time; all else is written at once. The surprising rule: whoever does not read the log must
// hold up no admission. So another thread writes, and what waits beyond a bound is dropped.
import { type DestinationStream, pino } from 'pino';

export interface LogDestination extends DestinationStream {
  /** Writes it soon, together with others. */
  gather(line: string): void;
  /** Writes what is gathered; for the end of the program. */
  flush(): void;
}

const GATHER_MS = 50;
const GATHER_CHARACTERS = 16_384;
const WAITING_MAX_BYTES = 4 * 1024 * 1024;
/** So long the other thread has for a write; where nobody reads it would take for ever. */
const UNDER_WAY_MS = 200;

export function openLogDestination(fd: number): LogDestination {
  const output = pino.destination({ fd, sync: false, maxLength: WAITING_MAX_BYTES });
  // A log that cannot be written is no reason to answer nobody any more.
  output.on('error', () => undefined);
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  let isUnderWay = false;
  output.on('drain', () => {
    isUnderWay = false;
  });

  function pass(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === '') return;
    isUnderWay = true;
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
      // What is written here would overtake what the other thread has begun with.
      if (isUnderWay) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNDER_WAY_MS);
      pass();
      output.flushSync();
    },
  };
}
