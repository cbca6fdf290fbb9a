// Tables in Markdown, and figures as they stand in them.

export type Row = readonly string[];

/** The first column is text, the others are figures. */
export function table(head: Row, rows: readonly Row[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Three digits that count, or all before the point: 0.0413, 4.13, 41.3, 4,130. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const magnitude = Math.abs(value);
  const digits = magnitude >= 100 || magnitude === 0 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(value < 0.2 ? 3 : 2) : '–';
}

export interface Bar {
  readonly text: string;
  readonly value: number;
  readonly atMost: number;
  readonly unit?: string;
}

/** What was promised, what was found, and whether the one is within the other. */
export function bars(all: readonly Bar[]): string {
  const rows = all.map(({ text, value, atMost, unit = '' }) => {
    const show = (figures: number): string => `${figure(figures)}${unit}`;
    return [text, show(value), `≤ ${show(atMost)}`, value <= atMost ? 'yes' : 'no'];
  });
  return table(['bar', 'found', 'wanted', 'reached'], rows);
}
