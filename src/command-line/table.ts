// Tables that fit the width: columns are as wide as they need to be, and where that is too much the widest are broken into
// lines, never cut, because what a cut takes away is always what somebody looks for. Cells hold no colours: a colour has no width.

import { visible } from './visible.ts';

const GAP = '  ';
/** No column becomes narrower, so that very narrow terminals get lines that are too long rather than single letters. */
const NARROWEST = 8;

/** @param columns how wide it may be @returns lines with an end each, without blanks at their ends */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const all = [header, ...rows].map((row) => row.map(visible));
  const widths = fit(
    header.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))),
    columns - GAP.length * (header.length - 1),
  );
  const lines = all.flatMap((row) => {
    const cells = widths.map((width, i) => wrap(row[i] ?? '', width));
    const height = Math.max(...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((cell, i) => (cell[line] ?? '').padEnd(widths[i] ?? 0))
        .join(GAP)
        .trimEnd(),
    );
  });
  return `${lines.join('\n')}\n`;
}

function fit(natural: readonly number[], room: number): readonly number[] {
  const widths = [...natural];
  for (let sum = widths.reduce((a, b) => a + b, 0); sum > room; sum -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= NARROWEST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** At blanks, else behind commas and slashes, else wherever it must be. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (let rest = text; ; ) {
    if (rest.length <= width) return [...lines, rest];
    const window = rest.slice(0, width + 1);
    const blank = window.lastIndexOf(' ');
    const end = blank > 0 ? blank : window.slice(0, width).search(/[,/][^,/]*$/) + 1 || width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
}
