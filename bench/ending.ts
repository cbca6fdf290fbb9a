// Ends everything that was started, the last first: at the end, after a failure, and when somebody presses Ctrl-C. Nothing is ever
// ended by its name.

type End = () => Promise<unknown> | unknown;

export interface Ending {
  add(end: End): void;
  /** Does it once; who asks again waits for the same. */
  end(): Promise<void>;
}

const open = new Set<Ending>();
let watching = false;

export function createEnding(): Ending {
  const ends: End[] = [];
  let done: Promise<void> | undefined;
  const ending: Ending = {
    add: (end) => void ends.push(end),
    end: () => (done ??= endAll()),
  };

  async function endAll(): Promise<void> {
    for (const end of ends.splice(0).reverse()) {
      // One that fails keeps no other from its end.
      await Promise.resolve(end()).catch((error: unknown) => process.stderr.write(`at the end: ${error}\n`));
    }
    open.delete(ending);
  }

  open.add(ending);
  watchSignals();
  return ending;
}

/** Runs the work, and ends what it started, whatever becomes of it. */
export async function withEnding<T>(work: (ending: Ending) => Promise<T>): Promise<T> {
  const ending = createEnding();
  try {
    return await work(ending);
  } finally {
    await ending.end();
  }
}

function watchSignals(): void {
  if (watching) return;
  watching = true;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, async () => {
      for (const ending of [...open].reverse()) await ending.end();
      process.exit(code);
    });
  }
}
