// Looks again and again, one turn at a time: at each nudge, and now and then by itself. The pauses are short against what is
// waited for, and each turn asks the clock on the wall: a timer that was set for days would sleep as long as the machine did.

export interface TurnsOptions {
  readonly turn: () => Promise<void>;
  /** Milliseconds until the next turn if nobody nudges. */
  readonly everyMs: () => number;
  readonly later: (ms: number, callback: () => void) => () => void;
  readonly onFault: (error: unknown) => void;
}

export interface Turns {
  /** A turn now, or one more after the one that is under way. */
  nudge(): void;
  /** Resolves when no turn is under way any more. */
  stop(): Promise<void>;
}

export function takeTurns({ turn, everyMs, later, onFault }: TurnsOptions): Turns {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let callOff: () => void = () => undefined;

  async function run(): Promise<void> {
    do {
      again = false;
      await turn().catch(onFault);
    } while (again && !stopped);
    running = undefined;
    if (!stopped) callOff = later(everyMs(), nudge);
  }

  function nudge(): void {
    if (stopped) return;
    again = true;
    callOff();
    running ??= run();
  }

  return {
    nudge,
    async stop() {
      stopped = true;
      callOff();
      await running;
    },
  };
}
