// What a check finds, as a value. The surprising rule: a check that could not be made is a warning that says which right is missing,
// never "ok" (nobody looked) and never "fail" (nothing is known to be wrong).
import type { Asked } from './facts.ts';
import type { Unread } from './ports.ts';
import { canI, describeActs } from './rights.ts';

export type State = 'ok' | 'warn' | 'fail';

/** Words, or a command to run, which is shown as it is and never broken in the middle of a word. */
export type Hint = string | { readonly run: string };

export interface Finding {
  readonly state: State;
  /** One sentence, lower case, without a full stop. */
  readonly text: string;
  readonly hints: readonly Hint[];
}

/** A finding with its place on the page. */
export interface Result extends Finding {
  readonly group: string;
  readonly check: string;
}

export interface Check<F> {
  /** Stable: pipelines go by it. */
  readonly name: string;
  /** What it means that this is well, for the document: one sentence. */
  readonly about: string;
  /** @param before what the checks before it found @returns nothing where there is nothing to look at */
  judge(facts: F, before: readonly Result[]): Finding | readonly Finding[];
}

export interface Group<F> {
  readonly title: string;
  readonly checks: readonly Check<F>[];
}

export function ok(text: string): Finding {
  return { state: 'ok', text, hints: [] };
}

export function warn(text: string, ...hints: readonly Hint[]): Finding {
  return { state: 'warn', text, hints };
}

export function fail(text: string, ...hints: readonly Hint[]): Finding {
  return { state: 'fail', text, hints };
}

/** @param what begins with "whether", "which" or the like */
export function cannotTell(what: string, reading: Unread): Finding {
  if ('unavailable' in reading) return warn(`cannot tell ${what}: ${reading.unavailable}`);
  const { forbidden } = reading;
  return warn(`cannot tell ${what}: you may not ${describeActs([forbidden])}`, {
    run: `kubectl auth can-i ${canI(forbidden)}`,
  });
}

/** Puts right what somebody changed. The objects are mostly named after the release. */
export function applyAgain({ namespace, webhookConfiguration }: Asked): Hint {
  return { run: `helm upgrade ${webhookConfiguration} charts/pullpass -n ${namespace} --reuse-values` };
}

/** A few of many, for a sentence. */
export function some(names: readonly string[], most = 4): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

export function judgeAll<F>(groups: readonly Group<F>[], facts: F): readonly Result[] {
  const results: Result[] = [];
  for (const { title, checks } of groups) {
    for (const { name, judge } of checks) {
      const found = judge(facts, results);
      for (const finding of Array.isArray(found) ? (found as readonly Finding[]) : [found as Finding]) {
        results.push({ group: title, check: name, ...finding });
      }
    }
  }
  return results;
}
