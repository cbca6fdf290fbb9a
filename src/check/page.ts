// The page for people. The surprising rule: what failed comes first, with its group, because the cause must stand on the first screen;
// what is well is counted, and shown line by line only if that is asked for.
import type { Paint } from '../command-line/paint.ts';
import { wrap } from '../command-line/table.ts';
import { visible } from '../command-line/visible.ts';
import { count, type Hint, type Result, type State } from './finding.ts';

export interface PageOptions {
  readonly verbose: boolean;
  readonly columns: number;
  readonly paint: Paint;
}

const INDENT = '      ';
const SEVERITY: readonly State[] = ['fail', 'warn', 'ok'];

export const DOCUMENT = 'https://github.com/pullpass/pullpass/blob/main/docs/check.md';

export function formatPage(results: readonly Result[], options: PageOptions): string {
  const groups = [...new Set(results.map(({ group }) => group))].map((title) => ({
    title,
    all: results.filter(({ group }) => group === title),
  }));
  const shown = options.verbose ? groups : groups.filter(({ all }) => worst(all) !== 'ok').sort(byState);
  const blocks = shown.map(({ title, all }) => formatGroup(title, all, options));
  const well = options.verbose ? [] : groups.filter(({ all }) => worst(all) === 'ok');
  const lines = [
    ...blocks.flatMap((block) => [...block, '']),
    ...(well.length > 0 ? [...wellLine(well, options), ''] : []),
    ...(options.verbose ? repeated(results, options) : []),
    summary(results, options.paint),
    ...(worst(results) === 'ok' ? [] : [`see ${DOCUMENT}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function worst(results: readonly Result[]): State {
  return SEVERITY.find((state) => results.some((result) => result.state === state)) ?? 'ok';
}

function byState(a: { readonly all: readonly Result[] }, b: typeof a): number {
  return SEVERITY.indexOf(worst(a.all)) - SEVERITY.indexOf(worst(b.all));
}

function formatGroup(
  title: string,
  all: readonly Result[],
  { verbose, columns, paint }: PageOptions,
): readonly string[] {
  const lines = verbose ? all : [...all].filter(({ state }) => state !== 'ok');
  const well = all.length - lines.length;
  const head = paint.strong(title) + (well > 0 ? paint.faint(` (${well} ok)`) : '');
  return [head, ...lines.flatMap((result) => formatResult(result, { columns, paint }))];
}

type Look = Pick<PageOptions, 'columns' | 'paint'>;

function formatResult({ state, text, check, hints }: Result, { columns, paint }: Look): readonly string[] {
  const [first = '', ...more] = wrap(visible(`${text} [${check}]`), columns - INDENT.length);
  return [
    `${mark(state, paint)}  ${first}`,
    ...more.map((line) => INDENT + line),
    ...hints.flatMap((hint) => formatHint(hint, columns)),
  ];
}

function mark(state: State, paint: Paint): string {
  const word = state.padEnd(4);
  return state === 'ok' ? paint.good(word) : state === 'warn' ? paint.doubtful(word) : paint.bad(word);
}

/** Two columns further in. A command that is too long goes on in the next line, so that it can be copied as it stands. */
function formatHint(hint: Hint, columns: number): readonly string[] {
  const room = columns - INDENT.length - 4;
  if (typeof hint === 'string') return wrap(visible(hint), room).map((line) => `${INDENT}${line}`);
  const parts: string[] = [];
  for (const word of visible(hint.run).split(' ')) {
    const last = parts.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room - 2) parts[parts.length - 1] = `${last} ${word}`;
    else parts.push(word);
  }
  return parts.map((part, i) => `${INDENT}${i === 0 ? '  ' : '    '}${part}${i < parts.length - 1 ? ' \\' : ''}`);
}

function wellLine(
  groups: readonly { title: string; all: readonly Result[] }[],
  { columns, paint }: Look,
): readonly string[] {
  const text = groups.map(({ title, all }) => `${title} (${all.length})`).join(', ');
  return wrap(text, columns - INDENT.length).map((line, i) => `${i === 0 ? mark('ok', paint) : '    '}  ${line}`);
}

/** At the end of a long page, where the reader is. */
function repeated(results: readonly Result[], look: Look): readonly string[] {
  const failed = results.filter(({ state }) => state === 'fail');
  const head = look.paint.strong('What failed');
  return failed.length === 0
    ? []
    : [head, ...failed.flatMap((result) => formatResult({ ...result, hints: [] }, look)), ''];
}

function summary(results: readonly Result[], paint: Paint): string {
  const number = (state: State): number => results.filter((result) => result.state === state).length;
  const text = `${number('ok')} ok, ${count(number('warn'), 'warning')}, ${number('fail')} failed`;
  return number('fail') > 0 ? paint.bad(text) : number('warn') > 0 ? paint.doubtful(text) : paint.good(text);
}

export function formatJson(results: readonly Result[]): string {
  const all = results.map(({ group, check, state, text, hints }) => {
    const hint = hints.map((one) => (typeof one === 'string' ? one : one.run)).join('\n');
    return {
      group,
      check,
      state,
      text,
      ...(hint !== '' && { hint }),
      docs: `${DOCUMENT}#${group.toLowerCase().replaceAll(' ', '-')}`,
    };
  });
  return `${JSON.stringify(all, null, 2)}\n`;
}
