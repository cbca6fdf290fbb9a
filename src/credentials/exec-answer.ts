// What a program answered about one registry host, whatever protocol it speaks: logins by the pattern that each is for, and how
// long they hold; and what that means for the patterns it was asked for.
import type { Login } from '../core/credential.ts';
import type { Pattern } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';
import { coveringEntry, missingEntryProblem } from './entry-scope.ts';
import type { KeptLogin } from './kept.ts';
import type { ProgramFailure } from './program.ts';
import type { SourceReading } from './source.ts';

export type ExecFailure = ProgramFailure | 'unreadable' | 'expired' | 'no-login';

export type ExecAnswer =
  | {
      readonly ok: true;
      readonly entries: readonly { readonly pattern: Pattern; readonly login: Login }[];
      /** Milliseconds that the answer holds; undefined: it does not say. */
      readonly holdsMs: number | undefined;
      /** What was passed over in it. */
      readonly problems: readonly string[];
    }
  | { readonly ok: false; readonly failure: ExecFailure; readonly problem: string };

/** Asks one program about one host; never rejects. */
export type AskProgram = (patterns: readonly Pattern[], signal: AbortSignal) => Promise<ExecAnswer>;

export function failed(failure: ExecFailure, problem: string): ExecAnswer {
  return { ok: false, failure, problem };
}

/** @param by when it was given, and what the program was asked with */
export function readingOf(
  answer: Extract<ExecAnswer, { ok: true }>,
  patterns: readonly Pattern[],
  by: Required<Pick<KeptLogin, 'obtained' | 'asked'>>,
): SourceReading {
  const logins = new Map<string, KeptLogin>();
  const missing = new Map<string, string>();
  for (const pattern of patterns) {
    const entry = coveringEntry(answer.entries, pattern);
    if (entry === undefined) missing.set(pattern.text, missingEntryProblem(pattern, answer.entries));
    else {
      const expires = answer.holdsMs === undefined ? {} : { expires: by.obtained + answer.holdsMs };
      logins.set(pattern.text, { ...entry.login, ...by, ...expires, key: keyOf(entry.pattern, pattern) });
    }
  }
  return { logins, missing, problems: answer.problems };
}

/** Whatever hosts the key of an answer takes in, its login goes to none but the one that was asked about. */
function keyOf(key: Pattern, asked: Pattern): string {
  return [authorityOf(asked), ...key.path].join('/');
}
