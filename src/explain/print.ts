// The answer for people, in lines of 80 columns, and for programs. The cause is marked by `>` as well as by colour; the verdict
// stands last, where the prompt comes back.

import type { Paint } from '../command-line/paint.ts';
import { visible } from '../command-line/visible.ts';
import type { Explanation } from './explain.ts';
import type { Finding } from './finding.ts';

const WIDTH_MAX = 100;
const INDENT = '                     ';
/** Lines of one finding; what it goes on to say is in `-o json`. */
const LINES_MAX = 3;

export function printText(explanation: Explanation, columns: number, paint: Paint): string {
  const { object, namespace, findings, cause, verdict, reason, fix, is } = explanation;
  const width = Math.min(WIDTH_MAX, Math.max(columns, 60));
  const lines = findings.flatMap((finding) => findingLines(finding, finding === cause, width, paint));
  const tell = is === 'fine' ? paint.good : is === 'wrong' ? paint.bad : paint.doubtful;
  const sentence = wrap(visible(`${startOf(verdict, object)} (${reason}).`), width);
  return [
    `${paint.strong(visible(object))} in namespace ${visible(namespace)}`,
    '',
    ...lines,
    '',
    ...sentence.map(tell),
    ...(fix.length > 0 ? ['', is === 'fine' ? 'If it is private all the same:' : 'Fix:', ...fixLines(fix)] : []),
    '',
  ].join('\n');
}

function findingLines(finding: Finding, isCause: boolean, width: number, paint: Paint): readonly string[] {
  const { state, about } = finding;
  const tell = { ok: paint.good, warn: paint.doubtful, fail: paint.bad, '-': paint.faint }[state];
  const all = wrap(visible(withReason(finding, isCause)), width - INDENT.length);
  const [first = '', ...more] =
    all.length <= LINES_MAX ? all : [...all.slice(0, LINES_MAX - 1), `${all[LINES_MAX - 1]?.slice(0, -1)}…`];
  const head = `${isCause ? paint.bad('>') : ' '} ${tell(state.padEnd(4))}  ${about.padEnd(11)}  ${isCause ? paint.strong(first) : first}`;
  return [head, ...more.map((text) => `${INDENT}${text}`)];
}

/** That of the cause stands in the verdict. */
function withReason({ text, reason }: Finding, isCause: boolean): string {
  return reason === undefined || isCause || text.includes(reason) ? text : `${text} (${reason})`;
}

/** Names and images stay as they are. */
function startOf(verdict: string, object: string): string {
  return verdict.startsWith(object) || !/^[a-z]+ /.test(verdict)
    ? verdict
    : `${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}`;
}

/** At blanks alone: what is broken elsewhere cannot be copied. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** To be copied as it stands: each step runs if the one before it was done. */
function fixLines(steps: readonly string[]): readonly string[] {
  return steps.map((step, i) => `  ${i > 0 ? '  ' : ''}${visible(step)}${i < steps.length - 1 ? ' && \\' : ''}`);
}

export function toJson({ object, namespace, is, reason, verdict, fix, findings, cause }: Explanation): object {
  return {
    ...{ object, namespace, result: is, reason, verdict },
    ...(fix.length > 0 && { [is === 'fine' ? 'ifPrivate' : 'fix']: fix.join(' && ') }),
    findings: findings.map((finding) => {
      const { state, about, text, reason: why } = finding;
      return { state, about, text, ...(why && { reason: why }), ...(finding === cause && { cause: true }) };
    }),
  };
}
