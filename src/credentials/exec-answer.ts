// What a program answered about one registry host, whatever protocol it speaks: logins by the pattern that each is for, and how
// long they hold.
import type { Login } from '../core/credential.ts';
import type { Pattern } from '../core/pattern.ts';
import type { ProgramFailure } from './program.ts';

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
