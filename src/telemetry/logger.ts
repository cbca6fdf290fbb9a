// The logger. A log line is a fixed message plus fields; it must never hold a login or a whole object.
import { type DestinationStream, type Logger, pino, symbols } from 'pino';
import type { LogDestination } from './log-destination.ts';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The last net: fields that could hold a login are removed even if somebody logs them by mistake. */
const REDACTED = ['password', 'auth', 'username', 'data', 'stringData', 'token', 'authorization', 'login', 'logins'];

export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  const paths = REDACTED.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, timestamp, formatters, redact: { paths, remove: true } }, destination);
}

type Destination = DestinationStream & Partial<LogDestination>;

/**
 * Writes lines as the logger would, of fields that are JSON already, without the braces around them. For what is said with every
 * admission: the logger's way of looking for what must not be said takes longer than the decision.
 */
export function writeLine(log: Logger, level: LogLevel, fields: string, message: string): void {
  if (!log.isLevelEnabled(level)) return;
  const { [symbols.streamSym]: destination } = log as unknown as { readonly [symbols.streamSym]: Destination };
  const line = `{"level":"${level}"${timestamp()},${fields},"msg":"${message}"}\n`;
  if (destination.gather) destination.gather(line);
  else destination.write(line);
}

/** Dates are slow to write, and all of a second begin the same. */
let second = { at: -1, text: '' };

function timestamp(): string {
  const now = Date.now();
  const at = now - (now % 1_000);
  if (at !== second.at) second = { at, text: new Date(at).toISOString().slice(0, -4) };
  return `,"time":"${second.text}${String(now % 1_000).padStart(3, '0')}Z"`;
}

/** Where, not what: a message may quote what it stumbled over. */
export function stackOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return [error instanceof Error ? error.name : 'unknown', ...lines.filter((line) => /^\s+at /.test(line)).slice(0, 8)];
}
