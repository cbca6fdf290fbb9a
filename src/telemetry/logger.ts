// The logger. A log line is a fixed message plus fields; it must never hold a login or a whole object.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The last net: fields that could hold a login are removed even if somebody logs them by mistake. */
const REDACTED = ['password', 'auth', 'username', 'data', 'stringData', 'token', 'authorization', 'login', 'logins'];

export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  const paths = REDACTED.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const timestamp = (): string => `,"time":"${new Date().toISOString()}"`;
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, timestamp, formatters, redact: { paths, remove: true } }, destination);
}

/** Where, not what: a message may quote what it stumbled over. */
export function stackOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return [error instanceof Error ? error.name : 'unknown', ...lines.filter((line) => /^\s+at /.test(line)).slice(0, 8)];
}
