// Chooses the command and makes the process fit for it. It alone owns arguments, environment, streams, signals and exit codes.
// stdout is only for results; everything said goes to stderr.
import { helpOf, wantsHelp } from './command-line/command.ts';
import { wantsColours } from './command-line/paint.ts';
import { Refusal } from './command-line/refusal.ts';
import { EXIT, type Runtime } from './command-line/runtime.ts';
import { findCommand, help } from './commands/commands.ts';

const { stdout, stderr, stdin, env } = process;

const runtime: Runtime = {
  env,
  stdin,
  out: (text) => new Promise((resolve) => void stdout.write(text, () => resolve())),
  say: (line) => void stderr.write(`${line}\n`),
  colours: wantsColours(stdout.isTTY === true, env),
  columns: stdout.columns ?? 80,
  watched: stderr.isTTY === true,
  onSignal(listener) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, listener);
  },
  // Before what libraries do at the end: pino would write first what came last.
  onExit: (listener) => void process.prependListener('exit', listener),
  exit: (code) => process.exit(code),
  ...(globalThis.gc === undefined ? {} : { collectGarbage }),
};

/** Offered by the runtime with --expose-gc. The last resort also gives back what the runtime keeps in stock. */
function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return runtime.out(help());
  const { spec, run } = await findCommand(name).load();
  if (wantsHelp(args)) return runtime.out(helpOf(spec));
  const code = await run(runtime, args);
  if (typeof code === 'number') process.exitCode = code;
}

// Whoever reads the result may have seen enough.
stdout.on('error', () => process.exit(EXIT.failed));
main(process.argv.slice(2)).catch((error: unknown) => {
  const isRefusal = error instanceof Refusal;
  const message = error instanceof Error ? error.message : 'failed';
  stderr.write(isRefusal ? `${message}\n` : `pullpass: ${message}\n`);
  process.exit(isRefusal ? EXIT.usage : EXIT.failed);
});
