// The process as a command sees it. `main.ts` alone makes one out of the real process; a test makes one out of texts.

export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The result. Resolves when more may come. */
  out(text: string | Uint8Array): Promise<void>;
  /** For people: one line, or several. */
  say(line: string): void;
  /** Whether standard output may be coloured. */
  readonly colours: boolean;
  /** Of standard output. */
  readonly columns: number;
  /** Whether somebody watches standard error: only then is progress shown. */
  readonly watched: boolean;
  /** Calls back at each SIGTERM and SIGINT, which then end nothing by themselves. */
  onSignal(listener: () => void): void;
  /** The last that is done; nothing is waited for any more. */
  onExit(listener: () => void): void;
  exit(code: number): never;
  /** Absent where the runtime does not offer it. */
  readonly collectGarbage?: () => void;
}

/** Done; failed, or something was found that should not be; wrong usage, or a configuration that is refused. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;
